using System.Numerics.Tensors;
using Platform.Contracts;
using Platform.Dicom.Volumes;
using Platform.Inference.Images;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;

namespace Platform.Inference.Engine;

/// <summary>A package may be used on a device only after its golden cases come out there as its author saw them.</summary>
public static class GoldenCheck
{
    /// <summary>Runs every golden case.</summary>
    /// <exception cref="PackageRefusedException">One differs by more than its tolerance; the code is <c>golden-mismatch</c>.</exception>
    public static IReadOnlyList<GoldenDifference> ThrowIfDifferent(ModelSession session, int threads, CancellationToken ct) =>
        ThrowIfDifferent(session, session.Package.Manifest.Golden ?? [], threads, ct);

    /// <summary>Runs the given cases.</summary>
    /// <exception cref="PackageRefusedException">One differs by more than its tolerance; the code is <c>golden-mismatch</c>.</exception>
    public static IReadOnlyList<GoldenDifference> ThrowIfDifferent(
        ModelSession session, IReadOnlyList<GoldenCase> cases, int threads, CancellationToken ct)
    {
        var differences = new List<GoldenDifference>();
        foreach (var golden in cases)
        {
            var (difference, fits) = golden.Kind switch
            {
                "volume" => CompareVolume(session, golden, threads, ct),
                "detections" => CompareDetections(session, golden, threads, ct),
                "image" => CompareImage(session, golden, ct),
                _ => CompareTensor(session, golden),
            };
            differences.Add(difference);
            if (!fits)
            {
                throw new PackageRefusedException(
                    "golden-mismatch", $"The model does not give its own reference results on {session.Device.Name}; it is not used there.");
            }
        }

        return differences;
    }

    private static (GoldenDifference Difference, bool Fits) CompareTensor(ModelSession session, GoldenCase golden)
    {
        var expected = session.Package.ReadTensor(golden.Expected!);
        var others = golden.FurtherInputs?.ToDictionary(f => f.Key, f => (session.Package.ReadTensor(f.Value), f.Value.Shape.ToArray()));
        var actual = session.Run(session.Package.ReadTensor(golden.Input), [.. golden.Input.Shape], golden.Output!, others);
        if (actual.Length != expected.Length)
        {
            return (new(double.PositiveInfinity, 0, 0), false);
        }

        var greatest = 0.0;
        for (var i = 0; i < actual.Length; i++)
        {
            var difference = Math.Abs((double)actual[i] - expected[i]);
            greatest = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(greatest, difference);
        }

        var agreement = Agreement(actual, expected, golden.Expected!.Shape);
        return (new(greatest, agreement, 0), greatest <= golden.AbsoluteTolerance && agreement >= (golden.LabelAgreement ?? 0));
    }

    private static (GoldenDifference Difference, bool Fits) CompareImage(ModelSession session, GoldenCase golden, CancellationToken ct)
    {
        var values = session.Package.ReadTensor(golden.Input);
        if (golden.Input.Type != "float32")
        {
            TensorPrimitives.Divide(values, ushort.MaxValue, values);
        }

        var (rows, columns) = (checked((int)golden.Input.Shape[^2]), checked((int)golden.Input.Shape[^1]));
        var image = golden.Input.Shape.Count == 2
            ? new PlanarImage(rows, columns, values)
            : new PlanarImage(rows, columns, values[..(rows * columns)]) { Colours = [.. values.Chunk(rows * columns)] };
        var found = ImageEngine.Run(image, session, (_, _) => { }, ct);
        return CompareNumbers(found.Numbers, golden);
    }

    private static (GoldenDifference Difference, bool Fits) CompareNumbers(IReadOnlyList<double> numbers, GoldenCase golden)
    {
        var greatest = numbers.Zip((golden.ExpectedValues ?? golden.ExpectedProbabilities)!, (a, b) => Math.Abs(a - b)).Max();
        return (new(greatest, 1, 0), greatest <= golden.AbsoluteTolerance);
    }

    private static (GoldenDifference Difference, bool Fits) CompareVolume(
        ModelSession session, GoldenCase golden, int threads, CancellationToken ct)
    {
        if (session.Package.Manifest.IsWhole)
        {
            var said = VolumeEngine.Run(VolumeOf(session, golden), session, threads, (_, _) => { }, ct, FurtherOf(session, golden));
            return CompareNumbers(said.Numbers, golden);
        }

        var found = FindingsIn(session, golden, threads, ct)
            .DistinctBy(f => f.Concept.Value)
            .ToDictionary(f => f.Concept.Value, f => f.Measurements[0].Value, StringComparer.Ordinal);
        var greatest = golden.ExpectedMm3!.Max(e => Math.Abs(found.GetValueOrDefault(e.Key) - e.Value) / e.Value);
        return (new(0, 1, greatest), greatest <= golden.RelativeTolerance);
    }

    private static (GoldenDifference Difference, bool Fits) CompareDetections(
        ModelSession session, GoldenCase golden, int threads, CancellationToken ct)
    {
        var found = FindingsIn(session, golden, threads, ct);
        if (found.Count != golden.ExpectedDetections!.Count)
        {
            return (new(double.PositiveInfinity, 0, 0), false);
        }

        var greatest = found.Zip(golden.ExpectedDetections).Select(Difference).Append(0).Max();
        return (new(greatest, 1, 0), greatest <= golden.ToleranceMm);

        static double Difference((Finding Found, GoldenDetection Expected) pair)
        {
            var centre = pair.Found.CentreMm!.Zip(pair.Expected.CentreMm, (a, b) => Math.Abs(a - b)).Max();
            var volume = pair.Found.Measurements.FirstOrDefault(m => m.Unit.Value == "mm3")?.Value;
            var diameter = volume is { } mm3
                ? RegionMeasure.DiameterOf(mm3)
                : pair.Found.Measurements.First(m => m.Unit.Value == "mm").Value;
            return Math.Max(centre, Math.Abs(diameter - pair.Expected.DiameterMm));
        }
    }

    private static IReadOnlyList<Finding> FindingsIn(ModelSession session, GoldenCase golden, int threads, CancellationToken ct)
    {
        var labelled = SegmentationEngine.Run(
            VolumeOf(session, golden), session, threads, (_, _) => { }, ct, asked: null, FurtherOf(session, golden));
        return Findings.Of(labelled, session.Package.Manifest, Guid.Empty, "");
    }

    private static Volume VolumeOf(ModelSession session, GoldenCase golden) => new(GridOf(golden), session.Package.ReadTensor(golden.Input));

    /// <summary>The further inputs of a case lie on the grid of its input.</summary>
    private static List<FurtherVolume> FurtherOf(ModelSession session, GoldenCase golden) =>
    [
        .. (golden.FurtherInputs ?? new Dictionary<string, GoldenTensor>()).Select(given =>
        {
            var (grid, values) = (GridOf(golden), session.Package.ReadTensor(given.Value));
            return session.Package.Manifest.FurtherInputs!.Single(f => f.Name == given.Key).IsOfRun
                ? new FurtherVolume(given.Key) { LabelGrid = grid, Labels = Array.ConvertAll(values, v => (byte)v) }
                : new FurtherVolume(given.Key) { Volume = new Volume(grid, values) };
        }),
    ];

    private static Grid GridOf(GoldenCase golden)
    {
        int[] shape = [.. golden.Input.Shape.Select(n => checked((int)n))];
        return new Grid(shape[0], shape[1], shape[2], Affine.Axial(golden.SpacingMm![0], golden.SpacingMm[1], golden.SpacingMm[2], new Vector3D(0, 0, 0)));
    }

    /// <summary>Fraction of voxels whose greatest class is the same; shape [batch, class, …].</summary>
    private static double Agreement(float[] actual, float[] expected, IReadOnlyList<long> shape)
    {
        if (shape.Count < 3)
        {
            return 1;
        }

        var classes = (int)shape[1];
        var voxels = (int)shape.Skip(2).Aggregate(1L, (product, n) => product * n);
        long same = 0;
        for (var b = 0; b < shape[0]; b++)
        {
            for (var v = 0; v < voxels; v++)
            {
                var at = (b * classes * voxels) + v;
                same += Greatest(actual, at) == Greatest(expected, at) ? 1 : 0;
            }
        }

        return (double)same / (shape[0] * voxels);

        int Greatest(float[] values, int at)
        {
            var greatest = 0;
            for (var c = 1; c < classes; c++)
            {
                greatest = values[at + (c * voxels)] > values[at + (greatest * voxels)] ? c : greatest;
            }

            return greatest;
        }
    }
}

/// <summary>How far a golden case is from what its author saw.</summary>
/// <param name="GreatestAbsolute">Of all elements of a tensor; of all centres and diameters of detections, in millimetres; of all
/// probabilities of an image.</param>
/// <param name="LabelAgreement">Fraction of a tensor's voxels with the same greatest class.</param>
/// <param name="GreatestRelative">Of all measurements of a volume.</param>
public sealed record GoldenDifference(double GreatestAbsolute, double LabelAgreement, double GreatestRelative);
