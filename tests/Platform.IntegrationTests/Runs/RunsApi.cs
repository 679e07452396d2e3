using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Contracts;
using Platform.IntegrationTests.Hosts;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Runs;

/// <summary>The real API with the test package, and a dispatcher that is in a hurry.</summary>
internal sealed class RunsApi : ApiHost
{
    public static readonly TimeSpan BeatInterval = TimeSpan.FromMilliseconds(500);

    private RunsApi(TestServices services)
        : base(services)
    {
        Settings["AiModels:Packages:0"] = Path.Combine(Checkout.Root, "tests/Platform.IntegrationTests/Packages/threshold");
        Settings["Dispatch:BeatInterval"] = BeatInterval.ToString();
        Settings["Dispatch:Poll"] = "00:00:00.1";
        Settings["Dispatch:LostAfter"] = "00:00:03";
    }

    /// <param name="settings">In place of the shared services' or beside them.</param>
    public static async Task<RunsApi> StartAsync(TestServices services, IReadOnlyDictionary<string, string?>? settings = null)
    {
        var api = new RunsApi(services);
        foreach (var (key, value) in settings ?? new Dictionary<string, string?>())
        {
            api.Settings[key] = value;
        }

        await api.InitializeAsync();
        return api;
    }

    /// <summary>With a model that has thresholds, so that runs can differ in them.</summary>
    public static Task<RunsApi> StartWithClassesAsync(TestServices services) => StartAsync(services, new Dictionary<string, string?>
    {
        ["AiModels:Packages:0"] = Path.Combine(Checkout.Root, "tests/Platform.IntegrationTests/Packages/sides"),
    });

    /// <summary>With a second model that takes the same studies.</summary>
    public static Task<RunsApi> StartWithTwoModelsAsync(TestServices services) => StartAsync(services, new Dictionary<string, string?>
    {
        ["AiModels:Packages:1"] = Path.Combine(Checkout.Root, "tests/Platform.IntegrationTests/Packages/slow"),
    });

    public async Task<TenantClient> AsTenantAsync(string slug) =>
        new(await TenantAsync(slug), slug, await AsAdministratorAsync(slug));

    /// <summary>Reads the rows themselves, as the tenant.</summary>
    public Task<T> ReadAsync<T>(Guid tenantId, Func<PlatformDb, CancellationToken, Task<T>> read, CancellationToken ct) =>
        Services.GetRequiredService<TenantScope>().RunAsync(tenantId, read, ct);

    public async Task<int> CountWorkAsync(CancellationToken ct)
    {
        await using var system = await Services.GetRequiredService<IDbContextFactory<SystemDb>>().CreateDbContextAsync(ct);
        return await system.WorkReady.CountAsync(w => w.Kind.StartsWith("run-"), ct);
    }

    /// <summary>How often a run was given to the broker, or is to be.</summary>
    public async Task<int> CountRequestsAsync(Guid run, CancellationToken ct)
    {
        await using var system = await Services.GetRequiredService<IDbContextFactory<SystemDb>>().CreateDbContextAsync(ct);
        return await system.Outbox.CountAsync(m => m.Kind == nameof(RunRequested) && m.Body.Contains(run.ToString()), ct);
    }

    /// <summary>Run requests that no queue has taken.</summary>
    public async Task<int> CountUnsentAsync(CancellationToken ct)
    {
        await using var system = await Services.GetRequiredService<IDbContextFactory<SystemDb>>().CreateDbContextAsync(ct);
        return await system.Outbox.CountAsync(m => m.SentAt == null && m.Kind == nameof(RunRequested), ct);
    }
}

/// <summary>A tenant administrator over HTTP.</summary>
internal sealed class TenantClient(Guid tenantId, string slug, HttpClient http)
{
    public Guid TenantId => tenantId;

    /// <summary>Sends a study of one series and says that it is complete; returns its UID as sent.</summary>
    public async Task<string> SendStudyAsync(int slices, CancellationToken ct)
    {
        var (uid, files) = TestStudy.Make(slices);
        await StowAsync(files, ct);
        await CompleteAsync(uid, ct);
        return uid;
    }

    public async Task StowAsync(IEnumerable<byte[]> files, CancellationToken ct)
    {
        using var body = TestStudy.Multipart(files);
        (await http.PostAsync(Path("dicomweb/studies"), body, ct)).EnsureSuccessStatusCode();
    }

    public async Task CompleteAsync(string studyUid, CancellationToken ct) =>
        (await http.PostAsync(Path($"studies/{studyUid}/complete"), null, ct)).EnsureSuccessStatusCode();

    /// <summary>Sends a study and returns the run that the tenant's rules made of it.</summary>
    public async Task<Guid> SendAsync(CancellationToken ct) => await RunOfAsync(await SendStudyAsync(4, ct), ct);

    public async Task<Guid> RunOfAsync(string studyUid, CancellationToken ct)
    {
        var study = await http.GetFromJsonAsync<JsonElement>(Path($"studies/{studyUid}"), ct);
        return study.GetProperty("runs").EnumerateArray().Single().GetProperty("id").GetGuid();
    }

    public async Task<JsonElement> StudyAsync(string studyUid, CancellationToken ct) =>
        await http.GetFromJsonAsync<JsonElement>(Path($"studies/{studyUid}"), ct);

    public async Task<(HttpStatusCode Status, JsonElement Body)> StartRunAsync(string studyUid, object? parameters, CancellationToken ct, string lane = "Routine", string model = "threshold")
    {
        using var answer = await http.PostAsJsonAsync(Path("runs"), new { studyUid, model, lane, parameters }, ct);
        return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>(ct));
    }

    public async Task<HttpStatusCode> PostAsync(Guid run, string verb, CancellationToken ct)
    {
        using var answer = await http.PostAsync(Path($"runs/{run}/{verb}"), null, ct);
        return answer.StatusCode;
    }

    public async Task<JsonElement> RunAsync(Guid run, CancellationToken ct) => await http.GetFromJsonAsync<JsonElement>(Path($"runs/{run}"), ct);

    public async Task<RunStatus> StatusAsync(Guid run, CancellationToken ct) =>
        Enum.Parse<RunStatus>((await RunAsync(run, ct)).GetProperty("status").GetString()!);

    /// <summary>Waits until the run is in the state, at most twenty seconds or the <paramref name="patience"/> that is due.</summary>
    public async Task BecomesAsync(Guid run, RunStatus status, CancellationToken ct, TimeSpan? patience = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience ?? TimeSpan.FromSeconds(20));
        var last = await StatusAsync(run, ct);
        while (last != status)
        {
            Assert.False(limit.IsCancellationRequested, $"The run is {last}, not {status}.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), ct);
            last = await StatusAsync(run, ct);
        }
    }

    /// <summary>The study's runs by model.</summary>
    public async Task<Dictionary<string, Guid>> RunsOfAsync(string studyUid, CancellationToken ct) =>
        (await StudyAsync(studyUid, ct)).GetProperty("runs").EnumerateArray()
            .ToDictionary(r => r.GetProperty("model").GetString()!, r => r.GetProperty("id").GetGuid());

    public async Task<JsonElement> GetAsync(string path, CancellationToken ct) => await http.GetFromJsonAsync<JsonElement>(Path(path), ct);

    /// <summary>Sends JSON; the body of the answer is a problem where the status says so.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(HttpMethod method, string path, object body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, Path(path)) { Content = JsonContent.Create(body) };
        using var answer = await http.SendAsync(request, ct);
        return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>(ct));
    }

    /// <summary>The rule of a model's package, as a draft to send with changes.</summary>
    public async Task<(Guid Id, Dictionary<string, object?> Draft)> RuleOfAsync(string model, CancellationToken ct)
    {
        var rule = (await GetAsync("rules", ct)).GetProperty("rules").EnumerateArray().First(r => r.GetProperty("model").GetString() == model);
        string[] members = ["name", "modelId", "lane", "deadlineMinutes", "conditions", "dependsOn", "shadowOf", "provisionalAt", "thresholds", "isActive"];
        return (rule.GetProperty("id").GetGuid(), members.ToDictionary(m => m, m => (object?)rule.GetProperty(m).Clone()));
    }

    /// <summary>Changes some members of a model's rule.</summary>
    public async Task<Guid> ChangeRuleAsync(string model, CancellationToken ct, params (string Member, object? Value)[] changes)
    {
        var (id, draft) = await RuleOfAsync(model, ct);
        foreach (var (member, value) in changes)
        {
            draft[member] = value;
        }

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Put, $"rules/{id}", draft, ct)).Status);
        return id;
    }

    private Uri Path(string path) => new($"/t/{slug}/{path}", UriKind.Relative);
}
