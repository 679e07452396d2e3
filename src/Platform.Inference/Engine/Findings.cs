using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Platform.Contracts;
using Platform.Dicom.Volumes;
using Platform.Inference.Packages;

namespace Platform.Inference.Engine;

/// <summary>Coded findings of a computation, and the hash by which two results are the same.</summary>
public static class Findings
{
    /// <summary>
    /// One finding for each measurement of the manifest whose labels are there, or for each detection in the order of its probability;
    /// measured on the model's grid.
    /// </summary>
    /// <param name="seriesInstanceUid">The series that was measured.</param>
    /// <returns>Millimetres and cubic millimetres are rounded to three decimals.</returns>
    public static IReadOnlyList<Finding> Of(LabelledVolume labelled, PackageManifest manifest, Guid runId, string seriesInstanceUid)
    {
        var output = manifest.Outputs[0];
        if (output.IsDetection)
        {
            return OfDetections(labelled, output, runId, seriesInstanceUid);
        }

        if (output.Measurements is not { Count: > 0 } measurements)
        {
            return [];
        }

        var findings = new List<Finding>();
        var regions = new RegionSums(labelled.Labels, labelled.Grid);
        foreach (var measurement in measurements)
        {
            byte[] labels = [.. measurement.Of.Select(label => (byte)label)];
            if (regions.Of(labels) is { } region)
            {
                findings.Add(new Finding(
                    DerivedUid(runId, $"finding {string.Join(' ', measurement.Of)}"),
                    seriesInstanceUid,
                    measurement.Finding,
                    Laterality: null,
                    SegmentNumber: measurement.Of is [var only] ? SegmentNumber(output, only) : null,
                    [new Measurement(measurement.Concept, Rounded(region.VolumeMm3), measurement.Unit)],
                    Rounded(region.CentreMm),
                    [.. Rounded(region.MinimumMm), .. Rounded(region.MaximumMm)],
                    Probability: null));
            }
        }

        return findings;
    }

    private static List<Finding> OfDetections(LabelledVolume labelled, OutputSpec output, Guid runId, string seriesInstanceUid)
    {
        var findings = new List<Finding>();
        var regions = new RegionSums(labelled.Labels, labelled.Grid);
        foreach (var (segment, probability) in labelled.Segments.Zip(labelled.Probabilities))
        {
            var region = regions.Of([(byte)segment.Label])!;
            findings.Add(new Finding(
                DerivedUid(runId, $"finding {segment.Label}"),
                seriesInstanceUid,
                segment.Concept,
                Laterality: null,
                segment.Label,
                [
                    .. output.Measurements!.Select(m => new Measurement(
                        m.Concept,
                        Rounded(m.Measure == "equivalentDiameter" ? RegionMeasure.DiameterOf(region.VolumeMm3) : region.VolumeMm3),
                        m.Unit)),
                ],
                Rounded(region.CentreMm),
                [.. Rounded(region.MinimumMm), .. Rounded(region.MaximumMm)],
                Rounded(probability)));
        }

        return findings;
    }

    /// <summary>One finding for each class of a classification of which something is said, or each value of a regression that can be, in the manifest's order.</summary>
    /// <param name="numbers">The classes' calibrated probabilities, or the values, in the manifest's order.</param>
    /// <param name="hasHeat">Whether there is a heat map, as the manifest has it.</param>
    /// <param name="seriesInstanceUid">The series that was classified.</param>
    public static IReadOnlyList<Finding> Of(IReadOnlyList<double> numbers, OutputSpec output, bool hasHeat, Guid runId, string seriesInstanceUid)
    {
        if (output.IsRegression)
        {
            return OfValues(numbers, output, runId, seriesInstanceUid);
        }

        var findings = new List<Finding>();
        foreach (var (kind, probability) in output.Classes!.Zip(numbers))
        {
            if (kind.Threshold is { } threshold && (probability >= threshold ? kind.Above : kind.Below) is { } said)
            {
                findings.Add(new Finding(
                    FindingUid(runId, kind.Label),
                    seriesInstanceUid,
                    kind.Concept,
                    Laterality: null,
                    SegmentNumber: hasHeat && output.HeatMap!.Label == kind.Label ? 1 : null,
                    [],
                    CentreMm: null,
                    BoxMm: null,
                    Rounded(probability))
                {
                    Evaluation = said,
                    Threshold = threshold,
                });
            }
        }

        return findings;
    }

    private static List<Finding> OfValues(IReadOnlyList<double> numbers, OutputSpec output, Guid runId, string seriesInstanceUid) =>
    [
        .. output.Values!.Zip(numbers).Where(v => !(v.Second < v.First.Low || v.Second > v.First.High)).Select(v => new Finding(
            FindingUid(runId, v.First.Label),
            seriesInstanceUid,
            v.First.Finding,
            Laterality: null,
            SegmentNumber: null,
            [new Measurement(v.First.Concept, Rounded(v.Second), v.First.Unit)],
            CentreMm: null,
            BoxMm: null,
            Probability: null)),
    ];

    /// <summary>Number in DICOM of the segment with a label: its place in the manifest, from 1.</summary>
    public static int SegmentNumber(OutputSpec output, int label) => output.Segments.TakeWhile(s => s.Label != label).Count() + 1;

    /// <summary>
    /// SHA-256 over the labels or the values on the source's grid, the findings without what depends on the run or on received names, and the
    /// inputs of a model that takes several.
    /// </summary>
    public static string ResultHash(LabelledVolume labelled, IReadOnlyList<Finding> findings)
    {
        var values = labelled.Enhanced is { } enhanced ? MemoryMarshal.AsBytes<float>(enhanced) : labelled.SourceLabels;
        return Hash([labelled.SourceGrid.Depth, labelled.SourceGrid.Height, labelled.SourceGrid.Width], values, findings, labelled.InputsHash);
    }

    /// <summary>
    /// SHA-256 over the numbers, the heat map in 256 steps, the findings without what depends on the run or on received names, and the
    /// inputs of a model that takes several.
    /// </summary>
    public static string ResultHash(ClassifiedVolume volume, IReadOnlyList<Finding> findings) => Hash(
        [0, 0, volume.Numbers.Count],
        [
            .. MemoryMarshal.AsBytes<double>(volume.Numbers.Select(n => Math.Round(n, 6) + 0.0).ToArray()),
            .. Array.ConvertAll(volume.Heat?.Voxels ?? [], v => (byte)Math.Round(255 * v)),
        ],
        findings,
        volume.InputsHash);

    /// <summary>SHA-256 over the heat map in 256 steps and the findings without what depends on the run or on received names.</summary>
    public static string ResultHash(ClassifiedImage image, IReadOnlyList<Finding> findings) => Hash(
        [1, image.Heat?.Rows ?? 0, image.Heat?.Columns ?? 0],
        Array.ConvertAll(image.Heat?.Values ?? [], v => (byte)Math.Round(255 * v)),
        findings);

    private static string Hash(ReadOnlySpan<int> sides, ReadOnlySpan<byte> values, IReadOnlyList<Finding> findings, string? inputs = null)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> shape = stackalloc byte[12];
        for (var i = 0; i < sides.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(shape[(4 * i)..], sides[i]);
        }

        hash.AppendData(shape);
        hash.AppendData(values);
        var canonical = findings.Select(f => f with { TrackingUid = "", SeriesInstanceUid = "" });
        hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(canonical, PlatformJson.Options));
        hash.AppendData(Encoding.ASCII.GetBytes(inputs ?? ""));
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    /// <summary>SHA-256 over each frame's numbers and the findings without what depends on the run or on received names.</summary>
    public static string ResultHash(FrameNumbers frames, IReadOnlyList<Finding> findings) => Hash(
        [0, frames.Frames.Count, frames.Frames[0].Count],
        MemoryMarshal.AsBytes<double>(frames.Frames.SelectMany(f => f.Select(Rounded)).ToArray()),
        findings);

    /// <summary>The tracking identifier of what is said of a label of a whole image or volume.</summary>
    public static string FindingUid(Guid runId, int label) => DerivedUid(runId, $"finding {label}");

    /// <summary>A UID of the form 2.25.n that depends on the run and a name alone (PS3.5 §B.2).</summary>
    public static string DerivedUid(Guid runId, string name)
    {
        var digest = SHA256.HashData([.. runId.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(name)]).AsSpan(0, 16);
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80); // version 8: the application's own (RFC 9562 §5.8)
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return "2.25." + new BigInteger(digest, isUnsigned: true, isBigEndian: true);
    }

    private static double[] Rounded(Vector3D v) => [Rounded(v.X), Rounded(v.Y), Rounded(v.Z)];

    private static double Rounded(double value) => Math.Round(value, 3) + 0.0; // no negative zero, which JSON would keep
}
