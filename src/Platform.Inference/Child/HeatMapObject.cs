using System.Numerics.Tensors;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Inference.Engine;
using Platform.Inference.Images;
using Platform.Inference.Packages;

namespace Platform.Inference.Child;

/// <summary>The heat map of a classification over its image: as a picture that any viewer shows, and as numbers for the portal.</summary>
internal static class HeatMapObject
{
    // A line of 384 kbit/s takes a minute for three megabytes; nobody measures on this picture.
    private const int MaxSide = 1024;
    private const double GreatestOpacity = 0.55;

    /// <summary>How strong each place is drawn, 0 to 1; null where the graph gives no map.</summary>
    public static PlanarImage? Of(ClassifiedImage image, OutputSpec output)
    {
        if (image.Heat is not { } heat)
        {
            return null;
        }

        var from = (float)(output.HeatMap!.From ?? 0);
        return heat with { Values = Array.ConvertAll(heat.Values, v => Math.Max(0, (v - from) / (1 - from))) };
    }

    public static RunOutlines Outline(PlanarImage heat, ClassifiedImage image, OutputSpec output, ImageInput input)
    {
        var (red, green, blue) = ColourOf(output);
        var map = new HeatMap(
            1,
            input.Header.GetUid(DicomTags.SOPInstanceUID) ?? "",
            input.Frame + 1,
            heat.Rows,
            heat.Columns,
            [.. new[] { image.Box.X, image.Box.Y, image.Box.Width, image.Box.Height }.Select(v => Math.Round(v, 2))],
            Array.ConvertAll(heat.Values, v => (byte)Math.Round(255 * v)));
        return new RunOutlines([new OutlineSegment(1, ClassOf(output).Name, $"#{red:x2}{green:x2}{blue:x2}")], []) { HeatMaps = [map] };
    }

    /// <summary>Secondary capture in colour, at most 1024 pixels a side; UIDs depend on the run alone.</summary>
    public static DicomFile Write(
        RunManifest run, PackageManifest model, ImageInput input, PlanarImage heat, ClassifiedImage image, DateTimeOffset at)
    {
        var source = input.Display;
        var scale = Math.Max(1.0, Math.Max(source.Rows, source.Columns) / (double)MaxSide);
        var (rows, columns) = ((int)Math.Max(1, Math.Round(source.Rows / scale)), (int)Math.Max(1, Math.Round(source.Columns / scale)));
        var grey = AreaAverage.Of(source, new PlanarBox(0, 0, source.Columns, source.Rows), rows, columns);
        var output = model.Outputs[0];
        var (red, green, blue) = ColourOf(output);
        double[] colour = [red, green, blue];
        var pixels = new byte[3 * rows * columns];
        var rowsOfHeat = Widened(heat, image.Box, source.Columns, columns);
        var (mixed, values, opacity, shade) = (new float[columns], new double[columns], new double[columns], new double[columns]);
        for (var y = 0; y < rows; y++)
        {
            var (isRead, (low, high, weight)) = Place((y + 0.5) * source.Rows / rows, image.Box.Y, image.Box.Height, heat.Rows);
            TensorPrimitives.Subtract(rowsOfHeat[high], rowsOfHeat[low], mixed);
            TensorPrimitives.Multiply(mixed, weight, mixed);
            TensorPrimitives.Add(mixed, rowsOfHeat[low], mixed);
            TensorPrimitives.ConvertTruncating<float, double>(mixed, opacity);
            TensorPrimitives.Multiply(opacity, isRead ? GreatestOpacity : 0, opacity);
            TensorPrimitives.Multiply(grey.Values.AsSpan(y * columns, columns), byte.MaxValue, mixed);
            TensorPrimitives.ConvertTruncating<float, double>(mixed, values);
            for (var channel = 0; channel < 3; channel++)
            {
                // value + opacity · (colour − value), rounded
                TensorPrimitives.Subtract(colour[channel], values, shade);
                TensorPrimitives.Multiply(shade, opacity, shade);
                TensorPrimitives.Add(shade, values, shade);
                TensorPrimitives.Round<double>(shade, shade);
                var to = pixels.AsSpan((3 * y * columns) + channel);
                for (var x = 0; x < shade.Length; x++)
                {
                    to[3 * x] = (byte)Math.Clamp(shade[x], 0, 255);
                }
            }
        }

        var title = model.Title ?? model.Name;
        var file = SecondaryCaptureWriter.Write(
            input.Header,
            columns,
            rows,
            pixels,
            input.Header.GetString(DicomTags.BurnedInAnnotation) == "YES",
            ResultObjects.Options(run, model, "heat map", 1001, at) with { SeriesDescription = ResultObjects.Shortened($"AI heat map: {title}") });
        file.Dataset.SetSequence(DicomTags.SourceImageSequence, input.AsReference());
        file.Dataset.Set(
            DicomTags.DerivationDescription,
            $"Places that speak for {ClassOf(output).Name.ToLowerInvariant()} by {model.Name} {model.Version}, in colour over the image");
        return file;
    }

    /// <summary>The rows of a map at each column of a picture; 0 where the model has read nothing.</summary>
    private static float[][] Widened(PlanarImage heat, PlanarBox box, int sourceColumns, int columns)
    {
        var wide = Enumerable.Range(0, heat.Rows).Select(_ => new float[columns]).ToArray();
        for (var x = 0; x < columns; x++)
        {
            var (isRead, (low, high, weight)) = Place((x + 0.5) * sourceColumns / columns, box.X, box.Width, heat.Columns);
            for (var y = 0; isRead && y < heat.Rows; y++)
            {
                var (left, right) = (heat.Values[(y * heat.Columns) + low], heat.Values[(y * heat.Columns) + high]);
                wide[y][x] = left + ((right - left) * weight);
            }
        }

        return wide;
    }

    /// <summary>Whether a position along one axis lies in the part that the model read, and between which two places of the map.</summary>
    private static (bool IsRead, (int Low, int High, float Weight) Tap) Place(double position, double start, double length, int count) =>
        (position >= start && position <= start + length, AreaAverage.Tap(position, start, length, count));

    public static ClassSpec ClassOf(OutputSpec output) => output.Classes!.Single(c => c.Label == output.HeatMap!.Label);

    public static (byte Red, byte Green, byte Blue) ColourOf(OutputSpec output) =>
        output.HeatMap!.Rgb is [var red, var green, var blue] ? ((byte)red, (byte)green, (byte)blue) : ((byte)255, (byte)120, (byte)0);
}
