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
    /// <summary>Needs the result of another run first.</summary>
    Waiting,

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

    /// <summary>Name of the query filter that hides shadow runs.</summary>
    public const string ShadowFilter = "shadow";

    /// <summary>Ended because a run that it needs has no result.</summary>
    public const string InputFailed = "input-failed";

    public static readonly TimeSpan StatTarget = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan RoutineTarget = TimeSpan.FromMinutes(30);

    /// <summary>Nobody waits for a shadow: behind the tenant's own routine runs.</summary>
    public static readonly TimeSpan ShadowTarget = TimeSpan.FromDays(1);

    private Run()
    {
    }

    public Guid TenantId { get; private init; }
    public Guid Id { get; private init; }
    public Guid StudyId { get; private init; }
    public int StudyVersion { get; private init; }
    public Guid ModelId { get; private init; }
    public string ModelHash { get; private init; } = "";

    /// <summary>SHA-256 of <see cref="Parameters"/>, which is canonical, and of what else makes it a run of its own: same parameters and inputs, same hash.</summary>
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

    /// <summary>The measures of its images that miss a bar of the package, e.g. <c>noise</c>: its result is limited. Empty when it is not.</summary>
    public string[] LimitedBy { get; private set; } = [];
    public string? ReasonCode { get; private set; }
    public string? Reason { get; private set; }
    public string? ManifestBlob { get; private set; }

    /// <summary>The rule that planned it; null when a person asked for it.</summary>
    public Guid? RuleId { get; private init; }

    /// <summary>Runs whose results it needs.</summary>
    public Guid[] Inputs { get; private init; } = [];

    /// <summary>JSON: the series that were chosen for a model that takes several, as <see cref="RunSeries"/>; empty for a model of one.</summary>
    public string Series { get; private init; } = "[]";

    /// <summary>Computed to be compared: nobody reads its findings and the study does not get them.</summary>
    public bool IsShadow { get; private init; }

    /// <summary>Computed before the study was complete.</summary>
    public bool IsProvisional { get; private init; }

    /// <summary>The complete study's run, in place of this provisional one; null while there is none.</summary>
    public Guid? SupersededBy { get; private set; }

    public bool IsTerminal => Status is RunStatus.Succeeded or RunStatus.Failed or RunStatus.Cancelled or RunStatus.Quarantined;

    /// <param name="plan">What a rule says of it; null when a person asks.</param>
    /// <param name="series">Of a model that takes several; null for one.</param>
    public static Run Queue(
        Study study,
        AiModel model,
        IReadOnlyDictionary<string, string> parameters,
        Lane lane,
        DateTimeOffset now,
        RunPlan? plan = null,
        IReadOnlyList<RunSeries>? series = null)
    {
        var canonical = Canonical(parameters);
        var distinction = plan?.Distinction + string.Concat((series ?? []).Select(s => s.Distinction));
        return new Run
        {
            TenantId = study.TenantId,
            Id = Guid.CreateVersion7(now),
            StudyId = study.Id,
            StudyVersion = study.Version,
            ModelId = model.Id,
            ModelHash = model.Hash,
            Parameters = canonical,
            ParametersHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical + distinction))),
            Lane = lane,
            Deadline = now + TargetOf(lane, plan),
            Status = plan is { Inputs.Count: > 0 } ? RunStatus.Waiting : RunStatus.Queued,
            CreatedAt = now,
            RuleId = plan?.RuleId,
            Inputs = [.. plan?.Inputs ?? []],
            Series = JsonSerializer.Serialize(series ?? [], PlatformJson.Options),
            IsShadow = plan?.IsShadow == true,
            IsProvisional = plan?.IsProvisional == true,
        };
    }

    public IReadOnlyDictionary<string, string> ReadParameters() =>
        JsonSerializer.Deserialize<SortedDictionary<string, string>>(Parameters, PlatformJson.Options) ?? [];

    public IReadOnlyList<RunSeries> ReadSeries() => JsonSerializer.Deserialize<List<RunSeries>>(Series, PlatformJson.Options) ?? [];

    /// <summary>Everything that it needs is there.</summary>
    public bool TryReady()
    {
        if (Status != RunStatus.Waiting)
        {
            return false;
        }

        Status = RunStatus.Queued;
        return true;
    }

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

    /// <param name="limitedBy">See <see cref="LimitedBy"/>.</param>
    public bool TrySucceed(Guid attemptId, string resultHash, IReadOnlyList<string> limitedBy, DateTimeOffset now)
    {
        if (!TryEnd(RunStatus.Succeeded, null, null, now))
        {
            return false;
        }

        WinningAttemptId = attemptId;
        ResultHash = resultHash;
        LimitedBy = [.. limitedBy];
        return true;
    }

    public bool TryFail(string reasonCode, string reason, DateTimeOffset now) => TryEnd(RunStatus.Failed, reasonCode, reason, now);

    public bool TryCancel(DateTimeOffset now) => TryEnd(RunStatus.Cancelled, "cancelled", "A person stopped this run.", now);

    /// <summary>The study is complete: what a provisional run would say is of no more use.</summary>
    public bool TryOvertake(DateTimeOffset now) =>
        IsProvisional && TryEnd(RunStatus.Cancelled, "superseded", "The study is complete; the whole of it is computed instead.", now);

    public void Supersede(Run complete) => SupersededBy = complete.Id;

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
        if (IsTerminal || Status == RunStatus.Waiting)
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

        Status = Inputs.Length > 0 ? RunStatus.Waiting : RunStatus.Queued;
        DispatchedAt = null;
        StartedAt = null;
        FinishedAt = null;
        ReasonCode = null;
        Reason = null;
        Crashes = 0;
        return true;
    }

    private static TimeSpan TargetOf(Lane lane, RunPlan? plan) =>
        plan?.Target ?? (plan?.IsShadow == true ? ShadowTarget : lane == Lane.Stat ? StatTarget : RoutineTarget);

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

/// <summary>A series that was chosen when a run was planned.</summary>
/// <param name="Input">The model's further input that it is; null for the first.</param>
internal sealed record RunSeries(string? Input, Guid StudyId, int StudyVersion, Guid SeriesId)
{
    /// <summary>Part of the natural key. A study's version is: late images make another run.</summary>
    public string Distinction => $"\n{Input}={SeriesId:N} {StudyVersion}";

    public static RunSeries Of(string? input, SeriesCandidate series) => new(input, series.Study.Id, series.Study.Version, series.Id);

    /// <summary>Empty for a model that takes one series: its manifest chooses it.</summary>
    public static IReadOnlyList<RunSeries> Of(SeriesCandidate first, IReadOnlyList<(string Input, SeriesCandidate Series)> further) =>
        further.Count == 0 ? [] : [Of(null, first), .. further.Select(f => Of(f.Input, f.Series))];
}

/// <summary>What a rule says of a run, or a person who asks for one.</summary>
/// <param name="RuleId">Null when a person asks.</param>
/// <param name="Target">Time to the result; null takes the lane's.</param>
/// <param name="Inputs">Runs whose results it needs.</param>
internal sealed record RunPlan(Guid? RuleId, TimeSpan? Target, bool IsShadow, bool IsProvisional, IReadOnlyList<Guid> Inputs)
{
    /// <summary>What makes it another run than the plain one of the same model and parameters; part of the natural key.</summary>
    public string Distinction =>
        (IsShadow ? "\nshadow" : "") + (IsProvisional ? "\nprovisional" : "") + string.Concat(Inputs.Order().Select(id => $"\n{id:N}"));
}

internal sealed class RunMapping : IEntityTypeConfiguration<Run>
{
    public void Configure(EntityTypeBuilder<Run> builder)
    {
        builder.ToTable("runs");
        builder.HasQueryFilter(Run.ShadowFilter, r => !r.IsShadow);
        builder.HasIndex(r => new { r.TenantId, r.StudyId, r.StudyVersion, r.ModelHash, r.ParametersHash }).IsUnique();
        builder.HasIndex(r => new { r.TenantId, r.Status, r.Lane, r.Deadline });
        builder.Property(r => r.LimitedBy).HasDefaultValueSql("'{}'");
        builder.Property(r => r.Series).HasDefaultValue("[]");
        builder.HasOne<Study>().WithMany().HasForeignKey(r => new { r.TenantId, r.StudyId }).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<AiModel>().WithMany().HasForeignKey(r => new { r.TenantId, r.ModelId }).OnDelete(DeleteBehavior.Restrict);
    }
}
