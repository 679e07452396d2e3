using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.Data;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>One delivery of a run to one worker, under the id that the worker gave it.</summary>
internal sealed class Attempt : ITenantOwned
{
    /// <summary>Reason of an attempt that the broker gave up delivering.</summary>
    public const string DeadLetter = "dead-letter";

    private Attempt()
    {
    }

    public Guid TenantId { get; private init; }
    public Guid Id { get; private init; }
    public Guid RunId { get; private init; }
    public Guid WorkerId { get; private set; }
    public string? WorkerName { get; private set; }
    public DateTimeOffset? StartedAt { get; private set; }
    public DateTimeOffset? FinishedAt { get; private set; }
    public AttemptOutcome? Outcome { get; private set; }
    public string? ReasonCode { get; private set; }
    public string? Reason { get; private set; }

    /// <summary>Execution provider and device class; null while the worker has not said.</summary>
    public string? Device { get; private set; }

    /// <summary>Wall seconds of computing times the devices that it held; null while unknown.</summary>
    public double? ComputeSeconds { get; private set; }

    /// <summary>JSON of <see cref="Contracts.PhaseSeconds"/>; null unless it made a result.</summary>
    public string? PhaseSeconds { get; private set; }

    public static Attempt Started(RunStarted message) => new()
    {
        TenantId = message.TenantId,
        Id = message.AttemptId,
        RunId = message.RunId,
        WorkerId = message.WorkerId,
        WorkerName = message.WorkerName,
        StartedAt = message.StartedAt,
    };

    /// <summary>An attempt whose end arrives before its start.</summary>
    public static Attempt Unannounced(RunFinished message) => new()
    {
        TenantId = message.TenantId,
        Id = message.AttemptId,
        RunId = message.RunId,
        WorkerId = message.WorkerId,
    };

    /// <summary>A delivery that no worker ever claimed.</summary>
    public static Attempt Unclaimed(Run run, DateTimeOffset now) => new()
    {
        TenantId = run.TenantId,
        Id = Guid.CreateVersion7(now),
        RunId = run.Id,
    };

    /// <summary>The start arrives after the end: only the facts about the start are new.</summary>
    public void StartedLate(RunStarted message)
    {
        WorkerName = message.WorkerName;
        StartedAt = message.StartedAt;
    }

    /// <summary>What it cost.</summary>
    public void Spent(string? device, double computeSeconds, PhaseSeconds? phases)
    {
        Device = device;
        ComputeSeconds = computeSeconds;
        PhaseSeconds = phases is null ? null : JsonSerializer.Serialize(phases, PlatformJson.Options);
    }

    public bool TryFinish(AttemptOutcome outcome, string? reasonCode, string? reason, DateTimeOffset finishedAt)
    {
        // A lost attempt may turn up again: what it says then is the truth.
        if (Outcome is not (null or AttemptOutcome.Lost))
        {
            return false;
        }

        Outcome = outcome;
        ReasonCode = reasonCode;
        Reason = reason;
        FinishedAt = finishedAt;
        return true;
    }
}

internal enum AttemptOutcome
{
    Succeeded,
    Failed,
    Crashed,
    Cancelled,

    /// <summary>Its worker is gone.</summary>
    Lost,

    /// <summary>Another attempt's result was committed first.</summary>
    Late,

    /// <summary>Its result did not pass verification.</summary>
    Invalid,
}

internal sealed class AttemptMapping : IEntityTypeConfiguration<Attempt>
{
    public void Configure(EntityTypeBuilder<Attempt> builder)
    {
        builder.ToTable("attempts");
        builder.HasIndex(a => new { a.TenantId, a.RunId });
        builder.HasIndex(a => new { a.TenantId, a.FinishedAt });
        builder.HasIndex(a => new { a.TenantId, a.FinishedAt }, "ix_attempts_dead_letters").HasFilter($"reason_code = '{Attempt.DeadLetter}'");
        builder.HasOne<Run>().WithMany().HasForeignKey(a => new { a.TenantId, a.RunId }).OnDelete(DeleteBehavior.Cascade);
    }
}
