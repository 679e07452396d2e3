using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Platform.IntegrationTests.Runs;

namespace Platform.IntegrationTests.Kills;

/// <summary>A study that was sent, and which of its instances the API has acknowledged.</summary>
internal sealed class SentStudy(string uid, IReadOnlyList<byte[]> files)
{
    public string Uid => uid;

    public IReadOnlyList<byte[]> Files => files;

    /// <summary>Answered 200 by the API.</summary>
    public ConcurrentBag<int> Acknowledged { get; } = [];

    public bool IsComplete { get; set; }
}

/// <summary>
/// A gateway on a bad day: sends studies in two requests each and repeats every request until it is answered for. What was not
/// answered may or may not be stored; what was answered must be there.
/// </summary>
internal sealed class KillSender : IDisposable
{
    public const int Slices = 6;
    private const int AtOnce = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly KillSystem system;
    private readonly HttpClient http;
    private readonly SemaphoreSlim room = new(AtOnce);
    private string? token;
    private int storing;
    private int unknown;

    /// <param name="address">The API to send to; null for the one that can be killed.</param>
    public KillSender(KillSystem system, Uri? address = null)
    {
        this.system = system;
        http = new HttpClient { BaseAddress = address ?? system.Address, Timeout = TimeSpan.FromSeconds(30) };
    }

    public ConcurrentBag<SentStudy> Studies { get; } = [];

    /// <summary>Requests with instances that are sent and not answered.</summary>
    public int Storing => Volatile.Read(ref storing);

    /// <summary>Requests that ended without an answer, or with one that asks to come again.</summary>
    public int Unknown => Volatile.Read(ref unknown);

    /// <summary>Sends one study, all of it and to the end; four at once.</summary>
    public async Task SendAsync(CancellationToken ct)
    {
        await room.WaitAsync(ct);
        try
        {
            await SendOneAsync(ct);
        }
        finally
        {
            room.Release();
        }
    }

    /// <summary>GET with the gateway's token.</summary>
    public async Task<byte[]> GetAsync(string path, string accept, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Path(path));
        request.Headers.Authorization = await AuthorizationAsync(ct);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var answer = await http.SendAsync(request, ct);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsByteArrayAsync(ct);
    }

    public void Dispose()
    {
        http.Dispose();
        room.Dispose();
    }

    private async Task SendOneAsync(CancellationToken ct)
    {
        var (uid, files) = TestStudy.Make(Slices);
        var study = new SentStudy(uid, files);
        Studies.Add(study);
        for (var half = 0; half < 2; half++)
        {
            var part = Enumerable.Range(half * Slices / 2, Slices / 2).ToList();
            await UntilAnsweredAsync(
                async token =>
                {
                    using var body = TestStudy.Multipart(part.Select(i => files[i]));
                    Interlocked.Increment(ref storing);
                    try
                    {
                        return await PostAsync("dicomweb/studies", body, token);
                    }
                    finally
                    {
                        Interlocked.Decrement(ref storing);
                    }
                },
                ct);
            part.ForEach(study.Acknowledged.Add);
        }

        await UntilAnsweredAsync(token => PostAsync($"studies/{uid}/complete", null, token), ct);
        study.IsComplete = true;
    }

    private async Task UntilAnsweredAsync(Func<CancellationToken, Task<HttpStatusCode>> send, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                var status = await send(ct);
                if (status == HttpStatusCode.OK)
                {
                    return;
                }

                if ((int)status < 500)
                {
                    throw new InvalidOperationException($"The API answered {(int)status} to a good request.");
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
            {
                // The connection broke: nobody knows what became of it.
            }

            Interlocked.Increment(ref unknown);
            await Task.Delay(Pause, ct);
        }
    }

    private async Task<HttpStatusCode> PostAsync(string path, HttpContent? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path(path)) { Content = body };
        request.Headers.Authorization = await AuthorizationAsync(ct);
        using var answer = await http.SendAsync(request, ct);
        return answer.StatusCode;
    }

    private async Task<AuthenticationHeaderValue> AuthorizationAsync(CancellationToken ct) =>
        new("Bearer", token ??= await system.Gateway.TokenAsync(http, ct));

    private Uri Path(string path) => new($"t/{system.Gateway.Slug}/{path}", UriKind.Relative);
}
