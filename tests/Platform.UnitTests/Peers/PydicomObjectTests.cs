using System.Globalization;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.UnitTests.Dicom.Objects;
using Platform.UnitTests.Fuzz;
using Xunit;

namespace Platform.UnitTests.Peers;

/// <summary>Segmentations and reports as pydicom reads them, by the rules that <c>objects.py</c> holds, beside what was written.</summary>
public class PydicomObjectTests
{
    /// <summary>dciodvfy of Debian 12 does not know label maps: for them these rules are the check.</summary>
    private static readonly Dictionary<string, (Func<DicomFile> File, int Greatest)> Segmentations = new(StringComparer.Ordinal)
    {
        ["binary"] = (Made.Segmentation, 2),
        ["label map of 8 bits"] = (() => Made.LabelMap(9, inColour: false), 9),
        ["label map of 8 bits in colour"] = (() => Made.LabelMap(255, inColour: true), 255),
        ["label map of 16 bits"] = (() => Made.LabelMap(300, inColour: false), 300),
        ["label map of 16 bits in colour"] = (() => Made.LabelMap(40000, inColour: true), 40000),
    };

    public static TheoryData<string> Names => [.. Segmentations.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Labels_are_rebuilt_from_frames_and_their_functional_groups(string name)
    {
        var (file, greatest) = Segmentations[name];
        var (headers, geometry) = Source();
        var labels = Made.Labels(geometry, 1, 2);

        var said = await ReadAsync(file());

        Assert.Equal(
            name == "binary"
                ? [.. FramesOf(headers, geometry, 1, i => labels[i] == 1 ? 1 : 0, 2), .. FramesOf(headers, geometry, 2, i => labels[i] == 2 ? 1 : 0, 2)]
                : FramesOf(headers, geometry, 0, i => labels[i] == 2 ? greatest : labels[i] == 1 ? 7 : 0, greatest > 255 ? 4 : 2),
            said.Where(line => line.StartsWith("frame ", StringComparison.Ordinal)));
        if (name.EndsWith("colour", StringComparison.Ordinal))
        {
            var colours = Made.Segments(7, greatest).Select(s => $"colour {s.Number} {s.Colour!.Value.Red} {s.Colour.Value.Green} {s.Colour.Value.Blue}");
            Assert.Equal(["colour 0 0 0 0", .. colours], said.Where(line => line.StartsWith("colour ", StringComparison.Ordinal)));
        }
    }

    [Theory]
    [InlineData(FractionKind.Probability, "PROBABILITY")]
    [InlineData(FractionKind.Occupancy, "OCCUPANCY")]
    public async Task Fractions_are_rebuilt_from_frames_and_their_functional_groups(FractionKind kind, string name)
    {
        var (headers, geometry) = Source();
        var values = Made.Fractions(geometry);

        var said = await ReadAsync(Made.Fractional(kind));

        Assert.Equal(
            [
                $"fraction {name} 200",
                .. FramesOf(headers, geometry, 1, i => values[0].Span[i], 2),
                .. FramesOf(headers, geometry, 2, i => values[1].Span[i], 2),
            ],
            said);
    }

    [Fact]
    public async Task The_content_tree_of_a_report_has_every_item_in_its_place()
    {
        var said = await ReadAsync(Made.Report());

        var expected = new List<string>();
        Walk(ContentTree.Read(Made.Report().Dataset), 0, expected);
        Assert.Equal(expected, said);

        // What was asked for, not only what we read of it.
        Assert.Contains("0|ROOT|CONTAINER|126000/DCM/Imaging Measurement Report|1500", said);
        Assert.Contains("3|CONTAINS|NUM|81827009/SCT/Diameter|16.8 mm/UCUM/millimeter", said);
        Assert.Contains("3|HASOBSCONTEXT|UIDREF|112040/DCM/Tracking Unique Identifier|2.25.91", said);
        Assert.Contains("3|CONTAINS|CODE|RID50149/RADLEX/Attenuation|RID50151/RADLEX/毛玻璃", said);
        Assert.Contains(said, line => line.EndsWith("|POINT -12.5 40.25 101", StringComparison.Ordinal));
    }

    private static void Walk(ContentItem item, int depth, List<string> lines)
    {
        var (kind, value) = item switch
        {
            ContainerItem container => ("CONTAINER", container.TemplateId ?? "-"),
            CodeItem code => ("CODE", Code(code.Value)),
            TextItem text => ("TEXT", text.Text),
            UidItem uid => ("UIDREF", uid.Uid),
            NumericItem number => ("NUM", $"{Real(number.Value)} {Code(number.Unit)}"),
            ReferenceItem image => ("IMAGE", $"{image.SopInstanceUid} {(image.Segments is [var segment] ? Real(segment)[..^2] : "-")}"),
            SpatialItem point => ("SCOORD3D", $"{point.GraphicType} {string.Join(' ', point.Points.SelectMany(p => new[] { p.X, p.Y, p.Z }).Select(v => v.ToString("R", CultureInfo.InvariantCulture)))}"),
            _ => ("?", ""),
        };
        var relation = item.Relationship switch
        {
            ContentRelationship.HasConceptModifier => "HASCONCEPTMOD",
            ContentRelationship.HasObservationContext => "HASOBSCONTEXT",
            var other => other.ToString().ToUpperInvariant(),
        };
        lines.Add($"{depth}|{relation}|{kind}|{(item.Name is { } name ? Code(name) : "-")}|{value}");
        foreach (var child in item.Children)
        {
            Walk(child, depth + 1, lines);
        }

        static string Code(CodedConcept code) => $"{code.Value}/{code.Scheme}/{code.Meaning}";
        static string Real(double value) => value.ToString(value == Math.Truncate(value) ? "0.0" : "R", CultureInfo.InvariantCulture);
    }

    /// <summary>The lines of the slices in which a segment has pixels; those of 16 bits come in network order.</summary>
    private static IEnumerable<string> FramesOf(
        List<DicomDataset> headers, SeriesGeometry geometry, int segment, Func<int, int> value, int digits)
    {
        var pixels = geometry.Rows * geometry.Columns;
        for (var slice = 0; slice < geometry.Slices; slice++)
        {
            var values = Enumerable.Range(slice * pixels, pixels).Select(value).ToList();
            if (values.Exists(v => v != 0))
            {
                var plane = geometry.Planes[slice];
                var hex = string.Concat(values.Select(v => v.ToString("x", CultureInfo.InvariantCulture).PadLeft(digits, '0')));
                yield return string.Create(
                    CultureInfo.InvariantCulture,
                    $"frame {segment} {plane.Position.Dot(plane.Normal):0.000} {headers[plane.Instance].GetUid(DicomTags.SOPInstanceUID)} {hex}");
            }
        }
    }

    private static async Task<List<string>> ReadAsync(DicomFile file)
    {
        var script = Path.Combine(FuzzSeeds.Root, "tests", "Platform.UnitTests", "Peers", "objects.py");
        var (code, said) = await PeerProgram.RunAsync("/usr/bin/python3", "python3-pydicom python3-numpy", file.ToArray(), script);
        Assert.True(code == 0, said);
        return [.. said.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private static (List<DicomDataset> Headers, SeriesGeometry Geometry) Source()
    {
        var headers = Made.Source();
        return (headers, SeriesGeometry.Read(headers).Geometry!);
    }
}
