using System.CommandLine;
using System.Globalization;
using Platform.Dicom;
using Platform.Dicom.Volumes;

namespace Platform.Cli.Dicom;

/// <summary><c>platform dicom volume</c>: the grids that each series of a folder makes, one for each of its volumes, or the reason that it makes none.</summary>
internal static class Volume
{
    public static Command Create()
    {
        var paths = new Argument<string[]>("paths") { Description = "Folders and files.", Arity = ArgumentArity.OneOrMore };
        var json = new Option<bool>("--json") { Description = "A line of JSON for every series." };
        var command = new Command("volume", "Tells which grid each series of a folder makes, or why it makes none.") { paths, json };
        command.SetAction((parsed, ct) => TellAsync(
            InputFiles.Of(parsed.GetRequiredValue(paths)), parsed.GetValue(json), parsed.InvocationConfiguration, ct));
        return command;
    }

    private static async Task<int> TellAsync(List<string> files, bool isJson, InvocationConfiguration io, CancellationToken ct)
    {
        var (headers, refused) = await ReadAsync(files, io, ct);
        foreach (var series in headers.GroupBy(h => h.GetString(DicomTags.SeriesInstanceUID) ?? ""))
        {
            var modality = series.First().GetString(DicomTags.Modality) ?? "";
            foreach (var (part, (geometry, refusal, detail)) in SeriesGeometry.ReadAll([.. series]))
            {
                refused += geometry is null ? 1 : 0;
                await io.Output.WriteLineAsync(isJson
                    ? JsonLine.Of(new
                    {
                        seriesInstanceUid = series.Key,
                        modality,
                        part = part.Length > 0 ? part : null,
                        instances = series.Count(),
                        columns = geometry?.Columns,
                        rows = geometry?.Rows,
                        slices = geometry?.Slices,
                        affine = geometry?.Affine.ToMatrix(),
                        refusal = refusal?.Code(),
                        detail,
                    })
                    : $"{modality} {series.Key}{(part.Length > 0 ? $", {part}" : "")}: {(geometry is null ? Reason(refusal!.Value, detail) : Shape(geometry))}");
            }
        }

        return refused == 0 ? ExitCode.Ok : ExitCode.SomeRefused;
    }

    private static async Task<(List<DicomDataset> Headers, int Refused)> ReadAsync(List<string> files, InvocationConfiguration io, CancellationToken ct)
    {
        var headerOnly = new DicomReadOptions { StopBeforePixelData = true };
        var headers = new List<DicomDataset>();
        var refused = 0;
        var progress = new Progress(io.Error, files.Count, TimeProvider.System);
        for (var i = 0; i < files.Count; i++)
        {
            try
            {
                headers.Add((await OpenedFile.ReadAsync(files[i], ct, headerOnly)).Dataset);
            }
            catch (DicomException e)
            {
                refused++;
                await progress.LineAsync(OpenedFile.Refusal(files[i], e));
            }

            await progress.AtAsync(i + 1);
        }

        await progress.EndAsync();
        return (headers, refused);
    }

    private static string Shape(SeriesGeometry geometry)
    {
        var spacing = geometry.Affine.SpacingMm;
        var origin = geometry.Affine.Origin;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{geometry.Columns} × {geometry.Rows} × {geometry.Slices} voxels of {spacing.X:0.###} × {spacing.Y:0.###} × {spacing.Z:0.###} mm, first at ({origin.X:0.###}, {origin.Y:0.###}, {origin.Z:0.###}) mm LPS");
    }

    private static string Reason(VolumeRefusal refusal, string? detail) =>
        detail is null ? $"no volume ({refusal.Code()}): {refusal.Sentence()}" : $"no volume ({refusal.Code()}): {refusal.Sentence()} {detail}";
}
