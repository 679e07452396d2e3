using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Studies;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>Runs that need the result of others: they wait, are queued when all of them have succeeded, and end when one has none.</summary>
internal static class RunInputs
{
    /// <summary>What a run's manifest says of the results that it needs, in the order of its rule.</summary>
    public static async Task<IReadOnlyList<ManifestInput>> ReadAsync(PlatformDb db, Run run, CancellationToken ct)
    {
        if (run.Inputs.Length == 0)
        {
            return [];
        }

        var models = await db.RunsAndShadows.AsNoTracking()
            .Where(r => run.Inputs.Contains(r.Id))
            .Join(db.AiModels, r => r.ModelId, m => m.Id, (r, m) => new { r.Id, m.Name, m.Version })
            .ToDictionaryAsync(r => r.Id, ct);
        var objects = (await db.Instances.AsNoTracking()
                .Where(i => i.RunId != null && run.Inputs.Contains(i.RunId.Value) && i.Status == InstanceStatus.Stored)
                .OrderBy(i => i.SopInstanceUid)
                .ToListAsync(ct))
            .ToLookup(
                i => i.RunId!.Value,
                i => new ManifestInstance(i.SopInstanceUid, i.SopClassUid, i.TransferSyntaxUid, i.Blob, i.Length, i.Sha256));
        return [.. run.Inputs.Select(id => new ManifestInput(id, models[id].Name, models[id].Version, [.. objects[id]]))];
    }

    /// <summary>Of a model that needs results of others, their newest ones on the study's present version that people see.</summary>
    /// <returns>The runs, or the name of the first model that has none and is needed.</returns>
    public static async Task<(IReadOnlyList<Guid> Runs, string? Missing)> NewestAsync(
        PlatformDb db, Study study, IReadOnlyList<FurtherInput> further, CancellationToken ct)
    {
        var runs = new List<Guid>();
        foreach (var input in further.Where(f => f.IsOfRun))
        {
            var newest = await db.Runs.AsNoTracking()
                .Where(r => r.StudyId == study.Id && r.StudyVersion == study.Version && r.Status == RunStatus.Succeeded && !r.IsProvisional)
                .Join(db.AiModels.Where(m => m.Name == input.Model), r => r.ModelId, m => m.Id, (r, _) => r)
                .OrderByDescending(r => r.Id)
                .Select(r => (Guid?)r.Id)
                .FirstOrDefaultAsync(ct);
            if (newest is { } run)
            {
                runs.Add(run);
            }
            else if (input.IsRequired)
            {
                return ([], input.Model);
            }
        }

        return ([.. runs.Distinct()], null);
    }

    /// <summary>A run has ended, in this transaction: those that wait for it go on or end too.</summary>
    public static async Task InputEndedAsync(PlatformDb db, Run ended, AuditLog audit, CancellationToken ct)
    {
        foreach (var run in await LockDependentsAsync(db, ended, RunStatus.Waiting, ct))
        {
            await SettleAsync(db, run, audit, ct);
        }
    }

    /// <summary>Queues an ended run anew, and with it the runs that ended only because it had no result. Saves.</summary>
    public static async Task AgainAsync(PlatformDb db, Run run, AuditLog audit, string action, CancellationToken ct)
    {
        await RunWork.FollowAsync(db, run, ct);
        await RunChange.SaveAsync(db, run, audit, action, ct);
        await SettleAsync(db, run, audit, ct);
        if (run.IsTerminal)
        {
            return; // what it needs has no result, still
        }

        foreach (var dependent in await LockDependentsAsync(db, run, RunStatus.Failed, ct))
        {
            if (dependent.ReasonCode == Run.InputFailed && dependent.TryRetry())
            {
                await AgainAsync(db, dependent, audit, action, ct);
            }
        }
    }

    /// <summary>Queues a waiting run whose inputs are all there, or ends it when one will not come. Saves.</summary>
    public static async Task SettleAsync(PlatformDb db, Run run, AuditLog audit, CancellationToken ct)
    {
        if (run.Status != RunStatus.Waiting)
        {
            return;
        }

        // Tracked: an input that ended in this very transaction counts as it is now.
        var inputs = await db.RunsAndShadows.Where(r => run.Inputs.Contains(r.Id)).ToListAsync(ct);
        if (inputs.Find(r => r.IsTerminal && r.Status != RunStatus.Succeeded) is { } failed)
        {
            var model = await db.AiModels.Where(m => m.Id == failed.ModelId).Select(m => m.Name).SingleAsync(ct);
            run.TryFail(
                Run.InputFailed,
                $"It needs the result of {model}, whose run ended {failed.Status}. Retry that one: this one then follows.",
                failed.FinishedAt!.Value);
            await RunChange.SaveAsync(db, run, audit, "run.finish", ct, AuditOutcome.Failed);
        }
        else if (inputs.TrueForAll(r => r.Status == RunStatus.Succeeded) && run.TryReady())
        {
            await RunWork.QueuedAsync(db, run, ct);
            await RunChange.SaveAsync(db, run, audit, "run.queue", ct);
        }
    }

    // Locked after the run that ended, always in that direction, and each once: no two transactions wait for one another.
    private static Task<List<Run>> LockDependentsAsync(PlatformDb db, Run run, RunStatus status, CancellationToken ct)
    {
        var name = status.ToString();
        return db.Runs
            .FromSql($"""
                select * from runs
                where tenant_id = {run.TenantId} and study_id = {run.StudyId} and status = {name} and {run.Id} = any(inputs)
                order by id for update
                """)
            .IgnoreQueryFilters([Run.ShadowFilter])
            .ToListAsync(ct);
    }
}
