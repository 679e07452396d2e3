namespace Platform.Api.Audit;

/// <summary>
/// An operator's act that concerns the whole platform and so stands in no tenant's log alone: a stream of its own, of the same form, in schema
/// <c>identity</c>. What an operator does in one tenant stands in that tenant's.
/// </summary>
internal sealed class OperatorEvent
{
    public Guid Id { get; init; }

    public DateTimeOffset OccurredAt { get; init; }

    /// <summary>e.g. <c>package.approve</c>.</summary>
    public required string Action { get; init; }

    public Guid? AgentId { get; init; }

    public required string EntityKind { get; init; }

    public required string EntityId { get; init; }

    public AuditOutcome Outcome { get; init; }

    /// <summary>RFC 8785 JSON in the shape of an IHE BALP audit event.</summary>
    public required string Canonical { get; init; }

    /// <summary>SHA-256(0x00 ‖ canonical).</summary>
    public required byte[] LeafSha256 { get; init; }
}
