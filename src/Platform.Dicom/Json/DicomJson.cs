using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Platform.Dicom;

/// <summary>The DICOM JSON model (PS3.18 Annex F). Text is Unicode whatever the data set's character set.</summary>
public static partial class DicomJson
{
    private const int MaxDecimalDigits = 28;
    private const decimal LastExact = 1L << 53; // beyond it, readers that keep numbers as doubles change them
    private const NumberStyles PlainNumber = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;

    /// <summary>Writes a data set as one JSON object.</summary>
    /// <param name="bulkDataUri">The URI of an element's value; null to write it inline. Asked for OB, OD, OF, OL, OV, OW, UN and values not loaded.</param>
    public static void Write(Utf8JsonWriter writer, DicomDataset dataset, Func<DicomElement, string?> bulkDataUri)
    {
        writer.WriteStartObject();
        foreach (var element in dataset.Elements)
        {
            if (element.Tag.IsGroupLength)
            {
                continue; // PS3.18 §F.2.2: group length is not part of the model
            }

            if (element.Tag == DicomTags.SpecificCharacterSet)
            {
                WriteCharacterSet(writer);
                continue;
            }

            WriteElement(writer, dataset, element, bulkDataUri);
        }

        writer.WriteEndObject();
    }

    /// <summary>PS3.18 §F.2: the texts are UTF-8 here, so that is what the attribute says.</summary>
    private static void WriteCharacterSet(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("00080005");
        writer.WriteString("vr", "CS");
        writer.WriteStartArray("Value");
        writer.WriteStringValue("ISO_IR 192");
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteElement(
        Utf8JsonWriter writer, DicomDataset dataset, DicomElement element, Func<DicomElement, string?> bulkDataUri)
    {
        var vr = element.IsSequence ? DicomVr.SQ : ElementValues.EffectiveVr(element, dataset);
        Span<byte> tag = stackalloc byte[8];
        element.Tag.Value.TryFormat(tag, out _, "X8", CultureInfo.InvariantCulture);
        writer.WriteStartObject(tag);
        writer.WriteString("vr"u8, vr.Code);
        if (element.ItemList is { } items)
        {
            if (items.Count > 0)
            {
                writer.WriteStartArray("Value"u8);
                foreach (var item in items)
                {
                    Write(writer, item, bulkDataUri);
                }

                writer.WriteEndArray();
            }
        }
        else if (vr.IsBulkable || element.HasContent)
        {
            WriteBulk(writer, element, bulkDataUri);
        }
        else if (!element.Value.IsEmpty && !TryWritePlain(writer, element.Value.Span, vr))
        {
            WriteValues(writer, dataset, element, vr);
        }

        writer.WriteEndObject();
    }

    /// <summary>What most elements are, without a string of each: ASCII, the same in every character set, and integers.</summary>
    private static bool TryWritePlain(Utf8JsonWriter writer, ReadOnlySpan<byte> value, DicomVr vr)
    {
        if (vr is DicomVr.US or DicomVr.SS or DicomVr.UL or DicomVr.SL)
        {
            return TryWriteIntegers(writer, value, vr);
        }

        if (!vr.IsText || vr == DicomVr.PN || value.ContainsAnyExceptInRange((byte)0, (byte)0x7F) || value.Contains((byte)0x1B))
        {
            return false;
        }

        var isSingle = vr.IsSingleText || !value.Contains((byte)'\\');
        if (isSingle)
        {
            value = vr.IsSingleText ? value.TrimEnd(" \0"u8) : value.Trim(" \0"u8);
            if (value.IsEmpty)
            {
                return true;
            }
        }

        writer.WriteStartArray("Value"u8);
        while (true)
        {
            var end = isSingle ? -1 : value.IndexOf((byte)'\\');
            var one = end < 0 ? value : value[..end];
            WritePlain(writer, vr, isSingle ? one : one.Trim(" \0"u8));
            if (end < 0)
            {
                break;
            }

            value = value[(end + 1)..];
        }

        writer.WriteEndArray();
        return true;
    }

    private static bool TryWriteIntegers(Utf8JsonWriter writer, ReadOnlySpan<byte> value, DicomVr vr)
    {
        var size = vr.ValueBytes;
        if (value.Length < size)
        {
            return true;
        }

        writer.WriteStartArray("Value"u8);
        for (; value.Length >= size; value = value[size..])
        {
            writer.WriteNumberValue(vr switch
            {
                DicomVr.US => BinaryPrimitives.ReadUInt16LittleEndian(value),
                DicomVr.SS => BinaryPrimitives.ReadInt16LittleEndian(value),
                DicomVr.UL => BinaryPrimitives.ReadUInt32LittleEndian(value),
                _ => (long)BinaryPrimitives.ReadInt32LittleEndian(value),
            });
        }

        writer.WriteEndArray();
        return true;
    }

    private static void WritePlain(Utf8JsonWriter writer, DicomVr vr, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty || (vr is DicomVr.DS or DicomVr.IS && !TryWriteDecimal(writer, value)))
        {
            WriteValue(writer, vr, Encoding.ASCII.GetString(value));
        }
        else if (vr is not (DicomVr.DS or DicomVr.IS))
        {
            writer.WriteStringValue(value);
        }
    }

    /// <summary>A number that a decimal holds exactly and JSON can say; false for every other.</summary>
    private static bool TryWriteDecimal(Utf8JsonWriter writer, ReadOnlySpan<byte> value)
    {
        if (value.Length > MaxDecimalDigits || !decimal.TryParse(value, PlainNumber, CultureInfo.InvariantCulture, out var number)
            || Math.Abs(number) > LastExact)
        {
            return false;
        }

        writer.WriteNumberValue(number);
        return true;
    }

    private static void WriteBulk(Utf8JsonWriter writer, DicomElement element, Func<DicomElement, string?> bulkDataUri)
    {
        if (bulkDataUri(element) is { } uri)
        {
            writer.WriteString("BulkDataURI", uri);
        }
        else if (!element.Value.IsEmpty)
        {
            writer.WriteBase64String("InlineBinary", element.Value.Span);
        }
    }

    private static void WriteValues(Utf8JsonWriter writer, DicomDataset dataset, DicomElement element, DicomVr vr)
    {
        var values = ElementValues.Strings(element, dataset);
        if (values.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("Value");
        foreach (var value in values)
        {
            WriteValue(writer, vr, value);
        }

        writer.WriteEndArray();
    }

    private static void WriteValue(Utf8JsonWriter writer, DicomVr vr, string value)
    {
        if (value.Length == 0)
        {
            writer.WriteNullValue(); // PS3.18 §F.2.5: an empty value among others
            return;
        }

        switch (vr)
        {
            case DicomVr.PN:
                var name = PersonName.Parse(value);
                writer.WriteStartObject();
                WriteGroup(writer, "Alphabetic", name.Alphabetic);
                WriteGroup(writer, "Ideographic", name.Ideographic);
                WriteGroup(writer, "Phonetic", name.Phonetic);
                writer.WriteEndObject();
                break;

            case DicomVr.DS or DicomVr.IS or DicomVr.FL or DicomVr.FD or DicomVr.SL or DicomVr.SS or DicomVr.UL or DicomVr.US
                or DicomVr.SV or DicomVr.UV:
                WriteNumber(writer, vr, value);
                break;

            default:
                writer.WriteStringValue(value);
                break;
        }
    }

    private static void WriteGroup(Utf8JsonWriter writer, string group, string value)
    {
        if (value.Length > 0)
        {
            writer.WriteString(group, value);
        }
    }

    /// <summary>As a number where JSON can say the same, else as the string it was (PS3.18 §F.2.3).</summary>
    private static void WriteNumber(Utf8JsonWriter writer, DicomVr vr, string value)
    {
        if (vr is DicomVr.FL or DicomVr.FD)
        {
            if (double.Parse(value, CultureInfo.InvariantCulture) is var real && double.IsFinite(real))
            {
                writer.WriteRawValue(value);
                return;
            }
        }
        else if (value.Length <= MaxDecimalDigits && decimal.TryParse(value, PlainNumber, CultureInfo.InvariantCulture, out var number))
        {
            if (Math.Abs(number) <= LastExact)
            {
                writer.WriteNumberValue(number);
                return;
            }
        }
        else if (vr == DicomVr.DS && ElementValues.TryParseDecimal(value, out var real))
        {
            writer.WriteNumberValue(real);
            return;
        }

        writer.WriteStringValue(value);
    }
}
