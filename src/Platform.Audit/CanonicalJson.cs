using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Platform.Audit;

/// <summary>JSON in the one form of RFC 8785 (JCS), so that equal events have equal bytes.</summary>
public static class CanonicalJson
{
    /// <summary>Writes <paramref name="node"/>; throws <see cref="FormatException"/> on what I-JSON cannot say (NaN, lone surrogates).</summary>
    public static string Write(JsonNode? node)
    {
        var text = new StringBuilder();
        Write(node, text);
        return text.ToString();
    }

    /// <summary>Parses and writes again in canonical form; duplicate names are refused.</summary>
    public static string Canonicalize(string json) =>
        Write(JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }));

    private static void Write(JsonNode? node, StringBuilder text)
    {
        switch (node)
        {
            case null:
                text.Append("null");
                break;
            case JsonObject properties:
                WriteObject(properties, text);
                break;
            case JsonArray items:
                WriteArray(items, text);
                break;
            default:
                WriteValue(node.AsValue(), text);
                break;
        }
    }

    private static void WriteObject(JsonObject properties, StringBuilder text)
    {
        text.Append('{');
        var separator = "";
        // §3.2.3: names sort by their UTF-16 code units, which is what ordinal comparison does.
        foreach (var (name, value) in properties.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            text.Append(separator);
            WriteString(name, text);
            text.Append(':');
            Write(value, text);
            separator = ",";
        }

        text.Append('}');
    }

    private static void WriteArray(JsonArray items, StringBuilder text)
    {
        text.Append('[');
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                text.Append(',');
            }

            Write(items[i], text);
        }

        text.Append(']');
    }

    private static void WriteValue(JsonValue value, StringBuilder text)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.True:
                text.Append("true");
                break;
            case JsonValueKind.False:
                text.Append("false");
                break;
            case JsonValueKind.Null:
                text.Append("null");
                break;
            case JsonValueKind.Number:
                text.Append(Number(double.Parse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture)));
                break;
            default:
                WriteString(value.GetValue<string>(), text);
                break;
        }
    }

    /// <summary>§3.2.2.3: ECMAScript's Number::toString, the shortest digits that read back as the same double.</summary>
    private static string Number(double number)
    {
        if (!double.IsFinite(number))
        {
            throw new FormatException("JSON has no number for NaN or infinity.");
        }

        if (number == 0)
        {
            return "0";
        }

        // "E16" would give 17 digits; "R" gives the shortest, in one of two shapes that are taken apart here.
        var shortest = Math.Abs(number).ToString("R", CultureInfo.InvariantCulture);
        var mark = shortest.IndexOf('E', StringComparison.Ordinal);
        var mantissa = mark < 0 ? shortest : shortest[..mark];
        var exponent = mark < 0 ? 0 : int.Parse(shortest[(mark + 1)..], CultureInfo.InvariantCulture);
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? mantissa.Length : point;
        var all = mantissa.Replace(".", "", StringComparison.Ordinal);
        var digits = all.TrimStart('0');
        // The value is 0.digits × 10^n.
        var n = whole - (all.Length - digits.Length) + exponent;
        digits = digits.TrimEnd('0');
        return (number < 0 ? "-" : "") + Place(digits, n);
    }

    private static string Place(string digits, int n)
    {
        var k = digits.Length;
        if (k <= n && n <= 21)
        {
            return digits + new string('0', n - k);
        }

        if (n is > 0 and <= 21)
        {
            return $"{digits[..n]}.{digits[n..]}";
        }

        if (n is > -6 and <= 0)
        {
            return "0." + new string('0', -n) + digits;
        }

        var exponent = n - 1;
        var sign = exponent < 0 ? "-" : "+";
        var tail = k == 1 ? "" : "." + digits[1..];
        return string.Create(CultureInfo.InvariantCulture, $"{digits[0]}{tail}e{sign}{Math.Abs(exponent)}");
    }

    /// <summary>§3.2.2.2: the shortest escapes; everything else as it is.</summary>
    private static void WriteString(string value, StringBuilder text)
    {
        text.Append('"');
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            if (char.IsSurrogate(c))
            {
                if (!char.IsHighSurrogate(c) || i + 1 == value.Length || !char.IsLowSurrogate(value[i + 1]))
                {
                    throw new FormatException("A lone surrogate has no canonical form.");
                }

                text.Append(c).Append(value[++i]);
                continue;
            }

            WriteCharacter(c, text);
        }

        text.Append('"');
    }

    private static void WriteCharacter(char c, StringBuilder text) => _ = c switch
    {
        '"' => text.Append("\\\""),
        '\\' => text.Append("\\\\"),
        '\b' => text.Append("\\b"),
        '\t' => text.Append("\\t"),
        '\n' => text.Append("\\n"),
        '\f' => text.Append("\\f"),
        '\r' => text.Append("\\r"),
        < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
        _ => text.Append(c),
    };
}
