namespace Platform.Inference.Packages;

/// <summary>How a field of a protocol buffer stands in its bytes.</summary>
internal enum OnnxWire
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>One field of a protocol buffer.</summary>
/// <param name="Number">1 to 2^29 - 1.</param>
/// <param name="Varint">The value of a varint; else 0.</param>
/// <param name="Start">Where the value's bytes begin, of a field of bytes.</param>
/// <param name="Length">How many they are.</param>
internal readonly record struct OnnxField(int Number, OnnxWire Wire, ulong Varint, int Start, int Length);

/// <summary>Reads protocol buffers field by field, and only in the one form that every writer gives them: no groups, no padded numbers.</summary>
/// <remarks>What readers of other makes could take differently is refused: a second reading of the same bytes must see the same model.</remarks>
internal static class OnnxReader
{
    /// <summary>Reads the field at <paramref name="position"/> of a message that ends before <paramref name="end"/>.</summary>
    /// <exception cref="PackageRefusedException"><c>not-onnx</c>, or <c>onnx-truncated</c> where the field is longer than its message.</exception>
    public static OnnxField Read(ReadOnlySpan<byte> bytes, ref int position, int end)
    {
        var key = Varint(bytes, ref position, end, isMinimal: true);
        var (number, wire) = (key >> 3, (OnnxWire)(key & 7));
        if (number is 0 or > 0x1FFF_FFFF)
        {
            throw NotOnnx();
        }

        switch (wire)
        {
            case OnnxWire.Varint:
                return new((int)number, wire, Varint(bytes, ref position, end, isMinimal: false), 0, 0);
            case OnnxWire.Fixed64 or OnnxWire.Fixed32:
                Skip(wire == OnnxWire.Fixed64 ? 8UL : 4UL, ref position, end);
                return new((int)number, wire, 0, 0, 0);
            case OnnxWire.Bytes:
                var length = Varint(bytes, ref position, end, isMinimal: true);
                var start = position;
                Skip(length, ref position, end);
                return new((int)number, wire, 0, start, (int)length);
            default:
                throw NotOnnx(); // a group: long out of use, and no field of ONNX is one
        }
    }

    /// <summary>A number of 1 to 10 bytes, 7 bits each, the lowest first.</summary>
    /// <param name="isMinimal">Refuses more bytes than the number needs, and numbers over 32 bits: keys and lengths.</param>
    public static ulong Varint(ReadOnlySpan<byte> bytes, ref int position, int end, bool isMinimal)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (position >= end)
            {
                throw Truncated();
            }

            var b = bytes[position++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return isMinimal && (value > uint.MaxValue || (b == 0 && shift > 0)) ? throw NotOnnx() : value;
            }
        }

        throw NotOnnx();
    }

    public static PackageRefusedException NotOnnx() =>
        new("not-onnx", "model.onnx is not an ONNX model, or was not written by a usual exporter; export it again.");

    private static void Skip(ulong length, ref int position, int end)
    {
        if (length > (ulong)(end - position))
        {
            throw Truncated();
        }

        position += (int)length;
    }

    private static PackageRefusedException Truncated() =>
        new("onnx-truncated", "model.onnx is cut off: a part of it is longer than what is left of the file; copy or export it again.");
}
