namespace Platform.Dicom.Volumes;

/// <summary>A point or direction in patient space: LPS, millimetres (PS3.3 §C.7.6.2.1.1).</summary>
public readonly record struct Vector3D(double X, double Y, double Z)
{
    /// <summary>Euclidean length.</summary>
    public double Length => Math.Sqrt(Dot(this));

    /// <summary>Whether no component is NaN or infinite.</summary>
    public bool IsFinite => double.IsFinite(X) && double.IsFinite(Y) && double.IsFinite(Z);

    public static Vector3D operator +(Vector3D a, Vector3D b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z);

    public static Vector3D operator -(Vector3D a, Vector3D b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z);

    public static Vector3D operator *(Vector3D a, double factor) => new(a.X * factor, a.Y * factor, a.Z * factor);

    public static Vector3D Add(Vector3D left, Vector3D right) => left + right;

    public static Vector3D Subtract(Vector3D left, Vector3D right) => left - right;

    public static Vector3D Multiply(Vector3D left, double right) => left * right;

    public double Dot(Vector3D other) => (X * other.X) + (Y * other.Y) + (Z * other.Z);

    public Vector3D Cross(Vector3D other) => new(
        (Y * other.Z) - (Z * other.Y),
        (Z * other.X) - (X * other.Z),
        (X * other.Y) - (Y * other.X));

    /// <summary>The same direction with length 1; a zero vector becomes NaN.</summary>
    public Vector3D Normalized() => this * (1 / Length);
}
