using MassTransit;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Previews;
using Platform.Api.Studies;
using Platform.Api.Usage;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>
/// RunFinished: commits the first valid result of a run, and drops every later one.
/// 1. Look whether there is anything to commit. 2. Verify the result's blobs, outside any transaction.
/// 3. In one transaction: inbox, attempt, run, findings, objects, audit, change.
/// </summary>
internal sealed partial class RunFinishedConsumer(
    TenantScope scopes,
    ResultReader results,
    WorkerRegistry workers,
    PhaseTimes phases,
    PreviewPlan previews,
    AuditLog audit,
    TimeProvider clock,
    ILogger<RunFinishedConsumer> logger) : IConsumer<RunFinished>
{
    public async Task Consume(ConsumeContext<RunFinished> context)
    {
        var message = context.Message;
        var ct = context.CancellationToken;

        // :: Step 1
        var (status, studyUid) = await scopes.RunAsync(message.TenantId, (db, token) => LookAsync(db, message.RunId, token), ct);
        if (status is null)
        {
            LogUnknown(logger, message.RunId);
            return;
        }

        // :: Step 2
        VerifiedResult? result = null;
        string? problem = null;
        if (message.Outcome == RunOutcome.Succeeded && status is RunStatus.Queued or RunStatus.Dispatched or RunStatus.Running)
        {
            (result, problem) = await results.ReadAsync(message, studyUid!, ct);
        }

        // :: Step 3
        await scopes.RunAsync(message.TenantId, (db, token) => CommitAsync(db, message, result, problem, token), ct);
    }

    private static async Task<(RunStatus? Status, string? StudyUid)> LookAsync(PlatformDb db, Guid runId, CancellationToken ct)
    {
        var found = await db.RunsAndShadows
            .Where(r => r.Id == runId)
            .Join(db.Studies, r => r.StudyId, s => s.Id, (r, s) => new { r.Status, s.StudyInstanceUid })
            .SingleOrDefaultAsync(ct);
        return (found?.Status, found?.StudyInstanceUid);
    }

    private async Task CommitAsync(PlatformDb db, RunFinished message, VerifiedResult? result, string? problem, CancellationToken ct)
    {
        var run = await db.LockRunOrShadowAsync(message.RunId, ct);
        if (run is null || !await Inbox.TryReceiveAsync(db, nameof(RunFinished), message.AttemptId, clock, ct))
        {
            return;
        }

        var attempt = await db.Attempts.SingleOrDefaultAsync(a => a.Id == message.AttemptId, ct);
        if (attempt is null)
        {
            attempt = Attempt.Unannounced(message);
            db.Attempts.Add(attempt);
        }

        var before = run.Status;
        var outcome = Apply(db, run, message, result, problem);
        attempt.TryFinish(outcome, problem is null ? message.ReasonCode : "result-invalid", problem ?? message.Reason, message.FinishedAt);
        await CountAsync(db, run, attempt, message, outcome, result, ct);
        if (outcome == AttemptOutcome.Succeeded)
        {
            await previews.ForComputedAsync(db, run, ct);
        }

        if (run.Status != before)
        {
            await RunWork.FollowAsync(db, run, ct);
        }

        await RunChange.SaveAsync(db, run, audit, "run.finish", ct, Outcome(outcome));
        LogFinished(logger, run.Id, outcome, run.Status);
    }

    /// <summary>What the tenant asked for is on its account; that a second worker computed the same is not.</summary>
    private async Task CountAsync(
        PlatformDb db, Run run, Attempt attempt, RunFinished message, AttemptOutcome outcome, VerifiedResult? result, CancellationToken ct)
    {
        // A worker's word, so with bounds: nothing below zero, nothing beyond what a run may take.
        var seconds = double.IsFinite(message.ComputeSeconds) ? Math.Clamp(message.ComputeSeconds, 0, TimeSpan.SecondsPerDay) : 0;
        attempt.Spent(message.Device, seconds, result?.Result.Seconds);
        if (seconds > 0 && outcome != AttemptOutcome.Late)
        {
            await UsageDay.AddAsync(db, clock.GetUtcNow(), run.ModelId, message.Device ?? "unknown", seconds, ct);
        }

        if (outcome == AttemptOutcome.Succeeded)
        {
            phases.Add(result!.Result.Seconds);
        }

        if (run is { Status: RunStatus.Succeeded, IsProvisional: false, IsShadow: false } && outcome == AttemptOutcome.Succeeded)
        {
            await ProvisionalRuns.SupersedeAsync(db, run, audit, clock, ct);
        }
    }

    private AttemptOutcome Apply(PlatformDb db, Run run, RunFinished message, VerifiedResult? result, string? problem)
    {
        var now = clock.GetUtcNow();
        switch (message.Outcome)
        {
            case RunOutcome.Succeeded when problem is not null:
                // Whatever spoilt it may spoil the next one too, so it counts like a crash.
                Crash(run, message.AttemptId, "result-invalid", problem, now);
                return AttemptOutcome.Invalid;

            case RunOutcome.Succeeded when result is not null
                && run.TrySucceed(message.AttemptId, result.Result.ResultHash, result.Result.Quality is { IsLimited: true, Codes: var codes } ? codes : [], now):
                Store(db, run, result, now);
                return AttemptOutcome.Succeeded;

            case RunOutcome.Succeeded:
                return AttemptOutcome.Late;

            case RunOutcome.Failed:
                return run.TryFail(message.ReasonCode ?? "failed", message.Reason ?? "The model cannot compute this study.", now)
                    ? AttemptOutcome.Failed
                    : AttemptOutcome.Late;

            case RunOutcome.Crashed:
                Crash(run, message.AttemptId, message.ReasonCode ?? "crashed", message.Reason ?? "The computation crashed.", now);
                return AttemptOutcome.Crashed;

            case RunOutcome.Cancelled:
                // Cancelled by a request that was meant for an earlier attempt: the run is still wanted.
                if (!HasOtherAttempt(run, message.AttemptId))
                {
                    run.TryRequeue();
                }

                return AttemptOutcome.Cancelled;

            default:
                throw new InvalidDataException($"Unknown outcome {message.Outcome}.");
        }
    }

    private void Crash(Run run, Guid attemptId, string code, string reason, DateTimeOffset now)
    {
        if (HasOtherAttempt(run, attemptId))
        {
            run.TryCountCrash(code, reason, now);
        }
        else
        {
            run.TryCrash(code, reason, now);
        }
    }

    /// <summary>Another worker computes the same run at this moment; it needs no further attempt.</summary>
    private bool HasOtherAttempt(Run run, Guid attemptId) =>
        workers.Alive().SelectMany(w => w.Running).Any(r => r.RunId == run.Id && r.AttemptId != attemptId);

    private static void Store(PlatformDb db, Run run, VerifiedResult verified, DateTimeOffset now)
    {
        if (run.IsShadow)
        {
            // To be compared and nothing else: the objects stay blobs that no row of the study names.
            db.ShadowFindings.AddRange(verified.Result.Findings.Select((finding, i) => ShadowFinding.From(run.TenantId, run.Id, i, finding)));
            return;
        }

        db.Findings.AddRange(verified.Result.Findings.Select((finding, i) => RunFinding.From(run.TenantId, run.Id, i, finding)));
        foreach (var objects in verified.Objects.GroupBy(o => o.Object.SeriesInstanceUid))
        {
            var first = objects.First();
            var series = new Series
            {
                TenantId = run.TenantId,
                Id = Guid.CreateVersion7(now),
                StudyId = run.StudyId,
                SeriesInstanceUid = objects.Key,
                Modality = first.Modality,
                Description = first.SeriesDescription,
                Number = first.SeriesNumber,
                Origin = SeriesOrigin.Computed,
                RunId = run.Id,
                WithdrawnAt = run.SupersededBy is null ? null : now,
            };
            db.Series.Add(series);
            db.Instances.AddRange(objects.Select(o => new Instance
            {
                TenantId = run.TenantId,
                Id = Guid.CreateVersion7(now),
                StudyId = run.StudyId,
                SeriesId = series.Id,
                SopInstanceUid = o.Object.SopInstanceUid,
                SopClassUid = o.Object.SopClassUid,
                TransferSyntaxUid = o.Object.TransferSyntaxUid,
                InstanceNumber = o.InstanceNumber,
                Rows = o.Rows,
                Columns = o.Columns,
                NumberOfFrames = o.Frames,
                Blob = o.Object.Blob,
                Length = o.Object.Length,
                Sha256 = o.Object.Sha256,
                StudyVersion = run.StudyVersion,
                Metadata = o.Metadata,
                Status = run.SupersededBy is null ? InstanceStatus.Stored : InstanceStatus.Withdrawn,
                StoredAt = now,
                RunId = run.Id,
            }));
        }
    }

    private static AuditOutcome Outcome(AttemptOutcome outcome) => outcome is AttemptOutcome.Succeeded or AttemptOutcome.Late or AttemptOutcome.Cancelled
        ? AuditOutcome.Success
        : AuditOutcome.Failed;

    [LoggerMessage(LogLevel.Warning, "RunFinished names run {RunId}, which its tenant does not have; dropped")]
    private static partial void LogUnknown(ILogger logger, Guid runId);

    [LoggerMessage(LogLevel.Information, "An attempt of run {RunId} ended {Outcome}; the run is {Status}")]
    private static partial void LogFinished(ILogger logger, Guid runId, AttemptOutcome outcome, RunStatus status);
}
