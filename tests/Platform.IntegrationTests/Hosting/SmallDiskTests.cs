using Platform.Hosting.Blobs;
using Platform.IntegrationTests.Services;
using Platform.Local.Processes;
using Xunit;

namespace Platform.IntegrationTests.Hosting;

/// <summary>
/// A disk that is really full. The test runs itself again in a mount namespace of its own, where an ordinary user too may mount a
/// file system of 2 MiB.
/// </summary>
public class SmallDiskTests
{
    private const string DiskVariable = "PLATFORM_TEST_SMALL_DISK";
    private const string Test = "Platform.IntegrationTests.Hosting.SmallDiskTests.A_full_disk_is_refused_by_name_and_takes_again_when_there_is_room";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_disk_is_refused_by_name_and_takes_again_when_there_is_room()
    {
        if (Environment.GetEnvironmentVariable(DiskVariable) is { } disk)
        {
            await FillAsync(disk);
            return;
        }

        var folder = TestFolder.Create("smalldisk");
        var mount = Path.Combine(folder, "disk");
        var log = Path.Combine(folder, "run.log");
        Directory.CreateDirectory(mount);
        var command = $"mount -t tmpfs -o size=2m tmpfs '{mount}' && exec '{Environment.ProcessPath}' -method {Test}";
        await using var run = ServiceProcess.Start(
            new ServiceStart("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", command], "TERM", log)
            {
                Environment = new Dictionary<string, string> { [DiskVariable] = mount },
            });
        var code = await run.WaitForExitAsync(Ct);
        Assert.True(code == 0, await File.ReadAllTextAsync(log, Ct));
    }

    private static async Task FillAsync(string disk)
    {
        var store = new FileBlobStore(Path.Combine(disk, "blobs"), 0, TimeProvider.System);
        var kept = await CommitAsync(store, "t1/kept", 500_000);

        await Assert.ThrowsAsync<BlobStoreFullException>(() => CommitAsync(store, "t1/toobig", 4_000_000));
        Assert.Equal(["t1/kept"], (await store.ListAsync("", Ct).ToListAsync(Ct)).Select(b => b.Name));
        Assert.Empty(Directory.GetFiles(Path.Combine(disk, "blobs", ".staging")));

        // A batch of which some do not fit: refused as a whole, and the disk is as before.
        var writers = new List<BlobWriter>();
        await Assert.ThrowsAsync<BlobStoreFullException>(async () =>
        {
            for (var i = 0; i < 40; i++)
            {
                var writer = await store.CreateAsync($"t1/batch/{i}", Ct);
                writers.Add(writer);
                await writer.WriteAsync(new byte[100_000], Ct); // stays in the writer's buffer until the commit
            }

            await store.CommitAllAsync(writers, Ct);
        });
        foreach (var writer in writers)
        {
            await writer.DisposeAsync();
        }

        Assert.Single(await store.ListAsync("", Ct).ToListAsync(Ct));
        await CommitAsync(store, "t1/after", 500_000);
        await using var stream = await store.OpenReadAsync("t1/kept", Ct);
        using var bytes = new MemoryStream();
        await stream!.CopyToAsync(bytes, Ct);
        Assert.Equal(kept, bytes.ToArray());
    }

    private static async Task<byte[]> CommitAsync(FileBlobStore store, string name, int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        await using var writer = await store.CreateAsync(name, Ct);
        await writer.WriteAsync(bytes, Ct);
        await writer.CommitAsync(Ct);
        return bytes;
    }
}
