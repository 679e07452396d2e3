using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.AiModels;
using Platform.Api.Data;
using Platform.Api.Studies;
using Platform.Contracts;

namespace Platform.Api.Runs;

internal enum RunStatus
{
    /// <summary>Waits in the database for a free slot.</summary>
    Queued,

    /// <summary>Asked of the workers; none has claimed it yet.</summary>
    Dispatched,

    /// <summary>A worker computes it.</summary>
    Running,

    /// <summary>Has its one result.</summary>
    Succeeded,

    /// <summary>The input cannot be computed.</summary>
    Failed,

    /// <summary>A person stopped it.</summary>
    Cancelled,

    /// <summary>Crashed its worker's child three times; waits for a person.</summary>
    Quarantined,
}

internal enum Lane
{
    /// <summary>Overtakes everything not yet started.</summary>
    Stat,
    Routine,
}

/// <summary>One model version on one study version. This row is the truth; messages only ring.</summary>
internal sealed class Run : ITenantOwned
{
    public const int CrashesToQuarantine = 3;

    public static readonly TimeSpan StatTarget = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan RoutineTarget = TimeSpan.FromMinutes(30);

    private Run()
    {
    }

    public Guid TenantId { get; private init; }
    public Guid Id { get; private init; }
    public Guid StudyId { get; private init; }
    public int StudyVersion { get; private init; }
    public Guid ModelId { get; private init; }
    public string ModelHash { get; private init; } = "";

    /// <summary>SHA-256 of <see cref="Parameters"/>, which is canonical: same parameters, same hash.</summary>
    public string ParametersHash { get; private init; } = "";
    public string Parameters { get; private init; } = "{}";
    public Lane Lane { get; private init; }
    public DateTimeOffset Deadline { get; private init; }
    public RunStatus Status { get; private set; }
    public DateTimeOffset CreatedAt { get; private init; }
    public DateTimeOffset? DispatchedAt { get; private set; }
    public DateTimeOffset? StartedAt { get; private set; }
    public DateTimeOffset? FinishedAt { get; private set; }
    public int Crashes { get; private set; }
    public Guid? WinningAttemptId { get; private set; }
    public string? ResultHash { get; private set; }
    public string? ReasonCode { get; private set; }
    public string? Reason { get; private set; }
    public string? ManifestBlob { get; private set; }

    public bool IsTerminal => Status is RunStatus.Succeeded or RunStatus.Failed or RunStatus.Cancelled or RunStatus.Quarantined;

    public static Run Queue(Study study, AiModel model, IReadOnlyDictionary<string, string> parameters, Lane lane, DateTimeOffset now)
    {
        var canonical = Canonical(parameters);
        return new Run
        {
            TenantId = study.TenantId,
            Id = Guid.CreateVersion7(now),
            StudyId = study.Id,
            StudyVersion = study.Version,
            ModelId = model.Id,
            ModelHash = model.Hash,
            Parameters = canonical,
            ParametersHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))),
            Lane = lane,
            Deadline = now + (lane == Lane.Stat ? StatTarget : RoutineTarget),
            Status = RunStatus.Queued,
            CreatedAt = now,
        };
    }

    public IReadOnlyDictionary<string, string> ReadParameters() =>
        JsonSerializer.Deserialize<SortedDictionary<string, string>>(Parameters, PlatformJson.Options) ?? [];

    public bool TryDispatch(string manifestBlob, DateTimeOffset now)
    {
        if (Status != RunStatus.Queued)
        {
            return false;
        }

        Status = RunStatus.Dispatched;
        ManifestBlob = manifestBlob;
        DispatchedAt = now;
        return true;
    }

    /// <summary>A worker has claimed a delivery. A queued run may start too: its older message was still on the way.</summary>
    public bool TryStart(DateTimeOffset startedAt)
    {
        if (IsTerminal)
        {
            return false;
        }

        Status = RunStatus.Running;
        StartedAt = startedAt;
        return true;
    }

    public bool TrySucceed(Guid attemptId, string resultHash, DateTimeOffset now)
    {
        if (!TryEnd(RunStatus.Succeeded, null, null, now))
        {
            return false;
        }

        WinningAttemptId = attemptId;
        ResultHash = resultHash;
        return true;
    }

    public bool TryFail(string reasonCode, string reason, DateTimeOffset now) => TryEnd(RunStatus.Failed, reasonCode, reason, now);

    public bool TryCancel(DateTimeOffset now) => TryEnd(RunStatus.Cancelled, "cancelled", "A person stopped this run.", now);

    /// <summary>Counts a crash: back to the queue, or into quarantine with the last cause at the third.</summary>
    public bool TryCrash(string reasonCode, string reason, DateTimeOffset now) =>
        TryCountCrash(reasonCode, reason, now) && (IsTerminal || TryRequeue());

    /// <summary>Counts a crash while another attempt computes: quarantine at the third, else the other goes on.</summary>
    public bool TryCountCrash(string reasonCode, string reason, DateTimeOffset now)
    {
        if (IsTerminal)
        {
            return false;
        }

        Crashes++;
        if (Crashes >= CrashesToQuarantine)
        {
            TryEnd(RunStatus.Quarantined, reasonCode, reason, now);
        }

        return true;
    }

    /// <summary>Back to the queue: its message or its worker was lost.</summary>
    public bool TryRequeue()
    {
        if (IsTerminal)
        {
            return false;
        }

        Status = RunStatus.Queued;
        DispatchedAt = null;
        StartedAt = null;
        return true;
    }

    /// <summary>A person asks again for a run that has no result.</summary>
    public bool TryRetry()
    {
        if (Status is not (RunStatus.Failed or RunStatus.Cancelled or RunStatus.Quarantined))
        {
            return false;
        }

        Status = RunStatus.Queued;
        DispatchedAt = null;
        StartedAt = null;
        FinishedAt = null;
        ReasonCode = null;
        Reason = null;
        Crashes = 0;
        return true;
    }

    private static string Canonical(IReadOnlyDictionary<string, string> parameters) => JsonSerializer.Serialize(
        new SortedDictionary<string, string>(parameters.ToDictionary(p => p.Key, p => p.Value), StringComparer.Ordinal),
        PlatformJson.Options);

    private bool TryEnd(RunStatus end, string? reasonCode, string? reason, DateTimeOffset now)
    {
        if (IsTerminal)
        {
            return false;
        }

        Status = end;
        ReasonCode = reasonCode;
        Reason = reason;
        FinishedAt = now;
        return true;
    }
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
