using System.Net.Http.Json;
using Platform.Api.Security;
using Platform.IntegrationTests.Hosts;
using static Platform.Api.Security.Role;

namespace Platform.IntegrationTests.Security;

/// <summary>A row for every endpoint. A new endpoint without one fails the matrix.</summary>
internal static class Attacks
{
    private const string MultipartDicom = "multipart/related; type=\"application/dicom\"";
    private const string MultipartBytes = "multipart/related; type=\"application/octet-stream\"";
    private const string DicomJson = "application/dicom+json";
    private const string NoHash = "0000000000000000000000000000000000000000000000000000000000000000";

    private static readonly Role[] Readers = [TenantAdministrator, Uploader, Specialist, Viewer, Gateway];
    private static readonly Role[] Storers = [TenantAdministrator, Uploader, Gateway];
    private static readonly Role[] Starters = [TenantAdministrator, Uploader, Specialist];

    public static IReadOnlyList<Attack> All { get; } =
    [
        Attack.On("GET /health/live", Audience.Anybody),
        Attack.On("GET /health/ready", Audience.Anybody),
        Attack.On("GET /", Audience.Anybody),
        Attack.On("HEAD /", Audience.Anybody),
        Attack.On("GET /portal/{**path}", Audience.Anybody),
        Attack.On("HEAD /portal/{**path}", Audience.Anybody),
        Attack.On("GET /openapi/{documentName}.json", Audience.Anybody),
        Attack.On("POST /connect/token", Audience.Anybody),
        Attack.On("POST /session", Audience.Anybody),
        Attack.On("DELETE /session", Audience.Anybody),
        Attack.On("GET /session", Audience.SignedIn),
        Attack.On("POST /tenants", Audience.Operator) with { Body = _ => JsonContent.Create(new { }) },

        Attack.OnMember("GET /t/{tenant}", "", Enum.GetValues<Role>()),
        Attack.OnMember("GET /t/{tenant}/people", "/people", TenantAdministrator),
        Attack.OnMember("POST /t/{tenant}/people", "/people", TenantAdministrator) with { Body = _ => NewPerson() },
        Attack.OnMember("GET /t/{tenant}/audit", "/audit", TenantAdministrator, Auditor),
        Attack.OnMember("GET /t/{tenant}/events", "/events", Readers),

        Attack.OnMember("POST /t/{tenant}/dicomweb/studies", "/dicomweb/studies", Storers)
            with { Body = _ => SampleStudy.Create(1).ToMultipart(), Accept = DicomJson },
        // It makes the study where it is not there; that another tenant has one of the same UID must change nothing.
        new Attack("POST /t/{tenant}/dicomweb/studies/{study}", Audience.Member, Storers, t => $"/dicomweb/studies/{t.Study}", TakesIds: false)
            { Body = _ => SampleStudy.Create(1).ToMultipart(), Accept = DicomJson },
        Attack.OnMember("GET /t/{tenant}/dicomweb/studies", "/dicomweb/studies", Readers) with { Accept = DicomJson },
        Attack.OnMember("GET /t/{tenant}/dicomweb/series", "/dicomweb/series", Readers) with { Accept = DicomJson },
        Attack.OnMember("GET /t/{tenant}/dicomweb/instances", "/dicomweb/instances", Readers) with { Accept = DicomJson },
        Search("studies/{study}/series", t => $"studies/{t.Study}/series"),
        Search("studies/{study}/instances", t => $"studies/{t.Study}/instances"),
        Search("studies/{study}/series/{series}/instances", t => $"studies/{t.Study}/series/{t.Series}/instances"),
        .. Retrieve("studies/{study}", t => $"studies/{t.Study}"),
        .. Retrieve("studies/{study}/series/{series}", t => $"studies/{t.Study}/series/{t.Series}"),
        .. Retrieve(
            "studies/{study}/series/{series}/instances/{instance}", t => $"studies/{t.Study}/series/{t.Series}/instances/{t.Instance}"),
        Bulk("frames/{list}", "frames/1"),
        Bulk("bulkdata/{tag}", "bulkdata/7FE00010"),

        Attack.OnMember("GET /t/{tenant}/studies", "/studies", Readers),
        Attack.OnThing("GET /t/{tenant}/studies/{uid}", t => $"/studies/{t.Study}", Readers),
        Attack.OnThing("POST /t/{tenant}/studies/{uid}/complete", t => $"/studies/{t.Study}/complete", Storers),
        Attack.OnThing("POST /t/{tenant}/studies/{uid}/release-pixels", t => $"/studies/{t.Study}/release-pixels", TenantAdministrator)
            with { Body = _ => JsonContent.Create(new { images = 0 }) },
        Preview("", ""),
        Preview("/strip", "/strip"),
        Preview("/images/{index}", "/images/0"),

        Attack.OnMember("GET /t/{tenant}/runs", "/runs", Readers),
        Attack.OnMember("POST /t/{tenant}/runs", "/runs", Starters)
            with { Body = t => JsonContent.Create(new { studyUid = t.Study, model = "threshold" }), TakesIdsInBody = true },
        Attack.OnThing("GET /t/{tenant}/runs/{id}", t => $"/runs/{t.Run}", Readers),
        Attack.OnThing("GET /t/{tenant}/runs/{id}/outlines", t => $"/runs/{t.Run}/outlines", Readers),
        Attack.OnThing("POST /t/{tenant}/runs/{id}/cancel", t => $"/runs/{t.Run}/cancel", Starters),
        Attack.OnThing("POST /t/{tenant}/runs/{id}/retry", t => $"/runs/{t.Run}/retry", Starters),
        Attack.OnMember("POST /t/{tenant}/runs/replay", "/runs/replay", TenantAdministrator)
            with { Body = t => JsonContent.Create(new { runIds = new[] { t.Run } }), TakesIdsInBody = true },
        Attack.OnMember("GET /t/{tenant}/operations", "/operations", TenantAdministrator),
        Attack.OnMember("GET /t/{tenant}/usage", "/usage", TenantAdministrator),
        Attack.OnMember("GET /t/{tenant}/rules", "/rules", TenantAdministrator, Uploader, Specialist, Viewer),
        Attack.OnMember("POST /t/{tenant}/rules", "/rules", TenantAdministrator)
            with { Body = t => RuleOf(t.Model), TakesIdsInBody = true },
        Attack.OnThing("PUT /t/{tenant}/rules/{id}", t => $"/rules/{t.Rule}", TenantAdministrator) with { Body = t => RuleOf(Guid.TryParse(t.Model, out _) ? t.Model : Targets.NoModel) },
        Attack.OnMember("POST /t/{tenant}/rules/dry-run", "/rules/dry-run", TenantAdministrator)
            with { Body = t => JsonContent.Create(new { days = 1, ruleId = t.Rule, draft = Rule(t.Model) }), TakesIdsInBody = true },
        Attack.OnThing("GET /t/{tenant}/rules/{id}/comparison", t => $"/rules/{t.Rule}/comparison", TenantAdministrator),
        Attack.On("PUT /tenants/{slug}/limits", Audience.Operator) with { Body = _ => JsonContent.Create(new { weight = 1 }) },
        Attack.On("GET /operations", Audience.Operator),
        Attack.On("GET /tenants/{slug}/troubled-runs", Audience.Operator),
        Attack.On("POST /tenants/{slug}/troubled-runs/replay", Audience.Operator) with { Body = t => JsonContent.Create(new { runIds = new[] { t.Run } }) },
        Attack.OnMember("GET /t/{tenant}/models", "/models", TenantAdministrator, Uploader, Specialist, Viewer),
        Attack.OnMember("POST /t/{tenant}/models", "/models", TenantAdministrator) with { Body = _ => JsonContent.Create(new { hash = NoHash }) },
        Attack.OnMember("GET /t/{tenant}/models/offers", "/models/offers", TenantAdministrator),
        Attack.OnThing("POST /t/{tenant}/models/{id}/activate", t => $"/models/{t.Idle}/activate", TenantAdministrator),
        Attack.OnThing("POST /t/{tenant}/models/{id}/deactivate", t => $"/models/{t.Idle}/deactivate", TenantAdministrator),
        Attack.OnThing("POST /t/{tenant}/models/{id}/rollback", t => $"/models/{t.Idle}/rollback", TenantAdministrator),
        Attack.On("GET /audit", Audience.Operator),
        Attack.On("GET /models", Audience.Operator),
        Attack.On("POST /models", Audience.Operator) with { Body = _ => new ByteArrayContent([1]) },
        Attack.On("POST /models/{hash}/approve", Audience.Operator),
        Attack.On("POST /models/{hash}/withdraw", Audience.Operator),
    ];

    /// <summary>QIDO-RS below a study.</summary>
    private static Attack Search(string pattern, Func<Targets, string> path) =>
        Attack.OnThing($"GET /t/{{tenant}}/dicomweb/{pattern}", t => "/dicomweb/" + path(t), Readers) with { Accept = DicomJson };

    /// <summary>WADO-RS of an object and of its metadata.</summary>
    private static IEnumerable<Attack> Retrieve(string pattern, Func<Targets, string> path) =>
    [
        Attack.OnThing($"GET /t/{{tenant}}/dicomweb/{pattern}", t => "/dicomweb/" + path(t), Readers) with { Accept = MultipartDicom },
        Attack.OnThing($"GET /t/{{tenant}}/dicomweb/{pattern}/metadata", t => $"/dicomweb/{path(t)}/metadata", Readers) with { Accept = DicomJson },
    ];

    private static Attack Bulk(string pattern, string path) => Attack.OnThing(
        $"GET /t/{{tenant}}/dicomweb/studies/{{study}}/series/{{series}}/instances/{{instance}}/{pattern}",
        t => $"/dicomweb/studies/{t.Study}/series/{t.Series}/instances/{t.Instance}/{path}",
        Readers) with { Accept = MultipartBytes };

    private static Attack Preview(string pattern, string path) => Attack.OnThing(
        $"GET /t/{{tenant}}/studies/{{uid}}/series/{{series}}/preview{pattern}",
        t => $"/studies/{t.Study}/series/{t.Series}/preview{path}",
        Readers);

    private static JsonContent RuleOf(string model) => JsonContent.Create(Rule(model));

    private static object Rule(string modelId) => new
    {
        name = Guid.CreateVersion7().ToString(), modelId, conditions = new { modality = "MR", bodyPartRequired = false, minSlices = 2 },
    };

    private static JsonContent NewPerson() => JsonContent.Create(new
    {
        email = $"{Guid.CreateVersion7():N}@matrix.test", displayName = "New", password = ApiHost.Password, role = nameof(Viewer),
    });
}
