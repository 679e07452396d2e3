using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Platform.Api.AiModels;
using Platform.Api.Data;
using Platform.Contracts;
using Platform.Hosting.Blobs;

namespace Platform.Api.Runs;

/// <summary>What came of writing a run's manifest.</summary>
internal abstract record ManifestOutcome
{
    public sealed record Written(string Blob) : ManifestOutcome;

    /// <summary>The study holds nothing that the model takes (any more).</summary>
    public sealed record Impossible(NoAi Reason) : ManifestOutcome;

    public sealed record NoLongerQueued : ManifestOutcome;
}

/// <summary>Writes the one manifest of a run, before its first dispatch; later dispatches use the same.</summary>
internal sealed class ManifestWriter(TenantScope scopes, BlobStore blobs)
{
    /// <summary>Well below the broker's consumer timeout.</summary>
    private const int LongestRunSeconds = 12 * 60;

    public async Task<ManifestOutcome> EnsureAsync(Guid tenantId, Guid runId, CancellationToken ct)
    {
        var name = BlobNames.Manifest(tenantId, runId);
        var (outcome, manifest) = await scopes.RunAsync(tenantId, (db, token) => ComposeAsync(db, runId, name, token), ct);
        if (manifest is null || await blobs.GetLengthAsync(name, ct) is not null)
        {
            return outcome;
        }

        try
        {
            await using var blob = await blobs.CreateAsync(name, ct);
            await JsonSerializer.SerializeAsync(blob, manifest, PlatformJson.Options, ct);
            await blob.CommitAsync(ct);
        }
        catch (BlobExistsException)
        {
            // Another dispatcher, about to be none, wrote the same.
        }

        return outcome;
    }

    private static async Task<(ManifestOutcome Outcome, RunManifest? Manifest)> ComposeAsync(
        PlatformDb db, Guid runId, string name, CancellationToken ct)
    {
        var run = await db.RunsAndShadows.AsNoTracking().SingleOrDefaultAsync(r => r.Id == runId, ct);
        if (run is not { Status: RunStatus.Queued })
        {
            return (new ManifestOutcome.NoLongerQueued(), null);
        }

        if (run.ManifestBlob is not null)
        {
            return (new ManifestOutcome.Written(name), null);
        }

        var study = await db.Studies.AsNoTracking().SingleAsync(s => s.Id == run.StudyId, ct);
        var model = await db.AiModels.AsNoTracking().SingleAsync(m => m.Id == run.ModelId, ct);
        var summary = model.ReadSummary();
        var (series, reason) = await SeriesAsync(db, run, summary, ct);
        if (reason is not null)
        {
            return (new ManifestOutcome.Impossible(reason), null);
        }

        var manifest = new RunManifest(
            run.TenantId,
            run.Id,
            study.StudyInstanceUid,
            run.StudyVersion,
            series,
            new ManifestModel(model.Name, model.Version, model.Hash, model.PackageBlob),
            run.ReadParameters(),
            Math.Min(summary.Limits?.Seconds ?? LongestRunSeconds, LongestRunSeconds))
        {
            Inputs = await RunInputs.ReadAsync(db, run, ct),
        };
        return (new ManifestOutcome.Written(name), manifest);
    }

    /// <summary>The series that were chosen when the run was planned, or of a model of one series the one that is chosen now.</summary>
    private static async Task<(List<ManifestSeries> Series, NoAi? Reason)> SeriesAsync(
        PlatformDb db, Run run, ModelSummary summary, CancellationToken ct)
    {
        var planned = run.ReadSeries();
        if (planned.Count == 0)
        {
            var rule = await db.Rules.AsNoTracking().SingleOrDefaultAsync(r => r.Id == run.RuleId, ct);
            var conditions = rule?.ReadConditions(run.IsProvisional) ?? summary.Input;
            var candidates = await StudySeries.CandidatesAsync(db, run.StudyId, run.StudyVersion, conditions.Acquisition is not null, ct);
            var (one, reason) = SeriesChoice.Choose(conditions, candidates);
            if (one is null)
            {
                return ([], reason);
            }

            planned = [RunSeries.Of(null, one)];
        }

        var series = new List<ManifestSeries>();
        foreach (var chosen in planned)
        {
            // Held since it was chosen: what is in its pixels may not come out in another study.
            if (chosen.StudyId != run.StudyId && await db.Studies.AnyAsync(
                s => s.Id == chosen.StudyId && s.PixelsHeldAt != null && s.PixelsReleasedAt == null, ct))
            {
                return ([], new NoAi("prior-missing", "The earlier study is held until an administrator has looked at it. Release it, then retry this run."));
            }

            var (uid, modality) = await db.Series.AsNoTracking().Where(s => s.Id == chosen.SeriesId)
                .Select(s => new ValueTuple<string, string>(s.SeriesInstanceUid, s.Modality)).SingleOrDefaultAsync(ct);
            var instances = await StudySeries.Inputs(db, chosen.StudyId, chosen.StudyVersion)
                .Where(i => i.SeriesId == chosen.SeriesId)
                .OrderBy(i => i.InstanceNumber).ThenBy(i => i.SopInstanceUid)
                .Select(i => new ManifestInstance(i.SopInstanceUid, i.SopClassUid, i.TransferSyntaxUid, i.Blob, i.Length, i.Sha256))
                .ToListAsync(ct);
            if (instances.Count == 0)
            {
                return ([], new NoAi("input-series", $"The series for the model's input {chosen.Input ?? "series"} is no longer stored. Send its study again."));
            }

            series.Add(new ManifestSeries(uid, modality, instances) { Input = chosen.Input });
        }

        return (series, null);
    }
}
