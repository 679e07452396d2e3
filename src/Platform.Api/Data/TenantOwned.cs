namespace Platform.Api.Data;

/// <summary>A row that belongs to one tenant; row-level security, the query filter and the insert stamp all hang on it.</summary>
internal interface ITenantOwned
{
    public Guid TenantId { get; }
}
