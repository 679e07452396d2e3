using System.Text;

namespace Platform.Inference.Packages;

/// <summary>What a graph takes and gives, read without the runtime.</summary>
/// <param name="Inputs">Without those that have a value in the file.</param>
/// <param name="Opset">Version of ONNX's operators.</param>
/// <param name="Producer">The exporter, as it calls itself.</param>
/// <param name="Operators">Of the main graph.</param>
public sealed record OnnxSummary(
    IReadOnlyList<OnnxTensorType> Inputs, IReadOnlyList<OnnxTensorType> Outputs, long Opset, string Producer, int Operators)
{
    /// <summary>Reads a model that <see cref="OnnxGraphCheck"/> lets pass.</summary>
    /// <exception cref="PackageRefusedException">It does not.</exception>
    public static OnnxSummary Read(ReadOnlySpan<byte> model)
    {
        OnnxGraphCheck.ThrowIfRefused(model);
        var (opset, producer, operators) = (0L, "", 0);
        var inputs = new List<OnnxTensorType>();
        var outputs = new List<OnnxTensorType>();
        var constants = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < model.Length;)
        {
            var field = OnnxReader.Read(model, ref at, model.Length);
            switch (field.Number)
            {
                case 2:
                    producer = TextOf(model, field);
                    break;
                case 8:
                    opset = (long)(Find(model, field, 2)?.Varint ?? 0);
                    break;
                case 7:
                    for (var (inner, end) = (field.Start, field.Start + field.Length); inner < end;)
                    {
                        var part = OnnxReader.Read(model, ref inner, end);
                        operators += part.Number == 1 ? 1 : 0;
                        if (part.Number is 11 or 12)
                        {
                            (part.Number == 11 ? inputs : outputs).Add(ReadValue(model, part));
                        }
                        else if (part.Number == 5 && Find(model, part, 8) is { } name)
                        {
                            constants.Add(TextOf(model, name));
                        }
                    }

                    break;
            }
        }

        return new([.. inputs.Where(i => !constants.Contains(i.Name))], outputs, opset, producer, operators);
    }

    private static OnnxTensorType ReadValue(ReadOnlySpan<byte> model, OnnxField value)
    {
        var name = Find(model, value, 1) is { } named ? TextOf(model, named) : "";
        if (Find(model, value, 2) is not { } type || Find(model, type, 1) is not { } tensor)
        {
            return new(name, 0, null);
        }

        var element = (int)(Find(model, tensor, 1)?.Varint ?? 0);
        if (Find(model, tensor, 2) is not { } shape)
        {
            return new(name, element, null);
        }

        var lengths = new List<long?>();
        for (var (at, end) = (shape.Start, shape.Start + shape.Length); at < end;)
        {
            var dimension = OnnxReader.Read(model, ref at, end);
            lengths.Add(Find(model, dimension, 1) is { Varint: > 0 } length ? (long)length.Varint : null);
        }

        return new(name, element, lengths);
    }

    private static OnnxField? Find(ReadOnlySpan<byte> model, OnnxField message, int number)
    {
        for (var (at, end) = (message.Start, message.Start + message.Length); at < end;)
        {
            var field = OnnxReader.Read(model, ref at, end);
            if (field.Number == number)
            {
                return field;
            }
        }

        return null;
    }

    private static string TextOf(ReadOnlySpan<byte> model, OnnxField field) => Encoding.UTF8.GetString(model.Slice(field.Start, field.Length));
}

/// <summary>An input or an output of a graph.</summary>
/// <param name="ElementType">ONNX's number of the type; 1 is float32, 0 is unknown.</param>
/// <param name="Shape">Null where the graph does not say; a length is null where it is free.</param>
public sealed record OnnxTensorType(string Name, int ElementType, IReadOnlyList<long?>? Shape);
