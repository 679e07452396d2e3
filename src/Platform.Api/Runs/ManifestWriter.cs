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
        var candidates = await StudySeries.CandidatesAsync(db, study.Id, run.StudyVersion, ct);
        var rule = await db.Rules.AsNoTracking().SingleOrDefaultAsync(r => r.Id == run.RuleId, ct);
        var (series, reason) = SeriesChoice.Choose(rule?.ReadConditions(run.IsProvisional) ?? summary.Input, candidates);
        if (series is null)
        {
            return (new ManifestOutcome.Impossible(reason!), null);
        }

        var instances = await StudySeries.Inputs(db, study.Id, run.StudyVersion)
            .Where(i => i.SeriesId == series.Id)
            .OrderBy(i => i.InstanceNumber).ThenBy(i => i.SopInstanceUid)
            .Select(i => new ManifestInstance(i.SopInstanceUid, i.SopClassUid, i.TransferSyntaxUid, i.Blob, i.Length, i.Sha256))
            .ToListAsync(ct);
        var manifest = new RunManifest(
            run.TenantId,
            run.Id,
            study.StudyInstanceUid,
            run.StudyVersion,
            [new ManifestSeries(series.SeriesInstanceUid, series.Modality, instances)],
            new ManifestModel(model.Name, model.Version, model.Hash, model.PackageBlob),
            run.ReadParameters(),
            Math.Min(summary.Limits?.Seconds ?? LongestRunSeconds, LongestRunSeconds))
        {
            Inputs = await RunInputs.ReadAsync(db, run, ct),
        };
        return (new ManifestOutcome.Written(name), manifest);
    }
}
