namespace Platform.Inference.Packages;

/// <summary>
/// Walks the protocol buffers of an ONNX model before any native code reads it, and refuses what the engine must not load:
/// data outside the file, operators outside the standard's domain, functions and training graphs, shapes that are no shapes or do not
/// fit their data, models that would cost more to read than their bytes suggest, and bytes that two readers could read differently.
/// </summary>
/// <remarks>
/// Iterative, with memory for the nesting alone. A field that may stand once and stands twice is refused: some readers merge, some take
/// the last. docs/model-packages.md says what to do for each code.
/// </remarks>
public static class OnnxGraphCheck
{
    private const int MaxNodes = 100_000;
    private const int MaxGraphDepth = 16;
    private const int MaxMessageDepth = 64;
    private const int MaxParts = 1_000_000; // messages, texts and numbers: each costs the runtime far more memory than bytes
    private const int MaxTextBytes = 64 << 10;
    private const int MaxProseBytes = 1 << 20;
    private const int MaxAllTextBytes = 64 << 20;
    private const int GreatestVersion = 1000; // of ONNX itself: what exists is told by the runtime, what is absurd here

    // ONNX Runtime takes bytes with this at their fifth place for its own format, in which nothing of this check holds.
    private static ReadOnlySpan<byte> OrtFormat => "ORTM"u8;

    /// <summary>Returns when the model may be loaded.</summary>
    /// <exception cref="PackageRefusedException">It may not; the code says why.</exception>
    public static void ThrowIfRefused(ReadOnlySpan<byte> model)
    {
        if (model.Length >= 8 && model[4..8].SequenceEqual(OrtFormat))
        {
            throw new PackageRefusedException("ort-format", "model.onnx is in ONNX Runtime's own format; save it as ONNX.");
        }

        new Walk().Over(model);
    }

    /// <summary>One message that is being read.</summary>
    private struct Frame
    {
        public OnnxMessage Message;
        public int End;
        public int GraphDepth;
        public int Choice;
        public uint Seen;
        public OnnxTensorFacts? Facts;
        public long Version;
    }

    private sealed class Walk
    {
        private readonly Frame[] _frames = new Frame[MaxMessageDepth];
        private int _depth = -1;
        private int _nodes;
        private int _parts;
        private long _textBytes;
        private long _tensorBytes;
        private bool _hasOpset;
        private bool _hasIrVersion;

        public void Over(ReadOnlySpan<byte> model)
        {
            Open(OnnxMessage.Model, model.Length, 0);
            var position = 0;
            while (_depth >= 0)
            {
                ref var frame = ref _frames[_depth];
                if (position == frame.End)
                {
                    Close(frame);
                    _depth--;
                    continue;
                }

                var field = OnnxReader.Read(model, ref position, frame.End);
                ThrowIfForbidden(frame.Message, field);
                if (OnnxFields.RuleOf(frame.Message, field.Number) is not { } rule)
                {
                    // A reader of a later ONNX would act on it, and this check could not say how.
                    throw new PackageRefusedException("unknown-field", "model.onnx holds a field that this version does not know; export it again.");
                }

                if (rule.Content == OnnxContent.Message)
                {
                    CheckOccurrence(ref frame, field, rule);
                    Open(rule.Child, field.Start + field.Length, frame.GraphDepth);
                    position = field.Start;
                }
                else
                {
                    CheckOccurrence(ref frame, field, rule);
                    ReadValue(ref frame, field, rule, model);
                }
            }

            ThrowUnlessWhole();
        }

        private static void ThrowIfForbidden(OnnxMessage message, in OnnxField field)
        {
            switch (message, field.Number)
            {
                case (OnnxMessage.Model, 20):
                    throw new PackageRefusedException("training-graph", "The model carries a training graph; export it for inference.");
                case (OnnxMessage.Model, 25):
                    throw new PackageRefusedException("model-function", "The model defines functions of its own; export it with them inlined.");
                case (OnnxMessage.Tensor, 13):
                case (OnnxMessage.Tensor, 14) when field.Wire != OnnxWire.Varint || field.Varint != 0:
                    throw new PackageRefusedException("external-data", "The model keeps weights outside its file; save it with all data inside.");
            }
        }

        private void Open(OnnxMessage message, int end, int graphDepth)
        {
            graphDepth += message == OnnxMessage.Graph ? 1 : 0;
            if (_depth + 1 == MaxMessageDepth || graphDepth > MaxGraphDepth)
            {
                throw new PackageRefusedException("graph-depth", $"The model nests graphs deeper than {MaxGraphDepth}, or types deeper still.");
            }

            Count(1);
            _nodes += message == OnnxMessage.Node ? 1 : 0;
            if (_nodes > MaxNodes)
            {
                throw new PackageRefusedException("graph-nodes", $"The model has more than {MaxNodes} operators.");
            }

            ref var frame = ref _frames[++_depth];
            var facts = frame.Facts;
            if (message is OnnxMessage.Tensor or OnnxMessage.SparseTensor or OnnxMessage.Shape)
            {
                facts ??= new OnnxTensorFacts();
                facts.Clear();
            }

            frame = new Frame { Message = message, End = end, GraphDepth = graphDepth, Facts = facts };
        }

        private static void CheckOccurrence(ref Frame frame, in OnnxField field, OnnxFieldRule rule)
        {
            if (!rule.Takes(field.Wire))
            {
                throw new PackageRefusedException("field-type", "A field of model.onnx holds another type than ONNX gives it; export the model again.");
            }

            var bit = 1u << field.Number;
            if ((!rule.IsList && (frame.Seen & bit) != 0) || (rule.Choice > 0 && frame.Choice > 0))
            {
                throw new PackageRefusedException(
                    "duplicate-field", "model.onnx gives a value twice, which readers take differently; export the model again.");
            }

            frame.Seen |= bit;
            frame.Choice = Math.Max(frame.Choice, rule.Choice);
        }

        private void ReadValue(ref Frame frame, in OnnxField field, OnnxFieldRule rule, ReadOnlySpan<byte> model)
        {
            switch (rule.Content)
            {
                case OnnxContent.Text:
                    CountText(field.Length, MaxTextBytes);
                    CheckDomain(ref frame, field, model);
                    if (frame.Message == OnnxMessage.Tensor && field.Number == 6)
                    {
                        frame.Facts!.Texts++;
                    }

                    break;
                case OnnxContent.Prose:
                    CountText(field.Length, MaxProseBytes);
                    break;
                case OnnxContent.Data:
                    (frame.Facts!.HasRaw, frame.Facts.RawBytes) = (true, field.Length);
                    break;
                case OnnxContent.Number:
                    ReadNumber(ref frame, field);
                    break;
                case OnnxContent.Numbers:
                    ReadNumbers(ref frame, field, model);
                    break;
                case OnnxContent.Singles:
                    var singles = EntriesOf(field, OnnxWire.Fixed32, sizeof(float));
                    if (frame.Message == OnnxMessage.Tensor)
                    {
                        frame.Facts!.Singles += singles;
                    }
                    else
                    {
                        Count(singles);
                    }

                    break;
                case OnnxContent.Doubles:
                    frame.Facts!.Doubles += EntriesOf(field, OnnxWire.Fixed64, sizeof(double));
                    break;
            }
        }

        private static void CheckDomain(ref Frame frame, in OnnxField field, ReadOnlySpan<byte> model)
        {
            if ((frame.Message, field.Number) is not ((OnnxMessage.Opset, 1) or (OnnxMessage.Node, 7)))
            {
                return;
            }

            var domain = model.Slice(field.Start, field.Length);
            if (!domain.IsEmpty && !domain.SequenceEqual("ai.onnx"u8))
            {
                throw new PackageRefusedException(
                    "custom-operator", "The model uses operators outside ONNX's own set; export it with standard operators.");
            }
        }

        private void ReadNumber(ref Frame frame, in OnnxField field)
        {
            switch (frame.Message, field.Number)
            {
                case (OnnxMessage.Tensor, 2):
                    frame.Facts!.DataType = field.Varint > int.MaxValue ? -1 : (int)field.Varint;
                    break;
                case (OnnxMessage.Dimension, 1):
                    _frames[_depth - 1].Facts!.AddDimension((long)field.Varint);
                    break;
                case (OnnxMessage.Opset, 2):
                    frame.Version = (long)field.Varint;
                    break;
                case (OnnxMessage.Model, 1):
                    _hasIrVersion = field.Varint is >= 3 and <= GreatestVersion;
                    break;
            }
        }

        private void ReadNumbers(ref Frame frame, in OnnxField field, ReadOnlySpan<byte> model)
        {
            var isShape = (frame.Message, field.Number) is (OnnxMessage.Tensor, 1) or (OnnxMessage.SparseTensor, 3);
            var entries = 1L;
            if (field.Wire == OnnxWire.Varint)
            {
                if (isShape)
                {
                    frame.Facts!.AddDimension((long)field.Varint);
                }
            }
            else
            {
                entries = 0;
                var (position, end) = (field.Start, field.Start + field.Length);
                for (; position < end; entries++)
                {
                    var value = OnnxReader.Varint(model, ref position, end, isMinimal: false);
                    if (isShape)
                    {
                        frame.Facts!.AddDimension((long)value);
                    }
                }
            }

            switch (frame.Message, field.Number)
            {
                case (OnnxMessage.Tensor, 5):
                    frame.Facts!.Int32s += entries;
                    break;
                case (OnnxMessage.Tensor, 7):
                    frame.Facts!.Int64s += entries;
                    break;
                case (OnnxMessage.Tensor, 11):
                    frame.Facts!.UInt64s += entries;
                    break;
                case (OnnxMessage.Attribute, 8):
                    Count(entries);
                    break;
            }
        }

        private static long EntriesOf(in OnnxField field, OnnxWire single, int size) =>
            field.Wire == single ? 1
            : field.Length % size == 0 ? field.Length / size
            : throw OnnxReader.NotOnnx();

        private void Close(in Frame frame)
        {
            switch (frame.Message)
            {
                case OnnxMessage.Tensor:
                    CountTensor(frame.Facts!.CheckData());
                    break;
                case OnnxMessage.SparseTensor:
                    CountTensor(frame.Facts!.DenseBytes);
                    break;
                case OnnxMessage.Opset:
                    // "" and "ai.onnx" are one: two of them leave it to the reader which version holds.
                    if (_hasOpset || frame.Version is < 1 or > GreatestVersion)
                    {
                        throw OpsetVersion();
                    }

                    _hasOpset = true;
                    break;
            }
        }

        private void ThrowUnlessWhole()
        {
            if (_nodes == 0)
            {
                throw new PackageRefusedException("graph-empty", "model.onnx holds no graph with operators.");
            }

            if (!_hasIrVersion)
            {
                throw new PackageRefusedException("ir-version", "The model does not say which version of ONNX it is written in; export it again.");
            }

            if (!_hasOpset)
            {
                throw OpsetVersion();
            }
        }

        private void Count(long parts)
        {
            if (parts > MaxParts - _parts)
            {
                throw new PackageRefusedException("graph-parts", $"The model has more than {MaxParts} parts beside its weights.");
            }

            _parts += (int)parts;
        }

        private void CountText(int bytes, int greatest)
        {
            Count(1);
            _textBytes += bytes;
            if (bytes > greatest || _textBytes > MaxAllTextBytes)
            {
                throw new PackageRefusedException("graph-text", "A name or a text of the model is longer than any should be, or all together are.");
            }
        }

        private void CountTensor(long bytes)
        {
            _tensorBytes += bytes;
            if (_tensorBytes > OnnxTensorFacts.MaxBytes)
            {
                throw new PackageRefusedException("graph-weights", $"The model's weights fill more than {OnnxTensorFacts.MaxBytes >> 20} MiB.");
            }
        }

        private static PackageRefusedException OpsetVersion() => new(
            "opset-version", "The model must name one version of ONNX's operators, and name it once; export it again.");
    }
}
