using System.Text;
using static Platform.UnitTests.Inference.TestPackages;

namespace Platform.UnitTests.Inference;

/// <summary>ONNX models written byte by byte: what an exporter would write, and what none would.</summary>
internal static class OnnxBytes
{
    public static byte[] IrVersion { get; } = Number(1, 8);

    public static byte[] Opset { get; } = Field(8, Number(2, 17));

    /// <summary>Relu from <c>image</c> to <c>logits</c>, which a manifest can name.</summary>
    public static byte[] Relu { get; } = Field(1, [.. Text(1, "image"), .. Text(2, "logits"), .. Text(4, "Relu")]);

    /// <summary>The graph's input and output, [1, 1, z, y, x] and [1, 2, z, y, x] float32.</summary>
    public static byte[] Ends { get; } = [.. Field(11, Value("image", 1, 1, 8, 8, 8)), .. Field(12, Value("logits", 1, 2, 8, 8, 8))];

    /// <summary>A whole model: Relu, and more fields of its graph.</summary>
    public static byte[] Model(params byte[] graph) => Bare([.. Relu, .. Ends, .. graph]);

    /// <summary>A whole model of this graph.</summary>
    public static byte[] Bare(params byte[] graph) => [.. IrVersion, .. Opset, .. Field(7, graph)];

    /// <summary>A model with an operator that has this attribute.</summary>
    public static byte[] WithAttribute(params byte[] attribute) => Model(Field(1, [.. Text(2, "x"), .. Text(4, "Constant"), .. Field(5, attribute)]));

    public static byte[] Text(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    /// <summary>A number that may be negative or need 64 bits.</summary>
    public static byte[] Long(int number, long value)
    {
        var bytes = new List<byte> { (byte)(number << 3) };
        var rest = (ulong)value;
        for (; rest >= 0x80; rest >>= 7)
        {
            bytes.Add((byte)(rest | 0x80));
        }

        bytes.Add((byte)rest);
        return [.. bytes];
    }

    /// <summary>A float32 tensor with this data, as its raw bytes.</summary>
    public static byte[] Tensor(long[] shape, int rawBytes, byte type = 1) =>
        [.. Shape(1, shape), .. Number(2, type), .. Text(8, "weights"), .. Field(9, new byte[rawBytes])];

    /// <summary>Lengths as the field with this number.</summary>
    public static byte[] Shape(int number, params long[] shape) => [.. shape.SelectMany(n => Long(number, n))];

    /// <summary>A name with a float32 tensor type.</summary>
    public static byte[] Value(string name, params long[] shape) =>
        [.. Text(1, name), .. Field(2, Field(1, [.. Number(1, 1), .. Field(2, [.. shape.SelectMany(n => Field(1, Long(1, n)))])]))];

    /// <summary>What says that a tensor's data lie in another file.</summary>
    public static byte[] Elsewhere(string location) => Field(13, [.. Text(1, "location"), .. Text(2, location)]);
}
