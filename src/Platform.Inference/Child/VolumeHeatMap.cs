using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Inference.Engine;
using Platform.Inference.Images;
using Platform.Inference.Packages;

namespace Platform.Inference.Child;

/// <summary>
/// The heat map of a classification over its volume: as a fractional segmentation (PS3.3 §A.51, FRACTIONAL and PROBABILITY: how strongly
/// each voxel speaks for the class), which viewers lay over the series, and as numbers on each image for the portal.
/// </summary>
internal static class VolumeHeatMap
{
    // What the portal draws smoothly; a graph's map has seldom as many places.
    private const int MostPlaces = 32;

    private static readonly CodedConcept Place = new("309825002", "SCT", "Spatial and Relational Concept");

    /// <summary>How strong each voxel is drawn, 0 to 255, [slice, row, column] on the source; null where the graph gives no map, or nothing to draw.</summary>
    public static byte[]? Of(ClassifiedVolume volume, OutputSpec output)
    {
        if (volume.SourceHeat is not { } heat)
        {
            return null;
        }

        var from = (float)(output.HeatMap!.From ?? 0);
        var drawn = Array.ConvertAll(heat, v => (byte)Math.Round(255 * Math.Max(0, (v - from) / (1 - from))));
        return drawn.AsSpan().ContainsAnyExcept((byte)0) ? drawn : null;
    }

    /// <summary>The slice with the strongest evidence, the first of equals.</summary>
    public static int StrongestSlice(byte[] heat, SeriesInput input) =>
        Enumerable.Range(0, input.Geometry.Slices).MaxBy(slice => Sum(heat, input, slice));

    /// <summary>The map on each image that has some of it, the strongest first.</summary>
    public static RunOutlines Outline(byte[] heat, OutputSpec output, SeriesInput input)
    {
        var geometry = input.Geometry;
        var (red, green, blue) = HeatMapObject.ColourOf(output);
        var (rows, columns) = (Math.Min(MostPlaces, geometry.Rows), Math.Min(MostPlaces, geometry.Columns));
        var maps = Enumerable.Range(0, geometry.Slices)
            .Select(slice => (Slice: slice, Sum: Sum(heat, input, slice)))
            .Where(s => s.Sum > 0)
            .OrderByDescending(s => s.Sum)
            .Select(s =>
            {
                var image = PlanarImage.OfDisplay(geometry.Rows, geometry.Columns, Slice(heat, input, s.Slice).ToArray());
                var small = AreaAverage.Of(image, new PlanarBox(0, 0, geometry.Columns, geometry.Rows), rows, columns);
                var plane = geometry.Planes[s.Slice];
                return new HeatMap(
                    1, plane.SopInstanceUid, plane.Frame + 1, rows, columns, [0, 0, geometry.Columns, geometry.Rows],
                    Array.ConvertAll(small.Values, v => (byte)Math.Clamp(Math.Round(255 * v), 0, 255)));
            })
            .ToList();
        return new RunOutlines([new OutlineSegment(1, HeatMapObject.ClassOf(output).Name, $"#{red:x2}{green:x2}{blue:x2}")], []) { HeatMaps = maps };
    }

    /// <summary>UIDs depend on the run alone, so every attempt of a run makes the same object.</summary>
    public static DicomFile Write(
        RunManifest run, PackageManifest model, SeriesInput input, IReadOnlyList<InstanceReference> further, byte[] heat, string? trackingUid, DateTimeOffset at)
    {
        var output = model.Outputs[0];
        var kind = HeatMapObject.ClassOf(output);
        var common = ResultObjects.Options(run, model, "heat map", 1001, at);
        var segment = new Segment(
            1,
            ResultObjects.Shortened($"Speaks for {kind.Name.ToLowerInvariant()}"),
            Place,
            ResultObjects.Coded(kind.Concept),
            ResultObjects.Shortened($"{model.Name} {model.Version}"),
            trackingUid is null ? null : $"{model.Name} {kind.Label}",
            trackingUid) { Colour = HeatMapObject.ColourOf(output) };
        return SegmentationWriter.WriteFractional(
            input.Geometry, input.Headers, [heat], FractionKind.Probability, byte.MaxValue, [segment], new SegmentationOptions
            {
                FurtherSources = further,
                SopInstanceUid = common.SopInstanceUid,
                SeriesInstanceUid = common.SeriesInstanceUid,
                ContentDateTime = common.ContentDateTime,
                Manufacturer = common.Manufacturer,
                ManufacturerModelName = common.ManufacturerModelName,
                DeviceSerialNumber = common.DeviceSerialNumber,
                SoftwareVersions = common.SoftwareVersions,
                SeriesNumber = common.SeriesNumber,
                SeriesDescription = ResultObjects.Shortened($"AI heat map: {model.Title ?? model.Name}"),
                ContentDescription = ResultObjects.Shortened($"Places that speak for {kind.Name.ToLowerInvariant()}"),
            });
    }

    private static long Sum(byte[] heat, SeriesInput input, int slice)
    {
        var sum = 0L;
        foreach (var value in Slice(heat, input, slice))
        {
            sum += value;
        }

        return sum;
    }

    private static ReadOnlySpan<byte> Slice(byte[] heat, SeriesInput input, int slice)
    {
        var area = input.Geometry.Rows * input.Geometry.Columns;
        return heat.AsSpan(slice * area, area);
    }
}
