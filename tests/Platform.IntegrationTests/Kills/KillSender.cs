using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Platform.IntegrationTests.Runs;

namespace Platform.IntegrationTests.Kills;

/// <summary>A study that was sent, and which of its instances the API has acknowledged.</summary>
internal sealed class SentStudy(GatewayAccess gateway, string uid, IReadOnlyList<byte[]> files)
{
    /// <summary>Of the tenant that it belongs to.</summary>
    public GatewayAccess Gateway => gateway;

    public string Uid => uid;

    public IReadOnlyList<byte[]> Files => files;

    /// <summary>Answered 200 by the API.</summary>
    public ConcurrentBag<int> Acknowledged { get; } = [];

    public bool IsComplete { get; set; }
}

/// <summary>What became of a request.</summary>
internal enum RequestOutcome
{
    /// <summary>Answered 200: it has happened, for good.</summary>
    Ok,

    /// <summary>Refused: it has not happened.</summary>
    Fail,

    /// <summary>No answer, or one that asks to come again: it may have happened or not.</summary>
    Unknown,
}

/// <summary>
/// A gateway of each tenant on a bad day: sends studies in turn, in two requests each, and repeats every request until it is answered
/// for. What was not answered may or may not be stored; what was answered must be there.
/// </summary>
internal sealed class KillSender : IDisposable
{
    public const int Slices = 6;
    private const int AtOnce = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly KillSystem system;
    private readonly HttpClient http;
    private readonly SemaphoreSlim room = new(AtOnce);
    private readonly ConcurrentDictionary<GatewayAccess, string> tokens = [];
    private readonly int[] outcomes = new int[Enum.GetValues<RequestOutcome>().Length];
    private int storing;
    private int sent;
    private int answered;

    /// <param name="address">The API to send to; null for the one that can be killed.</param>
    public KillSender(KillSystem system, Uri? address = null)
    {
        this.system = system;
        http = new HttpClient { BaseAddress = address ?? system.Address, Timeout = TimeSpan.FromSeconds(30) };
    }

    public ConcurrentBag<SentStudy> Studies { get; } = [];

    /// <summary>One answer in so many is lost on the line: what it said has happened, and the request is sent again. 0 for none.</summary>
    public int LosesOneIn { get; init; }

    /// <summary>Requests with instances that are sent and not answered.</summary>
    public int Storing => Volatile.Read(ref storing);

    /// <summary>Requests that have ended so.</summary>
    public int Count(RequestOutcome outcome) => Volatile.Read(ref outcomes[(int)outcome]);

    /// <summary>Sends one study, all of it and to the end; four at once.</summary>
    public async Task<SentStudy> SendAsync(CancellationToken ct)
    {
        await room.WaitAsync(ct);
        try
        {
            return await SendOneAsync(ct);
        }
        finally
        {
            room.Release();
        }
    }

    /// <summary>GET with the token of the gateway that sent the study.</summary>
    public async Task<byte[]> GetAsync(SentStudy study, string path, string accept, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Path(study.Gateway, path));
        request.Headers.Authorization = await AuthorizationAsync(study.Gateway, ct);
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

    private async Task<SentStudy> SendOneAsync(CancellationToken ct)
    {
        var (uid, files) = TestStudy.Make(Slices);
        var gateway = system.Gateways[Interlocked.Increment(ref sent) % system.Gateways.Count];
        var study = new SentStudy(gateway, uid, files);
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
                        return await PostAsync(gateway, "dicomweb/studies", body, token);
                    }
                    finally
                    {
                        Interlocked.Decrement(ref storing);
                    }
                },
                ct);
            part.ForEach(study.Acknowledged.Add);
        }

        await UntilAnsweredAsync(token => PostAsync(gateway, $"studies/{uid}/complete", null, token), ct);
        study.IsComplete = true;
        return study;
    }

    private async Task UntilAnsweredAsync(Func<CancellationToken, Task<HttpStatusCode>> send, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                var status = await send(ct);
                if (status == HttpStatusCode.OK && LosesOneIn > 0 && Interlocked.Increment(ref answered) % LosesOneIn == 0)
                {
                    status = HttpStatusCode.GatewayTimeout; // all that the gateway ever hears
                }

                if (status == HttpStatusCode.OK)
                {
                    Ended(RequestOutcome.Ok);
                    return;
                }

                if ((int)status < 500)
                {
                    Ended(RequestOutcome.Fail);
                    throw new InvalidOperationException($"The API answered {(int)status} to a good request.");
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
            {
                // The connection broke: nobody knows what became of it.
            }

            Ended(RequestOutcome.Unknown);
            await Task.Delay(Pause, ct);
        }
    }

    private void Ended(RequestOutcome outcome) => Interlocked.Increment(ref outcomes[(int)outcome]);

    private async Task<HttpStatusCode> PostAsync(GatewayAccess gateway, string path, HttpContent? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path(gateway, path)) { Content = body };
        request.Headers.Authorization = await AuthorizationAsync(gateway, ct);
        using var answer = await http.SendAsync(request, ct);
        return answer.StatusCode;
    }

    private async Task<AuthenticationHeaderValue> AuthorizationAsync(GatewayAccess gateway, CancellationToken ct)
    {
        if (!tokens.TryGetValue(gateway, out var token))
        {
            tokens[gateway] = token = await gateway.TokenAsync(http, ct);
        }

        return new("Bearer", token);
    }

    private static Uri Path(GatewayAccess gateway, string path) => new($"t/{gateway.Slug}/{path}", UriKind.Relative);
}
