using System.Security.Cryptography;
using Platform.Hosting.Blobs;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Hosting;

/// <summary>The same promises on both stores: files, and Azure's protocol.</summary>
public class BlobStoreTests(TestServices services)
{
    public static TheoryData<BlobProvider> Providers => [BlobProvider.File, BlobProvider.Azure];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task What_was_committed_is_read_back_whole_and_in_parts(BlobProvider provider)
    {
        var store = await StoreAsync(provider);
        var bytes = RandomNumberGenerator.GetBytes((9 << 20) + 17); // more than two Azure blocks
        await WriteAsync(store, "t1/instances/ab/abcd", bytes);

        Assert.Equal<byte[]>(bytes, await ReadAsync(store, "t1/instances/ab/abcd", 0, null));
        Assert.Equal<byte[]>(bytes[4_000_000..4_400_000], await ReadAsync(store, "t1/instances/ab/abcd", 4_000_000, 400_000));
        Assert.Equal<byte[]>(bytes[^10..], await ReadAsync(store, "t1/instances/ab/abcd", bytes.Length - 10, 100));
        Assert.Equal<byte[]>([], await ReadAsync(store, "t1/instances/ab/abcd", bytes.Length + 5, 100));
        Assert.Equal(bytes.Length, await store.GetLengthAsync("t1/instances/ab/abcd", Ct));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task What_was_not_committed_is_never_seen_and_its_name_stays_free(BlobProvider provider)
    {
        var store = await StoreAsync(provider);
        await using (var writer = await store.CreateAsync("t1/a", Ct))
        {
            await writer.WriteAsync(new byte[5 << 20], Ct);
            Assert.Null(await store.OpenReadAsync("t1/a", Ct));
            Assert.Null(await store.GetLengthAsync("t1/a", Ct));
            Assert.Empty(await store.ListAsync("", Ct).ToListAsync(Ct));
        }

        Assert.Null(await store.OpenReadAsync("t1/a", Ct));
        await WriteAsync(store, "t1/a", [1, 2, 3]);
        Assert.Equal<byte[]>([1, 2, 3], await ReadAsync(store, "t1/a", 0, null));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_name_is_never_written_twice(BlobProvider provider)
    {
        var store = await StoreAsync(provider);
        await using var first = await store.CreateAsync("models/x.zip", Ct);
        await using var second = await store.CreateAsync("models/x.zip", Ct);
        await first.WriteAsync(new byte[] { 1 }, Ct);
        await second.WriteAsync(new byte[] { 2 }, Ct);
        await first.CommitAsync(Ct);

        await Assert.ThrowsAsync<BlobExistsException>(() => second.CommitAsync(Ct));
        await Assert.ThrowsAsync<BlobExistsException>(() => store.CreateAsync("models/x.zip", Ct));
        Assert.Equal<byte[]>([1], await ReadAsync(store, "models/x.zip", 0, null));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_batch_is_committed_together_listed_by_prefix_and_deleted_one_by_one(BlobProvider provider)
    {
        var store = await StoreAsync(provider);
        var writers = new List<BlobWriter>();
        for (var i = 0; i < 40; i++)
        {
            var writer = await store.CreateAsync($"t{i % 2}/instances/{i % 4}/{i:x4}", Ct);
            await writer.WriteAsync(RandomNumberGenerator.GetBytes(1000 + i), Ct);
            writers.Add(writer);
        }

        await store.CommitAllAsync(writers, Ct);
        foreach (var writer in writers)
        {
            await writer.DisposeAsync();
        }

        var listed = await store.ListAsync("t1/instances/", Ct).ToListAsync(Ct);
        Assert.Equal(20, listed.Count);
        Assert.All(listed, entry => Assert.InRange(entry.Length, 1000, 1039));
        Assert.Equal(10, (await store.ListAsync("t1/instances/1/00", Ct).ToListAsync(Ct)).Count);
        Assert.True(await store.DeleteAsync(listed[0].Name, Ct));
        Assert.False(await store.DeleteAsync(listed[0].Name, Ct));
        Assert.Equal(19, (await store.ListAsync("t1/instances/", Ct).ToListAsync(Ct)).Count);
    }

    [Theory]
    [InlineData("../a")]
    [InlineData("a/../b")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("A")]
    [InlineData(".staging/x")]
    [InlineData("a\n")]
    [InlineData("")]
    public async Task A_name_that_is_not_ours_is_refused(string name)
    {
        var store = await StoreAsync(BlobProvider.File);
        await Assert.ThrowsAsync<ArgumentException>(() => store.CreateAsync(name, Ct));
        await Assert.ThrowsAsync<ArgumentException>(() => store.OpenReadAsync(name, Ct));
    }

    [Fact]
    public async Task Only_the_owner_can_read_the_files()
    {
        var folder = TestFolder.Create("blobs");
        var store = new FileBlobStore(folder, 0, TimeProvider.System);
        await WriteAsync(store, "t1/x", [1]);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, "t1/x")));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(Path.Combine(folder, "t1")));
    }

    [Fact]
    public async Task What_a_killed_process_left_half_written_is_gone_a_day_later()
    {
        var folder = TestFolder.Create("blobs");
        var abandoned = await new FileBlobStore(folder, 0, TimeProvider.System).CreateAsync("t1/x", Ct);
        await abandoned.WriteAsync(new byte[1 << 20], Ct);

        _ = new FileBlobStore(folder, 0, TimeProvider.System);
        Assert.Single(Directory.GetFiles(Path.Combine(folder, ".staging")));
        _ = new FileBlobStore(folder, 0, new Later(TimeSpan.FromHours(25)));
        Assert.Empty(Directory.GetFiles(Path.Combine(folder, ".staging")));
    }

    [Fact]
    public async Task The_reserve_is_kept_free()
    {
        var store = new FileBlobStore(TestFolder.Create("blobs"), long.MaxValue, TimeProvider.System);
        await Assert.ThrowsAsync<BlobStoreFullException>(() => store.CreateAsync("t1/x", Ct));
        Assert.True((await store.CheckAsync(Ct)).IsFull);
    }

    private static async Task WriteAsync(BlobStore store, string name, byte[] bytes)
    {
        await using var writer = await store.CreateAsync(name, Ct);
        for (var at = 0; at < bytes.Length; at += 700_001)
        {
            await writer.WriteAsync(bytes.AsMemory(at, Math.Min(700_001, bytes.Length - at)), Ct);
        }

        await writer.CommitAsync(Ct);
    }

    private static async Task<byte[]> ReadAsync(BlobStore store, string name, long offset, long? length)
    {
        await using var stream = await store.OpenReadAsync(name, offset, length, Ct);
        using var bytes = new MemoryStream();
        await stream!.CopyToAsync(bytes, Ct);
        return bytes.ToArray();
    }

    private async Task<BlobStore> StoreAsync(BlobProvider provider)
    {
        if (provider == BlobProvider.File)
        {
            return new FileBlobStore(TestFolder.Create("blobs"), 0, TimeProvider.System);
        }

        var section = (await services.AzuriteAsync()).CreateContainer();
        return new AzureBlobStore(section["Blobs:ConnectionString"]!, section["Blobs:Container"]!);
    }

    private sealed class Later(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
