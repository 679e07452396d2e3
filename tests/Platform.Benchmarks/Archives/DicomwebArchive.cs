using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Platform.Benchmarks.Archives;

/// <summary>A DICOMweb server as its clients see it. Answers are read to their end, counted and dropped.</summary>
internal sealed class DicomwebArchive(string name, Uri dicomweb, string? token)
{
    private const string DicomJson = "application/dicom+json";
    private const string Dicom = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
    private const string Octets = "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*";

    // FailedSOPSequence: the server took the request and not all of its instances.
    private const string Failed = "00081198";

    private readonly HttpClient http = NewClient(token);

    public string Name => name;

    public static HttpClient NewClient(string? token)
    {
        var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { Timeout = TimeSpan.FromMinutes(5) };
        client.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>STOW-RS: all files, so many in a request, so many requests at a time.</summary>
    public Task StoreAsync(IReadOnlyList<byte[]> files, int perRequest, int concurrency) =>
        Parallel.ForEachAsync(
            files.Chunk(perRequest),
            new ParallelOptions { MaxDegreeOfParallelism = concurrency },
            async (part, ct) =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{dicomweb}/studies"));
                request.Content = new MultipartFiles(part);
                request.Headers.Accept.ParseAdd(DicomJson);
                using var answer = await http.SendAsync(request, ct);
                var text = await answer.Content.ReadAsStringAsync(ct);
                if (answer.StatusCode != HttpStatusCode.OK || JsonNode.Parse(text)![Failed]?["Value"] is not null)
                {
                    throw new InvalidOperationException($"{name} did not store everything: {(int)answer.StatusCode} {text}");
                }
            });

    public Task<long> InstanceAsync(string study, string series, string instance) =>
        GetAsync($"studies/{study}/series/{series}/instances/{instance}", Dicom);

    public Task<long> FrameAsync(string study, string series, string instance, int frame) =>
        GetAsync($"studies/{study}/series/{series}/instances/{instance}/frames/{frame}", Octets);

    public Task<long> StudyAsync(string study) => GetAsync($"studies/{study}", Dicom);

    public Task<long> JsonAsync(string path) => GetAsync(path, DicomJson);

    /// <summary>How many matches a search or how many instances a metadata request answers with; also checks that it is an answer.</summary>
    public async Task<int> CountAsync(string path)
    {
        using var request = Get(path, DicomJson);
        using var answer = await http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return answer.StatusCode == HttpStatusCode.NoContent
            ? 0
            : JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsArray().Count;
    }

    private async Task<long> GetAsync(string path, string accept)
    {
        using var request = Get(path, accept);
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            throw new InvalidOperationException(
                $"{name} answered {(int)answer.StatusCode} to {path}: {await answer.Content.ReadAsStringAsync()}");
        }

        await using var body = await answer.Content.ReadAsStreamAsync();
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(256 << 10);
        try
        {
            var bytes = 0L;
            while (await body.ReadAsync(buffer) is var read and > 0)
            {
                bytes += read;
            }

            return bytes;
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private HttpRequestMessage Get(string path, string accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{dicomweb}/{path}"));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return request;
    }
}

/// <summary>multipart/related with a part a file, written without a copy and with its length.</summary>
internal sealed class MultipartFiles : HttpContent
{
    private const string Boundary = "benchmark-4b1f7c2e9a";
    private static readonly byte[] Head = Encoding.ASCII.GetBytes($"\r\n--{Boundary}\r\nContent-Type: application/dicom\r\n\r\n");
    private static readonly byte[] End = Encoding.ASCII.GetBytes($"\r\n--{Boundary}--\r\n");

    private readonly IReadOnlyList<byte[]> files;

    public MultipartFiles(IReadOnlyList<byte[]> files)
    {
        this.files = files;
        Headers.TryAddWithoutValidation("Content-Type", $"multipart/related; type=\"application/dicom\"; boundary={Boundary}");
    }

    protected override bool TryComputeLength(out long length)
    {
        length = files.Sum(file => (long)Head.Length + file.Length) + End.Length;
        return true;
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        foreach (var file in files)
        {
            await stream.WriteAsync(Head);
            await stream.WriteAsync(file);
        }

        await stream.WriteAsync(End);
    }
}
