using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;

namespace Platform.Api.Runs;

/// <summary>One of the series that a run of a model with several inputs takes.</summary>
/// <param name="Input">The model's name for it; null of its first.</param>
/// <param name="StudyUid">The run's own study, or an earlier one of the patient.</param>
/// <param name="StudyVersion">The run takes the images that had come by then.</param>
internal sealed record InputSeries(
    string? Input,
    bool IsPrior,
    string StudyUid,
    int StudyVersion,
    DateTimeOffset StudyArrivedAt,
    string SeriesUid,
    string Modality,
    string? Description)
{
    /// <summary>By run, in the manifest's order; none for a model that takes one series, which its worker is told when it begins.</summary>
    public static async Task<ILookup<Guid, InputSeries>> ReadAsync(PlatformDb db, IReadOnlyList<Run> runs, CancellationToken ct)
    {
        var chosen = runs.SelectMany(run => run.ReadSeries().Select(series => (Run: run, Series: series))).ToList();
        var ids = chosen.Select(c => c.Series.SeriesId).Distinct().ToList();
        var found = ids.Count == 0
            ? []
            : await db.Series.AsNoTracking()
                .Where(e => ids.Contains(e.Id))
                .Join(db.Studies, e => e.StudyId, s => s.Id, (series, study) => new
                {
                    series.Id,
                    series.SeriesInstanceUid,
                    series.Modality,
                    series.Description,
                    study.StudyInstanceUid,
                    study.ArrivedAt,
                })
                .ToDictionaryAsync(e => e.Id, ct);
        return chosen.Where(c => found.ContainsKey(c.Series.SeriesId)).ToLookup(c => c.Run.Id, c =>
        {
            var series = found[c.Series.SeriesId];
            return new InputSeries(
                c.Series.Input,
                c.Series.StudyId != c.Run.StudyId,
                series.StudyInstanceUid,
                c.Series.StudyVersion,
                series.ArrivedAt,
                series.SeriesInstanceUid,
                series.Modality,
                series.Description);
        });
    }
}
