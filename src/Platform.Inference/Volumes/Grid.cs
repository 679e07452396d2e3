using Platform.Dicom.Volumes;

namespace Platform.Inference.Volumes;

/// <summary>Voxels in patient space. Arrays on a grid are [z, y, x], x fastest.</summary>
/// <param name="Depth">Voxels along z.</param>
/// <param name="Height">Voxels along y.</param>
/// <param name="Width">Voxels along x.</param>
/// <param name="Affine">Index (x, y, z) to LPS millimetres; integers are centres of voxels.</param>
public sealed record Grid(int Depth, int Height, int Width, Affine Affine)
{
    /// <summary>Number of voxels.</summary>
    public int Length => checked(Depth * Height * Width);

    /// <summary>Volume of a voxel in mm³.</summary>
    public double VoxelVolumeMm3 => Math.Abs(Affine.SignedVoxelVolumeMm3);

    /// <summary>
    /// The grid on which a model computes: about the same centre as <paramref name="source"/>, with the given axes and spacing, covering
    /// what the source covers; along an axis of n voxels of size s that is max(1, round(n·s / spacing)) voxels.
    /// </summary>
    /// <param name="followsPatient">True: exactly the patient's axes. False: the source's own axes (a sheared slice axis made
    /// perpendicular), permuted and flipped to the nearest of them.</param>
    /// <param name="spacingMm">Target voxel size x, y, z; null keeps the source's.</param>
    public static Grid ForModel(Grid source, OrientationCode orientation, bool followsPatient, IReadOnlyList<double>? spacingMm)
    {
        var steps = new[] { source.Affine.ColumnStep, source.Affine.RowStep, source.Affine.SliceStep };
        var wanted = new[] { orientation.X, orientation.Y, orientation.Z };
        var own = OwnDirections(steps);
        var order = Nearest(own, wanted);
        var counts = new[] { source.Width, source.Height, source.Depth };

        var newSteps = new Vector3D[3];
        var size = new int[3];
        for (var axis = 0; axis < 3; axis++)
        {
            var from = order[axis];
            var direction = followsPatient ? wanted[axis] : own[from] * (own[from].Dot(wanted[axis]) < 0 ? -1 : 1);
            var spacing = spacingMm?[axis] ?? steps[from].Length;
            var extent = Enumerable.Range(0, 3).Sum(i => Math.Abs(steps[i].Dot(direction)) * counts[i]);
            size[axis] = Math.Max(1, (int)Math.Round(extent / spacing));
            newSteps[axis] = direction * spacing;
        }

        var centre = source.Affine.ToPatient((source.Width - 1) / 2.0, (source.Height - 1) / 2.0, (source.Depth - 1) / 2.0);
        var origin = centre;
        for (var axis = 0; axis < 3; axis++)
        {
            origin -= newSteps[axis] * ((size[axis] - 1) / 2.0);
        }

        return new Grid(size[2], size[1], size[0], new Affine(newSteps[0], newSteps[1], newSteps[2], origin));
    }

    /// <summary>Unit directions of the three axes, the third perpendicular to the others on the side of the slices.</summary>
    private static Vector3D[] OwnDirections(Vector3D[] steps)
    {
        var x = steps[0].Normalized();
        var y = (steps[1] - (x * steps[1].Dot(x))).Normalized();
        var z = x.Cross(y);
        return [x, y, z.Dot(steps[2]) < 0 ? z * -1 : z];
    }

    /// <summary>For each wanted direction the own axis that lies along it, so that the three together fit best.</summary>
    private static int[] Nearest(Vector3D[] own, Vector3D[] wanted)
    {
        int[][] orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        return orders.MaxBy(order => Enumerable.Range(0, 3).Sum(i => Math.Abs(own[order[i]].Dot(wanted[i]))))!;
    }
}

/// <summary>A float volume on a grid, contiguous [z, y, x].</summary>
public sealed record Volume(Grid Grid, float[] Voxels);
