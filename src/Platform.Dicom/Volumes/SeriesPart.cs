using System.Globalization;

namespace Platform.Dicom.Volumes;

/// <summary>One of the volumes that a series holds: a stack, a point in time, a cardiac phase, an echo …</summary>
/// <param name="Distinction">What sets it apart, e.g. "temporal position 2 of 4"; empty where the series is one volume.</param>
/// <param name="Result">Its geometry, whose planes name the instances of the whole list, or the reason there is none.</param>
public sealed record SeriesPart(string Distinction, GeometryResult Result)
{
    /// <summary>Divides planes by one trait after the other until each part is a volume, or nothing divides it further.</summary>
    internal static List<SeriesPart> Divide(List<ImagePlane> planes, IReadOnlyList<DicomDataset> headers, int localizers)
    {
        var parts = new List<SeriesPart>();
        var pending = new Stack<(List<ImagePlane> Planes, int Trait, string Distinction)>([(planes, 0, "")]);
        while (pending.TryPop(out var part))
        {
            var result = SeriesGeometry.Of(part.Planes, headers, localizers);
            var trait = part.Trait;
            var divided = new List<List<ImagePlane>>();

            // A trait with another value in every image, as a trigger time may have, divides nothing into volumes.
            for (; result.Geometry is null && divided.Count == 0 && trait < FrameTraits.Count; trait++)
            {
                divided = FrameTraits.Divide(part.Planes, headers, trait);
                if (divided.Count < 2 || divided.Exists(d => d.Count < 2))
                {
                    divided.Clear();
                }
            }

            if (divided.Count == 0)
            {
                parts.Add(new(part.Distinction, result));
            }

            for (var i = divided.Count - 1; i >= 0; i--)
            {
                var of = string.Create(CultureInfo.InvariantCulture, $"{FrameTraits.Name(trait - 1)} {i + 1} of {divided.Count}");
                pending.Push((divided[i], trait, part.Distinction.Length > 0 ? $"{part.Distinction}, {of}" : of));
            }
        }

        return parts;
    }
}
