using System.Runtime.InteropServices;
using System.Text;

namespace Platform.Benchmarks.Files;

/// <summary>
/// An ONNX graph with the convolutions, poolings and joins of DenseNet-121 (Huang et al. 2017), of one channel in, two classes and a map of evidence
/// out, without normalisation and with seeded random weights: it takes as long as models of chest X-rays take, and knows nothing.
/// </summary>
internal sealed class DenseGraph
{
    private const int Growth = 32;
    private static readonly int[] Blocks = [6, 12, 24, 16];

    private readonly MemoryStream graph = new();
    private readonly Random random = new(121);
    private int size;

    private DenseGraph(int size) => this.size = size;

    /// <summary>Multiplications and additions of one image, in 10⁹.</summary>
    public double Gmac { get; private set; }

    /// <summary>Writes the model: <c>image</c> [batch, 1, size, size] in, <c>logits</c> [batch, 2] and <c>heat</c> [batch, 1, size / 32, size / 32] out.</summary>
    public static (byte[] Model, double Gmac) Write(int size)
    {
        var dense = new DenseGraph(size);
        dense.Add();
        dense.Field(11, Value("image", 1, size, size));
        dense.Field(12, Value("logits", 2));
        dense.Field(12, Value("heat", 1, size / 32, size / 32));
        using var model = new MemoryStream();
        Varint(model, 1, 8); // IR version
        Bytes(model, 8, [0x10, 17]); // operators of version 17
        Bytes(model, 7, dense.graph.ToArray());
        return (model.ToArray(), dense.Gmac);
    }

    private void Add()
    {
        Field(2, Encoding.UTF8.GetBytes("dense"));
        var at = Relu(Convolution("image", 1, 64, 7, 2));
        size /= 2;
        at = Node("MaxPool", [at], ("kernel_shape", [3, 3]), ("strides", [2, 2]), ("pads", [1, 1, 1, 1]));
        var channels = 64;
        for (var block = 0; block < Blocks.Length; block++)
        {
            for (var layer = 0; layer < Blocks[block]; layer++)
            {
                var narrow = Relu(Convolution(Relu(at), channels, 4 * Growth, 1, 1));
                at = Node("Concat", [at, Convolution(narrow, 4 * Growth, Growth, 3, 1)], ("axis", [1]));
                channels += Growth;
            }

            if (block < Blocks.Length - 1)
            {
                at = Convolution(Relu(at), channels, channels / 2, 1, 1);
                at = Node("AveragePool", [at], ("kernel_shape", [2, 2]), ("strides", [2, 2]));
                (channels, size) = (channels / 2, size / 2);
            }
        }

        at = Relu(at);
        Node("Sigmoid", [Convolution(at, channels, 1, 1, 1)], "heat");
        var mean = Node("Flatten", [Node("GlobalAveragePool", [at])], ("axis", [1]));
        Node("Gemm", [mean, Weights([2, channels], channels)], "logits", ("transB", [1]));
    }

    /// <summary>Of an odd kernel with as much padding as keeps the size at a stride of 1.</summary>
    private string Convolution(string from, int channels, int kernels, int kernel, int stride)
    {
        var pad = kernel / 2;
        size = stride == 2 ? size / 2 : size;
        Gmac += (double)channels * kernels * kernel * kernel * size * size / 1e9;
        return Node(
            "Conv", [from, Weights([kernels, channels, kernel, kernel], channels * kernel * kernel)],
            ("kernel_shape", [kernel, kernel]), ("strides", [stride, stride]), ("pads", [pad, pad, pad, pad]));
    }

    private string Relu(string from) => Node("Relu", [from]);

    private string Node(string kind, string[] from, params (string Name, long[] Values)[] attributes) => Node(kind, from, $"t{graph.Length}", attributes);

    private string Node(string kind, string[] from, string to, params (string Name, long[] Values)[] attributes)
    {
        using var node = new MemoryStream();
        foreach (var name in from)
        {
            Bytes(node, 1, Encoding.UTF8.GetBytes(name));
        }

        Bytes(node, 2, Encoding.UTF8.GetBytes(to));
        Bytes(node, 4, Encoding.UTF8.GetBytes(kind));
        foreach (var (name, values) in attributes)
        {
            using var attribute = new MemoryStream();
            var isOne = name is "axis" or "transB";
            Bytes(attribute, 1, Encoding.UTF8.GetBytes(name));
            foreach (var value in values)
            {
                Varint(attribute, isOne ? 3 : 8, (ulong)value);
            }

            Varint(attribute, 20, isOne ? 2UL : 7); // an integer, or some
            Bytes(node, 5, attribute.ToArray());
        }

        Field(1, node.ToArray());
        return to;
    }

    /// <summary>Of such a spread that what comes out of a layer is about as large as what goes in (He et al. 2015).</summary>
    private string Weights(int[] shape, int inputs)
    {
        var values = new float[shape.Aggregate(1, (product, n) => product * n)];
        var half = MathF.Sqrt(6f / inputs);
        foreach (ref var value in values.AsSpan())
        {
            value = ((2 * random.NextSingle()) - 1) * half;
        }

        var name = $"w{graph.Length}";
        using var tensor = new MemoryStream();
        foreach (var n in shape)
        {
            Varint(tensor, 1, (ulong)n);
        }

        Varint(tensor, 2, 1); // float32
        Bytes(tensor, 8, Encoding.UTF8.GetBytes(name));
        Bytes(tensor, 9, MemoryMarshal.AsBytes<float>(values));
        Field(5, tensor.ToArray());
        return name;
    }

    private void Field(int number, ReadOnlySpan<byte> content) => Bytes(graph, number, content);

    /// <summary>A float32 tensor [batch, …].</summary>
    private static byte[] Value(string name, params int[] shape)
    {
        using var dimensions = new MemoryStream();
        Bytes(dimensions, 1, [0x12, 5, .. "batch"u8]);
        foreach (var n in shape)
        {
            using var dimension = new MemoryStream();
            Varint(dimension, 1, (ulong)n);
            Bytes(dimensions, 1, dimension.ToArray());
        }

        using var tensor = new MemoryStream();
        Varint(tensor, 1, 1);
        Bytes(tensor, 2, dimensions.ToArray());
        using var type = new MemoryStream();
        Bytes(type, 1, tensor.ToArray());
        using var value = new MemoryStream();
        Bytes(value, 1, Encoding.UTF8.GetBytes(name));
        Bytes(value, 2, type.ToArray());
        return value.ToArray();
    }

    // Protocol buffers: a field's number and kind, then a number of 7 bits a byte, or a length and its bytes.
    private static void Varint(MemoryStream to, int number, ulong value)
    {
        Number(to, (ulong)number << 3);
        Number(to, value);
    }

    private static void Bytes(MemoryStream to, int number, ReadOnlySpan<byte> content)
    {
        Number(to, ((ulong)number << 3) | 2);
        Number(to, (ulong)content.Length);
        to.Write(content);
    }

    private static void Number(MemoryStream to, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            to.WriteByte((byte)(value | 0x80));
        }

        to.WriteByte((byte)value);
    }
}
