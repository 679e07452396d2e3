using Platform.Api.Security;

namespace Platform.IntegrationTests.Security;

/// <summary>Who an endpoint is for.</summary>
public enum Audience
{
    /// <summary>Anybody; says nothing of any tenant.</summary>
    Anybody,

    /// <summary>Who has signed in; answers about themselves.</summary>
    SignedIn,

    /// <summary>Platform operators.</summary>
    Operator,

    /// <summary>Members of the tenant in the URL.</summary>
    Member,
}

/// <summary>Ids of one tenant's things, as they come in paths and bodies.</summary>
internal sealed record Targets(string Study, string Series, string Instance, string Run, string Rule, string Model)
{
    /// <summary>A model that nobody has.</summary>
    public const string NoModel = "01990000-0000-7000-8000-000000000001";

    /// <summary>A model that no other attack needs.</summary>
    public string Idle { get; init; } = "";
}

/// <summary>How one endpoint of the routing table is attacked.</summary>
/// <param name="Endpoint">Method and route pattern, as the routing table has them.</param>
/// <param name="Roles">Who may; every other role must be refused.</param>
/// <param name="Path">Below <c>/t/{tenant}</c>, with the ids of somebody.</param>
/// <param name="TakesIds">The path names something of the tenant, so that the same path with another's, an absent and a malformed id must answer alike.</param>
internal sealed record Attack(string Endpoint, Audience Audience, Role[] Roles, Func<Targets, string> Path, bool TakesIds)
{
    /// <summary>A new body for each request; null sends none.</summary>
    public Func<Targets, HttpContent>? Body { get; init; }

    /// <summary>The body, not the path, names something; then what is malformed is a 400, not a 404.</summary>
    public bool TakesIdsInBody { get; init; }

    public string? Accept { get; init; }

    public HttpMethod Method => new(Endpoint.Split(' ')[0]);

    public override string ToString() => Endpoint;

    public static Attack On(string endpoint, Audience audience) => new(endpoint, audience, [], _ => "", false);

    public static Attack OnMember(string endpoint, string path, params Role[] roles) =>
        new(endpoint, Audience.Member, roles, _ => path, false);

    public static Attack OnThing(string endpoint, Func<Targets, string> path, params Role[] roles) =>
        new(endpoint, Audience.Member, roles, path, true);
}
