using Platform.Dicom.Volumes;

namespace Platform.Inference.Volumes;

/// <summary>Patient directions to which x, y and z of an array grow, from three letters such as <c>LPS</c> or <c>RAS</c>.</summary>
/// <param name="X">Unit vector in LPS.</param>
/// <param name="Y">Unit vector in LPS.</param>
/// <param name="Z">Unit vector in LPS.</param>
public readonly record struct OrientationCode(Vector3D X, Vector3D Y, Vector3D Z)
{
    /// <summary>To the left, to posterior, to the head: DICOM's patient axes (PS3.3 §C.7.6.2.1.1).</summary>
    public static OrientationCode Lps { get; } = new(new(1, 0, 0), new(0, 1, 0), new(0, 0, 1));

    /// <summary>The code of three letters; LPS when null.</summary>
    /// <exception cref="FormatException">The letters do not name the three patient axes once each.</exception>
    public static OrientationCode Parse(string? letters) =>
        TryParse(letters, out var code) ? code : throw new FormatException("An orientation is three letters such as LPS.");

    /// <summary>False unless the letters name the three patient axes once each.</summary>
    public static bool TryParse(string? letters, out OrientationCode code)
    {
        code = Lps;
        if (letters is null)
        {
            return true;
        }

        if (letters.Length != 3 || letters.Select(Axis).Distinct().Count() != 3 || letters.Any(l => Axis(l) < 0))
        {
            return false;
        }

        code = new(Direction(letters[0]), Direction(letters[1]), Direction(letters[2]));
        return true;
    }

    private static int Axis(char letter) => letter switch
    {
        'L' or 'R' => 0,
        'P' or 'A' => 1,
        'S' or 'I' => 2,
        _ => -1,
    };

    private static Vector3D Direction(char letter) => letter switch
    {
        'L' => new(1, 0, 0),
        'R' => new(-1, 0, 0),
        'P' => new(0, 1, 0),
        'A' => new(0, -1, 0),
        'S' => new(0, 0, 1),
        _ => new(0, 0, -1),
    };
}
