using Platform.Dicom.Volumes;

namespace Platform.Inference.Volumes;

/// <summary>Maps an index (x, y, z) of one grid to a fractional index of another.</summary>
internal sealed class GridMap
{
    private readonly Vector3D origin;
    private readonly Vector3D[] steps;

    /// <param name="tolerance">Voxels over the whole length of an axis: what lies less far beside another axis runs along it.</param>
    public GridMap(Grid from, Grid to, double tolerance)
    {
        origin = Snapped(to.Affine.ToIndex(from.Affine.Origin));
        var sizes = new[] { from.Width, from.Height, from.Depth };
        Vector3D[] patientSteps = [from.Affine.ColumnStep, from.Affine.RowStep, from.Affine.SliceStep];
        steps = [.. patientSteps.Select((step, axis) =>
            Cleaned(to.Affine.ToIndex(from.Affine.Origin + step) - to.Affine.ToIndex(from.Affine.Origin), tolerance / Math.Max(1, sizes[axis])))];
        Axes = AxesOf(steps);
    }

    /// <summary>For x, y and z of the first grid the axis of the second (0 x, 1 y, 2 z) that it runs along; null when they are not parallel.</summary>
    public int[]? Axes { get; }

    public Vector3D Origin => origin;

    public Vector3D Step(int axis) => steps[axis];

    /// <summary>Fractional index along the parallel axis, for each index along <paramref name="axis"/>. Whole numbers come out whole.</summary>
    public double[] Positions(int axis, int count)
    {
        var along = Axes![axis];
        var (start, step) = (Component(origin, along), Component(steps[axis], along));
        var positions = new double[count];
        for (var i = 0; i < count; i++)
        {
            positions[i] = Snap(start + (step * i));
        }

        return positions;
    }

    private static int[]? AxesOf(Vector3D[] steps)
    {
        var axes = new int[3];
        for (var i = 0; i < 3; i++)
        {
            var along = Enumerable.Range(0, 3).Where(a => Component(steps[i], a) != 0).ToArray();
            if (along.Length != 1)
            {
                return null;
            }

            axes[i] = along[0];
        }

        return axes.Distinct().Count() == 3 ? axes : null;
    }

    private static double Component(Vector3D v, int axis) => axis switch { 0 => v.X, 1 => v.Y, _ => v.Z };

    private static Vector3D Cleaned(Vector3D step, double limit) => new(
        Math.Abs(step.X) < limit ? 0 : step.X, Math.Abs(step.Y) < limit ? 0 : step.Y, Math.Abs(step.Z) < limit ? 0 : step.Z);

    private static Vector3D Snapped(Vector3D v) => new(Snap(v.X), Snap(v.Y), Snap(v.Z));

    private static double Snap(double value) => Math.Abs(value - Math.Round(value)) < 1e-8 ? Math.Round(value) : value;
}
