using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.Inference.Engine;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;

namespace Platform.Inference.Child;

/// <summary>The further inputs of a run, decoded, each in the first one's space.</summary>
/// <param name="Sources">Every instance that was read.</param>
/// <param name="Notes">Sentences for the reader of the result.</param>
internal sealed record FurtherSeries(
    IReadOnlyList<FurtherVolume> Volumes, IReadOnlyList<InstanceReference> Sources, IReadOnlyList<string> Notes)
{
    /// <summary>Reads those that the run has; a missing optional one is said in the notes.</summary>
    /// <exception cref="InputRefusedException">A required one is missing, none that the model takes, or lies in another space.</exception>
    public static async Task<FurtherSeries> ReadAsync(
        PackageManifest model, RunFiles files, SeriesInput first, int threads, Action<double> progress, CancellationToken ct)
    {
        var (volumes, sources, notes) = (new List<FurtherVolume>(), new List<InstanceReference>(), new List<string>());
        foreach (var spec in model.FurtherInputs ?? [])
        {
            if (files.Labels.Where(l => l.Name == spec.Name).Take(1).ToList() is [var labels])
            {
                var file = labels.Instance is { } instance ? await OpenAsync(spec, instance, first, ct) : null;
                volumes.Add(file is null ? new FurtherVolume(spec.Name) : Labels(spec, file));
                sources.AddRange(file is null ? [] : [InstanceReference.Of(file.Dataset)]);
            }
            else if (files.Further.FirstOrDefault(f => f.Name == spec.Name) is { Name: not null } given)
            {
                try
                {
                    var input = await SeriesInput.ReadAsync(given.Instances, given.Series.Modality, spec.ToInput(), ct);
                    var header = input.Headers[input.Geometry.Planes[0].Instance];
                    RequireSameSpace(spec, header, GridOf(input.Geometry), first);
                    volumes.Add(new FurtherVolume(spec.Name) { Volume = await input.DecodeAsync(threads, progress, ct) });
                    sources.AddRange(input.Sources);
                    notes.AddRange(input.Notes.Select(note => $"{spec.Name}: {note}"));
                }
                catch (InputRefusedException e) when (!e.Message.StartsWith(Naming(spec), StringComparison.Ordinal))
                {
                    throw new InputRefusedException(e.Code, $"{Naming(spec)} {e.Message}");
                }
            }
            else if (spec.IsRequired)
            {
                throw new InputRefusedException("input-missing", $"{Naming(spec)} It is missing, and the model needs it; start the run again.");
            }
            else
            {
                notes.Add($"Computed without the input {spec.Name}, which was not there.");
            }
        }

        return new(volumes, [.. sources.Distinct()], notes);
    }

    private static string Naming(FurtherInputSpec spec) => $"Input {spec.Name}:";

    private static async Task<DicomFile> OpenAsync(FurtherInputSpec spec, FetchedInstance instance, SeriesInput first, CancellationToken ct)
    {
        try
        {
            var file = await instance.OpenAsync(DicomReadOptions.Default, ct);
            RequireSameSpace(spec, file.Dataset, null, first);
            return file;
        }
        catch (DicomException e)
        {
            throw SeriesInput.Unreadable(e);
        }
    }

    private static FurtherVolume Labels(FurtherInputSpec spec, DicomFile file)
    {
        try
        {
            var read = SegmentationReader.Read(file);
            return new FurtherVolume(spec.Name) { LabelGrid = new Grid(read.Slices, read.Rows, read.Columns, read.Affine), Labels = read.Labels };
        }
        catch (DicomException)
        {
            throw new InputRefusedException(
                "input-result", $"{Naming(spec)} The segmentation of {spec.Model} is none of labels that could be read; tell the author of this model.");
        }
    }

    private static void RequireSameSpace(FurtherInputSpec spec, DicomDataset header, Grid? grid, SeriesInput first)
    {
        var own = first.Headers[first.Geometry.Planes[0].Instance].GetUid(DicomTags.FrameOfReferenceUID);
        if (own is not null && own == header.GetUid(DicomTags.FrameOfReferenceUID))
        {
            return;
        }

        if (spec.FrameOfReference != "any")
        {
            throw new InputRefusedException(
                "input-frame-of-reference",
                $"{Naming(spec)} Its images do not say that they lie in the same frame of reference as the first series'; choose series of one examination, without a new positioning in between.");
        }

        if (grid is not null && spec.MaxOffsetMm is { } greatest && (Centre(grid) - Centre(GridOf(first.Geometry))).Length is var offset && offset > greatest)
        {
            throw new InputRefusedException(
                "input-offset", $"{Naming(spec)} Its middle lies {offset:0} mm from the first series', and the model takes {greatest:0} mm; choose a series of the same region.");
        }
    }

    private static Grid GridOf(SeriesGeometry geometry) => new(geometry.Slices, geometry.Rows, geometry.Columns, geometry.Affine);

    private static Vector3D Centre(Grid grid) => grid.Affine.ToPatient((grid.Width - 1) / 2.0, (grid.Height - 1) / 2.0, (grid.Depth - 1) / 2.0);
}
