using System.Security.Cryptography;
using Platform.Local.Processes;

namespace Platform.Benchmarks.Archives;

/// <summary>
/// The least that a durable store can do on the same web server: SHA-256 of the body, one file, fsync, 200. It understands
/// nothing, knows nobody and keeps no rows.
/// </summary>
internal sealed class BareStore(Uri url)
{
    private readonly HttpClient http = DicomwebArchive.NewClient(null);

    public static string Name => "bare Kestrel, fsync";

    /// <summary>The server; a process of its own, as every contestant is.</summary>
    public static async Task<int> ServeAsync(string folder, string url)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        await using var app = builder.Build();
        app.Urls.Add(url);
        app.MapGet("/", () => "ready");
        app.MapPost("/", async (HttpContext http) =>
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using var file = new FileStream(
                Path.Combine(folder, RandomNumberGenerator.GetHexString(32, lowercase: true)),
                new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, Options = FileOptions.Asynchronous });
            var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(128 << 10);
            while (await http.Request.Body.ReadAsync(buffer, http.RequestAborted) is var read and > 0)
            {
                hash.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), http.RequestAborted);
            }

            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
            file.Flush(flushToDisk: true);
            return Convert.ToHexStringLower(hash.GetCurrentHash());
        });
        await app.RunAsync();
        return 0;
    }

    public static async Task<(BareStore Store, ServiceProcess Process)> StartAsync(string folder)
    {
        var url = Loopback.FreeUrl();
        Directory.CreateDirectory(folder);
        var process = ServiceProcess.Start(new ServiceStart(
            Environment.ProcessPath!, ["bare-store", folder, url.OriginalString], "TERM", Path.Combine(folder, "..", "bare.log")));
        await Loopback.AnswersAsync(url, process);
        return (new BareStore(url), process);
    }

    public Task StoreAsync(IReadOnlyList<byte[]> files, int perRequest, int concurrency) =>
        Parallel.ForEachAsync(
            files.Chunk(perRequest),
            new ParallelOptions { MaxDegreeOfParallelism = concurrency },
            async (part, ct) =>
            {
                using var content = new MultipartFiles(part);
                using var answer = await http.PostAsync(url, content, ct);
                answer.EnsureSuccessStatusCode();
                await answer.Content.ReadAsStringAsync(ct);
            });
}
