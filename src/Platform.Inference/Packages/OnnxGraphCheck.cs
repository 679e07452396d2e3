namespace Platform.Inference.Packages;

/// <summary>
/// Walks the protocol buffers of an ONNX model before any native code reads it, and refuses what the engine must not load:
/// data outside the file, operators outside the standard's domain, functions and training graphs, too many or too deep graphs.
/// </summary>
/// <remarks>Iterative; looks at every occurrence of a field, since protocol buffers merge repeated messages.</remarks>
public static class OnnxGraphCheck
{
    private const int MaxNodes = 100_000;
    private const int MaxDepth = 16;

    private enum Message
    {
        Model,
        Opset,
        Graph,
        Node,
        Attribute,
        Tensor,
        SparseTensor,
    }

    /// <summary>Returns when the model may be loaded.</summary>
    /// <exception cref="PackageRefusedException">It may not; the code is <c>not-onnx</c>, <c>external-data</c>, <c>custom-operator</c>,
    /// <c>model-function</c>, <c>training-graph</c> or <c>oversize-graph</c>.</exception>
    public static void ThrowIfRefused(ReadOnlySpan<byte> model)
    {
        var pending = new Stack<(Message Kind, int Start, int Length, int Depth)>();
        pending.Push((Message.Model, 0, model.Length, 0));
        var (nodes, graphs) = (0, 0);
        while (pending.TryPop(out var next))
        {
            if (next.Depth > MaxDepth)
            {
                throw new PackageRefusedException("oversize-graph", $"The model nests graphs deeper than {MaxDepth}.");
            }

            nodes += next.Kind == Message.Node ? 1 : 0;
            graphs += next.Kind == Message.Graph ? 1 : 0;
            if (nodes > MaxNodes)
            {
                throw new PackageRefusedException("oversize-graph", $"The model has more than {MaxNodes} operators.");
            }

            var fields = new ProtocolReader(model.Slice(next.Start, next.Length));
            while (fields.TryRead())
            {
                Check(next.Kind, fields);
                if (Child(next.Kind, fields.Number) is { } child && fields.IsBytes)
                {
                    var depth = next.Depth + (child == Message.Graph ? 1 : 0);
                    pending.Push((child, next.Start + fields.ValueStart, fields.Value.Length, depth));
                }
            }
        }

        if (graphs == 0 || nodes == 0)
        {
            throw NotOnnx();
        }
    }

    // Field numbers of onnx.proto3.
    private static Message? Child(Message kind, int field) => (kind, field) switch
    {
        (Message.Model, 7) => Message.Graph,
        (Message.Model, 8) => Message.Opset,
        (Message.Graph, 1) => Message.Node,
        (Message.Graph, 5) => Message.Tensor,
        (Message.Graph, 15) => Message.SparseTensor,
        (Message.Node, 5) => Message.Attribute,
        (Message.Attribute, 5 or 10) => Message.Tensor,
        (Message.Attribute, 6 or 11) => Message.Graph,
        (Message.Attribute, 22 or 23) => Message.SparseTensor,
        (Message.SparseTensor, 1 or 2) => Message.Tensor,
        _ => null,
    };

    private static void Check(Message kind, in ProtocolReader field)
    {
        switch (kind, field.Number)
        {
            case (Message.Model, 20):
                throw new PackageRefusedException("training-graph", "The model carries a training graph; export it for inference.");
            case (Message.Model, 25):
                throw new PackageRefusedException("model-function", "The model defines functions of its own; export it with them inlined.");
            case (Message.Opset, 1) when !IsStandard(field.Value):
            case (Message.Node, 7) when !IsStandard(field.Value):
                throw new PackageRefusedException(
                    "custom-operator", "The model uses operators outside ONNX's own set; export it with standard operators.");
            case (Message.Tensor, 13):
            case (Message.Tensor, 14) when field.IsBytes || field.Number64 != 0:
                throw new PackageRefusedException("external-data", "The model keeps weights outside its file; save it with all data inside.");
        }
    }

    private static bool IsStandard(ReadOnlySpan<byte> domain) => domain.IsEmpty || domain.SequenceEqual("ai.onnx"u8);

    private static PackageRefusedException NotOnnx() => new("not-onnx", "model.onnx is not an ONNX model.");

    /// <summary>One field after the other of one message.</summary>
    private ref struct ProtocolReader(ReadOnlySpan<byte> message)
    {
        private readonly ReadOnlySpan<byte> message = message;
        private int position;

        public int Number { get; private set; }

        public bool IsBytes { get; private set; }

        public ulong Number64 { get; private set; }

        public int ValueStart { get; private set; }

        public ReadOnlySpan<byte> Value { get; private set; }

        public bool TryRead()
        {
            if (position == message.Length)
            {
                return false;
            }

            var key = Varint();
            if (key >> 3 is 0 or > 0x1FFF_FFFF)
            {
                throw NotOnnx();
            }

            Number = (int)(key >> 3);
            IsBytes = false;
            Number64 = 0;
            Value = default;
            switch (key & 7)
            {
                case 0:
                    Number64 = Varint();
                    return true;
                case 1:
                    Skip(8);
                    return true;
                case 2:
                    var length = Varint();
                    ValueStart = position;
                    Skip(length);
                    IsBytes = true;
                    Value = message[ValueStart..position];
                    return true;
                case 5:
                    Skip(4);
                    return true;
                default:
                    throw NotOnnx();
            }
        }

        private void Skip(ulong length)
        {
            if (length > (ulong)(message.Length - position))
            {
                throw NotOnnx();
            }

            position += (int)length;
        }

        private ulong Varint()
        {
            ulong value = 0;
            for (var shift = 0; shift < 64; shift += 7)
            {
                if (position == message.Length)
                {
                    throw NotOnnx();
                }

                var b = message[position++];
                value |= (ulong)(b & 0x7F) << shift;
                if (b < 0x80)
                {
                    return value;
                }
            }

            throw NotOnnx();
        }
    }
}
