namespace Platform.Api.Security;

/// <summary>The tenant of the request's URL, after membership was checked; scoped to the request.</summary>
internal sealed class CurrentTenant
{
    private Guid id;

    /// <summary>Throws when the request has no tenant in its URL.</summary>
    public Guid Id => IsEntered ? id : throw new InvalidOperationException("This request has entered no tenant.");

    public string Slug { get; private set; } = "";

    public IReadOnlyList<Role> Roles { get; private set; } = [];

    public bool IsEntered { get; private set; }

    internal void Enter(Guid tenantId, string slug, IReadOnlyList<Role> roles) =>
        (id, Slug, Roles, IsEntered) = (tenantId, slug, roles, true);
}
