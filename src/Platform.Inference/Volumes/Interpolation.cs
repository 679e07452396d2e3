namespace Platform.Inference.Volumes;

/// <summary>How a value between voxels is found. Beyond the outermost voxels the outermost values go on.</summary>
public enum Interpolation
{
    /// <summary>The nearest voxel; of two equally near along an axis the upper one.</summary>
    Nearest,

    /// <summary>Linear along each axis, between the two neighbours.</summary>
    Linear,

    /// <summary>The cubic B-spline (C², along each axis) that passes through every voxel.</summary>
    Cubic,
}
