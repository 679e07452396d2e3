namespace Platform.Inference.Packages;

/// <summary>Messages of onnx.proto3 that the check walks through.</summary>
internal enum OnnxMessage
{
    Model,
    Opset,
    Entry,
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    Annotation,
    Value,
    Type,
    TensorType,
    SequenceType,
    MapType,
    OptionalType,
    OpaqueType,
    Shape,
    Dimension,
}

/// <summary>What a field holds, which also decides how it may stand in the bytes.</summary>
internal enum OnnxContent
{
    /// <summary>One integer.</summary>
    Number,

    /// <summary>One float.</summary>
    Single,

    /// <summary>A name or a value that the graph works with.</summary>
    Text,

    /// <summary>Documentation and metadata.</summary>
    Prose,

    /// <summary>A tensor's bytes.</summary>
    Data,

    /// <summary>Integers, packed or one by one.</summary>
    Numbers,

    /// <summary>Floats, packed or one by one.</summary>
    Singles,

    /// <summary>Doubles, packed or one by one.</summary>
    Doubles,

    /// <summary>A message of another kind.</summary>
    Message,
}

/// <summary>One field of onnx.proto3.</summary>
/// <param name="IsList">Whether it may stand more than once.</param>
/// <param name="Choice">Fields of one message with the same number over 0 exclude each other.</param>
internal sealed record OnnxFieldRule(OnnxContent Content, bool IsList = false, OnnxMessage Child = default, int Choice = 0)
{
    public bool Takes(OnnxWire wire) => Content switch
    {
        OnnxContent.Number => wire == OnnxWire.Varint,
        OnnxContent.Single => wire == OnnxWire.Fixed32,
        OnnxContent.Numbers => wire is OnnxWire.Varint or OnnxWire.Bytes,
        OnnxContent.Singles => wire is OnnxWire.Fixed32 or OnnxWire.Bytes,
        OnnxContent.Doubles => wire is OnnxWire.Fixed64 or OnnxWire.Bytes,
        _ => wire == OnnxWire.Bytes,
    };
}

/// <summary>The fields of onnx.proto3 by message and number; functions and training, which are refused, are not among them.</summary>
internal static class OnnxFields
{
    private static readonly OnnxFieldRule Number = new(OnnxContent.Number);
    private static readonly OnnxFieldRule Text = new(OnnxContent.Text);
    private static readonly OnnxFieldRule Texts = new(OnnxContent.Text, IsList: true);
    private static readonly OnnxFieldRule Prose = new(OnnxContent.Prose);
    private static readonly OnnxFieldRule Numbers = new(OnnxContent.Numbers, IsList: true);
    private static readonly OnnxFieldRule Hints = new(OnnxContent.Prose, IsList: true);
    private static readonly OnnxFieldRule Entries = Many(OnnxMessage.Entry);

    private const int NumbersOfMessage = 32;

    private static readonly OnnxFieldRule?[] Rules = InRows(new()
    {
        [(OnnxMessage.Model, 1)] = Number, // ir_version
        [(OnnxMessage.Model, 2)] = Prose, // producer_name
        [(OnnxMessage.Model, 3)] = Prose, // producer_version
        [(OnnxMessage.Model, 4)] = Prose, // domain
        [(OnnxMessage.Model, 5)] = Number, // model_version
        [(OnnxMessage.Model, 6)] = Prose, // doc_string
        [(OnnxMessage.Model, 7)] = One(OnnxMessage.Graph),
        [(OnnxMessage.Model, 8)] = Many(OnnxMessage.Opset),
        [(OnnxMessage.Model, 14)] = Entries, // metadata_props
        [(OnnxMessage.Model, 26)] = Hints, // configuration: names of devices

        [(OnnxMessage.Opset, 1)] = Text, // domain
        [(OnnxMessage.Opset, 2)] = Number, // version

        [(OnnxMessage.Entry, 1)] = Prose, // key
        [(OnnxMessage.Entry, 2)] = Prose, // value

        [(OnnxMessage.Graph, 1)] = Many(OnnxMessage.Node),
        [(OnnxMessage.Graph, 2)] = Text, // name
        [(OnnxMessage.Graph, 5)] = Many(OnnxMessage.Tensor), // initializer
        [(OnnxMessage.Graph, 10)] = Prose, // doc_string
        [(OnnxMessage.Graph, 11)] = Many(OnnxMessage.Value), // input
        [(OnnxMessage.Graph, 12)] = Many(OnnxMessage.Value), // output
        [(OnnxMessage.Graph, 13)] = Many(OnnxMessage.Value), // value_info
        [(OnnxMessage.Graph, 14)] = Many(OnnxMessage.Annotation), // quantization_annotation
        [(OnnxMessage.Graph, 15)] = Many(OnnxMessage.SparseTensor), // sparse_initializer
        [(OnnxMessage.Graph, 16)] = Entries, // metadata_props

        [(OnnxMessage.Node, 1)] = Texts, // input
        [(OnnxMessage.Node, 2)] = Texts, // output
        [(OnnxMessage.Node, 3)] = Text, // name
        [(OnnxMessage.Node, 4)] = Text, // op_type
        [(OnnxMessage.Node, 5)] = Many(OnnxMessage.Attribute),
        [(OnnxMessage.Node, 6)] = Prose, // doc_string
        [(OnnxMessage.Node, 7)] = Text, // domain
        [(OnnxMessage.Node, 8)] = Text, // overload
        [(OnnxMessage.Node, 9)] = Entries, // metadata_props
        [(OnnxMessage.Node, 10)] = Hints, // device_configurations

        [(OnnxMessage.Attribute, 1)] = Text, // name
        [(OnnxMessage.Attribute, 2)] = new(OnnxContent.Single), // f
        [(OnnxMessage.Attribute, 3)] = Number, // i
        [(OnnxMessage.Attribute, 4)] = Text, // s
        [(OnnxMessage.Attribute, 5)] = One(OnnxMessage.Tensor), // t
        [(OnnxMessage.Attribute, 6)] = One(OnnxMessage.Graph), // g
        [(OnnxMessage.Attribute, 7)] = new(OnnxContent.Singles, IsList: true), // floats
        [(OnnxMessage.Attribute, 8)] = Numbers, // ints
        [(OnnxMessage.Attribute, 9)] = Texts, // strings
        [(OnnxMessage.Attribute, 10)] = Many(OnnxMessage.Tensor), // tensors
        [(OnnxMessage.Attribute, 11)] = Many(OnnxMessage.Graph), // graphs
        [(OnnxMessage.Attribute, 13)] = Prose, // doc_string
        [(OnnxMessage.Attribute, 14)] = One(OnnxMessage.Type), // tp
        [(OnnxMessage.Attribute, 15)] = Many(OnnxMessage.Type), // type_protos
        [(OnnxMessage.Attribute, 20)] = Number, // type
        [(OnnxMessage.Attribute, 21)] = Text, // ref_attr_name
        [(OnnxMessage.Attribute, 22)] = One(OnnxMessage.SparseTensor), // sparse_tensor
        [(OnnxMessage.Attribute, 23)] = Many(OnnxMessage.SparseTensor), // sparse_tensors

        [(OnnxMessage.Tensor, 1)] = Numbers, // dims
        [(OnnxMessage.Tensor, 2)] = Number, // data_type
        [(OnnxMessage.Tensor, 4)] = new(OnnxContent.Singles, IsList: true), // float_data
        [(OnnxMessage.Tensor, 5)] = Numbers, // int32_data
        [(OnnxMessage.Tensor, 6)] = Texts, // string_data
        [(OnnxMessage.Tensor, 7)] = Numbers, // int64_data
        [(OnnxMessage.Tensor, 8)] = Text, // name
        [(OnnxMessage.Tensor, 9)] = new(OnnxContent.Data), // raw_data
        [(OnnxMessage.Tensor, 10)] = new(OnnxContent.Doubles, IsList: true), // double_data
        [(OnnxMessage.Tensor, 11)] = Numbers, // uint64_data
        [(OnnxMessage.Tensor, 12)] = Prose, // doc_string
        [(OnnxMessage.Tensor, 14)] = Number, // data_location
        [(OnnxMessage.Tensor, 16)] = Entries, // metadata_props

        [(OnnxMessage.SparseTensor, 1)] = One(OnnxMessage.Tensor), // values
        [(OnnxMessage.SparseTensor, 2)] = One(OnnxMessage.Tensor), // indices
        [(OnnxMessage.SparseTensor, 3)] = Numbers, // dims

        [(OnnxMessage.Annotation, 1)] = Text, // tensor_name
        [(OnnxMessage.Annotation, 2)] = Entries, // quant_parameter_tensor_names

        [(OnnxMessage.Value, 1)] = Text, // name
        [(OnnxMessage.Value, 2)] = One(OnnxMessage.Type),
        [(OnnxMessage.Value, 3)] = Prose, // doc_string
        [(OnnxMessage.Value, 4)] = Entries, // metadata_props

        [(OnnxMessage.Type, 1)] = One(OnnxMessage.TensorType, choice: 1),
        [(OnnxMessage.Type, 4)] = One(OnnxMessage.SequenceType, choice: 1),
        [(OnnxMessage.Type, 5)] = One(OnnxMessage.MapType, choice: 1),
        [(OnnxMessage.Type, 6)] = Prose, // denotation
        [(OnnxMessage.Type, 7)] = One(OnnxMessage.OpaqueType, choice: 1),
        [(OnnxMessage.Type, 8)] = One(OnnxMessage.TensorType, choice: 1), // sparse_tensor_type: the same fields
        [(OnnxMessage.Type, 9)] = One(OnnxMessage.OptionalType, choice: 1),

        [(OnnxMessage.TensorType, 1)] = Number, // elem_type
        [(OnnxMessage.TensorType, 2)] = One(OnnxMessage.Shape),
        [(OnnxMessage.SequenceType, 1)] = One(OnnxMessage.Type), // elem_type
        [(OnnxMessage.MapType, 1)] = Number, // key_type
        [(OnnxMessage.MapType, 2)] = One(OnnxMessage.Type), // value_type
        [(OnnxMessage.OptionalType, 1)] = One(OnnxMessage.Type), // elem_type
        [(OnnxMessage.OpaqueType, 1)] = Text, // domain
        [(OnnxMessage.OpaqueType, 2)] = Text, // name

        [(OnnxMessage.Shape, 1)] = Many(OnnxMessage.Dimension),
        [(OnnxMessage.Dimension, 1)] = new(OnnxContent.Number, Choice: 1), // dim_value
        [(OnnxMessage.Dimension, 2)] = new(OnnxContent.Text, Choice: 1), // dim_param
        [(OnnxMessage.Dimension, 3)] = Prose, // denotation
    });

    /// <summary>The rule of a field; null for one that this check does not know.</summary>
    public static OnnxFieldRule? RuleOf(OnnxMessage message, int number) =>
        number < NumbersOfMessage ? Rules[((int)message * NumbersOfMessage) + number] : null;

    private static OnnxFieldRule One(OnnxMessage child, int choice = 0) => new(OnnxContent.Message, Child: child, Choice: choice);

    private static OnnxFieldRule Many(OnnxMessage child) => new(OnnxContent.Message, IsList: true, child);

    private static OnnxFieldRule?[] InRows(Dictionary<(OnnxMessage Message, int Number), OnnxFieldRule> rules)
    {
        var rows = new OnnxFieldRule?[((int)OnnxMessage.Dimension + 1) * NumbersOfMessage];
        foreach (var (at, rule) in rules)
        {
            rows[((int)at.Message * NumbersOfMessage) + at.Number] = rule;
        }

        return rows;
    }
}
