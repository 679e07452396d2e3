using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.AiModels;
using Platform.Api.Data;
using Platform.Api.Studies;

namespace Platform.Api.Runs;

/// <summary>Urgency lane: <c>Stat</c> goes before <c>Routine</c>.</summary>
internal enum Lane
{
    Stat,
    Routine,
}

/// <summary>States of a run.</summary>
internal enum RunStatus
{
    Queued,
    Dispatched,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    Quarantined,
}

/// <summary>One model version on one study version. The row is the truth; messages are doorbells.</summary>
internal sealed class Run : ITenantOwned
{
    public Guid TenantId { get; init; }

    public Guid Id { get; init; }

    public Guid StudyId { get; init; }

    public int StudyVersion { get; init; }

    public Guid ModelId { get; init; }

    public required string ModelHash { get; init; }

    public required string ParametersHash { get; init; }

    /// <summary>JSON object of named parameters.</summary>
    public required string Parameters { get; init; }

    public Lane Lane { get; init; }

    public DateTimeOffset Deadline { get; init; }

    public RunStatus Status { get; private set; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? DispatchedAt { get; private set; }

    public DateTimeOffset? StartedAt { get; private set; }

    public DateTimeOffset? FinishedAt { get; private set; }

    /// <summary>How often a worker's child process died or hung on it; three quarantine it.</summary>
    public int Crashes { get; private set; }

    public Guid? WinningAttemptId { get; private set; }

    public string? ResultHash { get; private set; }

    public string? ReasonCode { get; private set; }

    public string? Reason { get; private set; }

    public string? ManifestBlob { get; private set; }
}

internal sealed class RunMapping : IEntityTypeConfiguration<Run>
{
    public void Configure(EntityTypeBuilder<Run> builder)
    {
        builder.ToTable("runs");
        builder.HasIndex(r => new { r.TenantId, r.StudyId, r.StudyVersion, r.ModelHash, r.ParametersHash }).IsUnique();
        builder.HasIndex(r => new { r.TenantId, r.Status, r.Lane, r.Deadline });
        builder.HasOne<Study>().WithMany().HasForeignKey(r => new { r.TenantId, r.StudyId }).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<AiModel>().WithMany().HasForeignKey(r => new { r.TenantId, r.ModelId }).OnDelete(DeleteBehavior.Restrict);
    }
}
