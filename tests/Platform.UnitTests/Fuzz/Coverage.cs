using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace Platform.UnitTests.Fuzz;

/// <summary>Which branches an input reached, where the libraries are instrumented (<see cref="FuzzTests.CoverageVariable"/>).</summary>
internal static unsafe class Coverage
{
    private const int Bytes = 1 << 16;

    private static readonly byte* Reached = (byte*)NativeMemory.AllocZeroed(Bytes);
    private static readonly byte[] Seen = new byte[Bytes];

    public static bool IsOn { get; } = Environment.GetEnvironmentVariable(FuzzTests.CoverageVariable) == "1";

    /// <summary>Instrumented code writes through this pointer from its first call on.</summary>
    public static void Start()
    {
        if (IsOn)
        {
            Trace.SharedMem = Reached;
        }
    }

    public static void Clear()
    {
        if (IsOn)
        {
            new Span<byte>(Reached, Bytes).Clear();
            Trace.PrevLocation = 0;
        }
    }

    /// <summary>Since <see cref="Clear"/> a branch was reached that never was before, or far more often.</summary>
    public static bool IsNew()
    {
        var isNew = false;
        if (!IsOn)
        {
            return isNew;
        }

        var reached = new ReadOnlySpan<byte>(Reached, Bytes);
        var at = 0;
        while (reached[at..].IndexOfAnyExcept((byte)0) is var next and >= 0)
        {
            at += next;
            var often = (byte)(1 << int.Log2(reached[at]));
            isNew |= (Seen[at] & often) == 0;
            Seen[at] |= often;
            if (++at == Bytes)
            {
                break;
            }
        }

        return isNew;
    }
}
