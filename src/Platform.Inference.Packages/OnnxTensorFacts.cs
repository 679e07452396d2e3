namespace Platform.Inference.Packages;

/// <summary>What a tensor, a sparse tensor or a declared shape says of its size, gathered while its fields are read.</summary>
internal sealed class OnnxTensorFacts
{
    /// <summary>Bytes of one tensor, and of all tensors of a model as the runtime holds them: what a package may hold.</summary>
    public const long MaxBytes = 1L << 30;

    private const long MaxDeclaredElements = int.MaxValue; // a volume of 1,290 voxels each way
    private const int MaxRank = 16;
    private const int MostBytesOfElement = 16;

    private int _rank;
    private long _elements = 1;
    private bool _holdsNothing;

    public int DataType { get; set; }

    public long RawBytes { get; set; }

    public bool HasRaw { get; set; }

    public long Singles { get; set; }

    public long Int32s { get; set; }

    public long Texts { get; set; }

    public long Int64s { get; set; }

    public long Doubles { get; set; }

    public long UInt64s { get; set; }

    /// <summary>Ready for the next tensor.</summary>
    public void Clear()
    {
        (_rank, _elements, _holdsNothing, DataType, RawBytes, HasRaw) = (0, 1, false, 0, 0, false);
        (Singles, Int32s, Texts, Int64s, Doubles, UInt64s) = (0, 0, 0, 0, 0, 0);
    }

    /// <exception cref="PackageRefusedException"><c>shape-rank</c>, <c>shape-negative</c> or <c>shape-overflow</c>.</exception>
    public void AddDimension(long length)
    {
        if (++_rank > MaxRank)
        {
            throw new PackageRefusedException("shape-rank", $"A tensor of the model has more than {MaxRank} dimensions.");
        }

        if (length < 0)
        {
            throw new PackageRefusedException("shape-negative", "A shape of the model has a negative length; give it a name or a number from 0.");
        }

        // Not multiplied by 0: a reader that overflows on the other lengths first would see another size.
        if (length > MaxDeclaredElements / _elements)
        {
            throw new PackageRefusedException("shape-overflow", $"A shape of the model has more than {MaxDeclaredElements} elements.");
        }

        _elements *= Math.Max(1, length);
        _holdsNothing |= length == 0;
    }

    /// <summary>Bytes of a sparse tensor once the runtime has filled it, by the widest element.</summary>
    public long DenseBytes => _elements * MostBytesOfElement;

    /// <summary>Checks a tensor's type and that its data is exactly what its shape says.</summary>
    /// <returns>Bytes that the runtime needs for it.</returns>
    /// <exception cref="PackageRefusedException"><c>tensor-type</c>, <c>shape-overflow</c> or <c>shape-data</c>.</exception>
    public long CheckData()
    {
        var elements = _holdsNothing ? 0 : _elements;
        if (Storage(elements) is not var (bits, typed, entries))
        {
            throw new PackageRefusedException("tensor-type", "A tensor of the model has a type of element that ONNX does not know.");
        }

        var bytes = ((elements * bits) + 7) / 8;
        if (bytes > MaxBytes)
        {
            throw new PackageRefusedException("shape-overflow", $"A tensor of the model is larger than {MaxBytes >> 20} MiB.");
        }

        var all = Singles + Int32s + Texts + Int64s + Doubles + UInt64s;
        var fits = HasRaw
            ? all == 0 && RawBytes == bytes && DataType != 8
            : all == typed && typed == entries;
        return fits ? bytes : throw new PackageRefusedException(
            "shape-data", "A tensor of the model holds more or less data than its shape says; export the model again.");
    }

    /// <summary>Bits of one element, the entries found in the field that holds its type, and the entries that there should be.</summary>
    private (int Bits, long Found, long Needed)? Storage(long n) => DataType switch
    {
        1 => (32, Singles, n), // FLOAT
        2 or 3 or 9 => (8, Int32s, n), // UINT8, INT8, BOOL
        4 or 5 or 10 or 16 => (16, Int32s, n), // UINT16, INT16, FLOAT16, BFLOAT16
        6 => (32, Int32s, n), // INT32
        7 => (64, Int64s, n), // INT64
        8 => (256, Texts, n), // STRING, as the runtime holds it
        11 => (64, Doubles, n), // DOUBLE
        12 => (32, UInt64s, n), // UINT32
        13 => (64, UInt64s, n), // UINT64
        14 => (64, Singles, 2 * n), // COMPLEX64
        15 => (128, Doubles, 2 * n), // COMPLEX128
        >= 17 and <= 20 or 24 => (8, Int32s, n), // FLOAT8…
        >= 21 and <= 23 => (4, Int32s, (n + 1) / 2), // UINT4, INT4, FLOAT4E2M1
        25 or 26 => (2, Int32s, (n + 3) / 4), // UINT2, INT2
        _ => null,
    };
}
