using System.Globalization;
using System.Text.Json;

namespace Platform.Dicom;

/// <summary>The DICOM JSON model (PS3.18 Annex F). Text is Unicode whatever the data set's character set.</summary>
public static partial class DicomJson
{
    private const int MaxDecimalDigits = 28;

    /// <summary>Writes a data set as one JSON object.</summary>
    /// <param name="bulkDataUri">The URI of an element's value; null to write it inline. Asked for OB, OD, OF, OL, OV, OW, UN and values not loaded.</param>
    public static void Write(Utf8JsonWriter writer, DicomDataset dataset, Func<DicomElement, string?> bulkDataUri)
    {
        writer.WriteStartObject();
        foreach (var element in dataset)
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
        var vr = element.IsSequence ? DicomVr.SQ : ElementValues.EffectiveVr(element);
        writer.WriteStartObject(element.Tag.Value.ToString("X8", CultureInfo.InvariantCulture));
        writer.WriteString("vr", vr.Code);
        if (element.Items is { } items)
        {
            if (items.Count > 0)
            {
                writer.WriteStartArray("Value");
                foreach (var item in items)
                {
                    Write(writer, item, bulkDataUri);
                }

                writer.WriteEndArray();
            }
        }
        else if (vr.IsBulkable || element.Bulk is not null || element.Fragments is not null)
        {
            WriteBulk(writer, element, bulkDataUri);
        }
        else if (!element.Value.IsEmpty)
        {
            WriteValues(writer, dataset, element, vr);
        }

        writer.WriteEndObject();
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
        var values = ElementValues.Strings(element, dataset.CharacterSet);
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
        const decimal LastExact = 1L << 53; // beyond it, readers that keep numbers as doubles change them
        const NumberStyles Plain = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        if (vr is DicomVr.FL or DicomVr.FD)
        {
            if (double.Parse(value, CultureInfo.InvariantCulture) is var real && double.IsFinite(real))
            {
                writer.WriteRawValue(value);
                return;
            }
        }
        else if (value.Length <= MaxDecimalDigits && decimal.TryParse(value, Plain, CultureInfo.InvariantCulture, out var number))
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
