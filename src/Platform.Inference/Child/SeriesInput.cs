using System.Globalization;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;

namespace Platform.Inference.Child;

/// <summary>The instances of a series as files, then as geometry, then as one volume that the model takes.</summary>
internal sealed class SeriesInput
{
    private static readonly DicomReadOptions HeaderOnly = new() { StopBeforePixelData = true };

    private readonly IReadOnlyList<FetchedInstance> instances;

    private SeriesInput(IReadOnlyList<FetchedInstance> instances, IReadOnlyList<DicomDataset> headers, SeriesGeometry geometry, IReadOnlyList<string> notes)
    {
        this.instances = instances;
        Headers = headers;
        Geometry = geometry;
        Notes = notes;
    }

    /// <summary>Headers in the order that the geometry was read from.</summary>
    public IReadOnlyList<DicomDataset> Headers { get; }

    public SeriesGeometry Geometry { get; }

    /// <summary>Sentences for the reader of the result.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>The instances that the volume is made of.</summary>
    public IEnumerable<InstanceReference> Sources => Geometry.Planes.Select(p => p.Instance).Distinct().Select(i => InstanceReference.Of(Headers[i]));

    /// <summary>Reads headers and checks that the series is one the model takes.</summary>
    /// <exception cref="InputRefusedException">It is not; the code says why.</exception>
    public static async Task<SeriesInput> ReadAsync(
        IReadOnlyList<FetchedInstance> instances, string modality, InputSpec wanted, CancellationToken ct)
    {
        var headers = new List<DicomDataset>(instances.Count);
        foreach (var instance in instances)
        {
            try
            {
                headers.Add((await instance.OpenAsync(HeaderOnly, ct)).Dataset);
            }
            catch (DicomException e)
            {
                throw Unreadable(e);
            }
        }

        if (!wanted.Takes(modality))
        {
            throw new InputRefusedException("wrong-modality", $"The model takes series of modality {wanted.Modality}; choose another series or model.");
        }

        var (geometry, notes) = Choose(headers, wanted);
        return new SeriesInput(instances, headers, geometry, notes);
    }

    /// <summary>The series' volume, or of several the first or last that the model takes, as its manifest says.</summary>
    private static (SeriesGeometry Geometry, IReadOnlyList<string> Notes) Choose(IReadOnlyList<DicomDataset> headers, InputSpec wanted)
    {
        var parts = wanted.Several is null ? [new("", SeriesGeometry.Read(headers))] : SeriesGeometry.ReadAll(headers);
        InputRefusedException? refusal = null;
        foreach (var part in wanted.Several == "last" ? parts.Reverse() : parts)
        {
            if (part.Result.Geometry is not { } geometry)
            {
                refusal ??= Refused(part.Result.Refusal!.Value, part.Result.Detail);
            }
            else if (Check(geometry, wanted) is { } reason)
            {
                refusal ??= reason;
            }
            else
            {
                return (geometry, parts.Count == 1 ? [] : [$"One of the {parts.Count} volumes of the series was read: {part.Distinction}."]);
            }
        }

        throw refusal!;
    }

    /// <summary>Decodes all pixels, once: what is read is removed.</summary>
    /// <exception cref="InputRefusedException">They cannot be decoded, or are no numbers.</exception>
    public async Task<Volume> DecodeAsync(int threads, Action<double> progress, CancellationToken ct)
    {
        var opened = 0;
        VolumeResult result;
        try
        {
            result = await DicomVolume.LoadAsync(
                Geometry,
                async (instance, token) =>
                {
                    progress(Interlocked.Increment(ref opened) / (double)instances.Count);
                    var file = await instances[instance].OpenAsync(DicomReadOptions.Default, token);
                    instances[instance].Remove();
                    return file;
                },
                threads,
                ct);
        }
        catch (DicomException e)
        {
            throw Unreadable(e);
        }

        return result.Volume is { } volume
            ? new Volume(new Grid(Geometry.Slices, Geometry.Rows, Geometry.Columns, Geometry.Affine), volume.Voxels)
            : throw Refused(result.Refusal!.Value, result.Detail);
    }

    private static InputRefusedException? Check(SeriesGeometry geometry, InputSpec wanted)
    {
        if (geometry.Slices < wanted.MinSlices)
        {
            return new InputRefusedException(
                "too-few-slices", $"The series has {geometry.Slices} slices and the model needs {wanted.MinSlices}; send the whole series.");
        }

        var spacing = geometry.Affine.SpacingMm;
        double[] spacings = [spacing.X, spacing.Y, spacing.Z];
        if (wanted.MaxSpacingMm is { } greatest && spacings.Where((s, i) => s > greatest[i] + 1e-6).Any())
        {
            return new InputRefusedException(
                "too-coarse",
                $"The voxels are coarser than the model takes ({string.Join(" × ", greatest)} mm at most); use a series with thinner slices.");
        }

        double[] extents = [geometry.Columns * spacing.X, geometry.Rows * spacing.Y, geometry.Slices * spacing.Z];
        return extents.Any(e => e < (wanted.MinFieldOfViewMm ?? 0) || e > (wanted.MaxFieldOfViewMm ?? double.PositiveInfinity))
            ? new InputRefusedException(
                "field-of-view",
                $"The series covers another field of view than the model takes ({wanted.MinFieldOfViewMm ?? 0} to " +
                $"{wanted.MaxFieldOfViewMm?.ToString(CultureInfo.InvariantCulture) ?? "any"} mm along each axis).")
            : null;
    }

    internal static InputRefusedException Unreadable(DicomException e) => e.Error switch
    {
        DicomError.NoPixels => new("no-pixels", "A stored image has no pixels; send the study again."),
        DicomError.UnsupportedTransferSyntax => new(
            "unsupported-transfer-syntax", "A stored image is compressed in a way that is not decoded here; send it uncompressed."),
        DicomError.CorruptPixels or DicomError.InvalidPixels or DicomError.UnsupportedPixels => new(
            "undecodable", "The pixels of a stored image cannot be decoded; export the series again."),
        DicomError.NotDicom => new("not-dicom", "A stored file is not DICOM; send the study again."),
        DicomError.Truncated => new("truncated", "A stored image is cut off; send the study again."),
        _ => new("unreadable", "A stored image cannot be read as DICOM; send the study again."),
    };

    private static InputRefusedException Refused(VolumeRefusal refusal, string? detail) =>
        new(refusal.Code(), detail is null ? refusal.Sentence() : $"{refusal.Sentence()} ({detail.TrimEnd('.')}.)");
}
