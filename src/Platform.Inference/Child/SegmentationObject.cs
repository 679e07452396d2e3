using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Inference.Engine;
using Platform.Inference.Packages;

namespace Platform.Inference.Child;

/// <summary>The labels of a run as a DICOM segmentation in a series of its own in the same study, and as outlines on its images.</summary>
internal static class SegmentationObject
{
    /// <summary>UIDs depend on the run alone, so every attempt of a run makes the same object.</summary>
    /// <param name="further">Instances that the model also read, beside the series that it labelled.</param>
    public static (DicomFile File, RunOutlines Outlines) Write(
        RunManifest run,
        PackageManifest model,
        SeriesInput input,
        IReadOnlyList<InstanceReference> further,
        LabelledVolume labelled,
        IReadOnlyList<Finding> findings,
        DateTimeOffset at)
    {
        var number = new byte[256];
        var segments = labelled.Segments.Select((spec, i) =>
        {
            number[spec.Label] = (byte)(i + 1);
            return Segment(spec, i + 1, model, findings.FirstOrDefault(f => f.SegmentNumber == i + 1)?.TrackingUid);
        }).ToList();

        var labels = Numbered(labelled.SourceLabels, number, segments.Count);
        var outlines = Outlines.Of(input.Geometry, labels, segments);
        var common = ResultObjects.Options(run, model, "segmentation", 1000, at);
        var file = SegmentationWriter.Write(input.Geometry, input.Headers, labels, segments, new SegmentationOptions
        {
            SopInstanceUid = common.SopInstanceUid,
            SeriesInstanceUid = common.SeriesInstanceUid,
            ContentDateTime = common.ContentDateTime,
            Manufacturer = common.Manufacturer,
            ManufacturerModelName = common.ManufacturerModelName,
            DeviceSerialNumber = common.DeviceSerialNumber,
            SoftwareVersions = common.SoftwareVersions,
            SeriesDescription = common.SeriesDescription,
            ContentDescription = common.SeriesDescription,
            FurtherSources = further,
        });
        return (file, outlines);
    }

    /// <summary>The labels as numbers of segments; a copy only where they are not yet.</summary>
    private static byte[] Numbered(byte[] labels, byte[] number, int segments)
    {
        if (Enumerable.Range(0, segments + 1).All(label => number[label] == label) && !labels.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)segments))
        {
            return labels;
        }

        return Array.ConvertAll(labels, label => number[label]);
    }

    private static Segment Segment(SegmentSpec spec, int number, PackageManifest model, string? trackingUid) => new(
        number,
        ResultObjects.Shortened(spec.Name),
        ResultObjects.Coded(spec.Category ?? new Code("123037004", "SCT", "Anatomical Structure")),
        ResultObjects.Coded(spec.Type ?? spec.Concept),
        ResultObjects.Shortened($"{model.Name} {model.Version}"),
        trackingUid is null ? null : $"{model.Name} {spec.Label}",
        trackingUid)
    {
        TypeModifiers = spec.Modifier is { } modifier ? [ResultObjects.Coded(modifier)] : [],
        Colour = spec.Rgb is { } rgb ? ((byte)rgb[0], (byte)rgb[1], (byte)rgb[2]) : null,
    };
}
