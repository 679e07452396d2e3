using System.Text;
using System.Text.Json;
using Platform.Dicom.CharacterSets;

namespace Platform.Dicom;

public static partial class DicomJson
{
    /// <summary>Reads one DICOM JSON object; texts beyond ASCII make it a data set in UTF-8. DicomException InvalidJson.</summary>
    /// <param name="bulkData">The bytes behind a BulkDataURI; null leaves such elements without value.</param>
    public static DicomDataset Read(ReadOnlyMemory<byte> utf8, Func<string, ReadOnlyMemory<byte>>? bulkData = null, DicomBudgets? budgets = null)
    {
        budgets ??= DicomBudgets.Default;
        try
        {
            // Each sequence is three levels of JSON: the element, its Value, the item.
            var options = new JsonDocumentOptions { MaxDepth = (3 * budgets.MaxDepth) + 4 };
            using var document = JsonDocument.Parse(utf8, options);
            return Read(document.RootElement, bulkData, budgets);
        }
        catch (JsonException e)
        {
            throw new DicomException(DicomError.InvalidJson, "Not JSON", inner: e);
        }
    }

    /// <summary>Reads one DICOM JSON object. DicomException InvalidJson, OverBudget.</summary>
    public static DicomDataset Read(JsonElement json, Func<string, ReadOnlyMemory<byte>>? bulkData = null, DicomBudgets? budgets = null) =>
        new JsonReading(bulkData, budgets ?? DicomBudgets.Default).Root(json);

    private sealed class JsonReading(Func<string, ReadOnlyMemory<byte>>? bulkData, DicomBudgets budgets)
    {
        private bool _isUnicode;
        private long _elements;

        internal DicomDataset Root(JsonElement json)
        {
            var dataset = Unicode(json);
            if (_isUnicode)
            {
                dataset.Set(DicomTags.SpecificCharacterSet, SpecificCharacterSet.Utf8.Terms[0]);
            }

            return dataset;
        }

        private DicomDataset Unicode(JsonElement json)
        {
            try
            {
                return Dataset(json, 0);
            }
            catch (InvalidOperationException e)
            {
                // JsonElement looks at a text only when it is asked for: half a surrogate pair, or bytes that are no UTF-8.
                throw new DicomException(DicomError.InvalidJson, "A text is not Unicode", inner: e);
            }
        }

        private static DicomException Invalid(string message, DicomTag? tag = null) => new(DicomError.InvalidJson, message, tag);

        private JsonElement[] Array(JsonElement json, DicomTag tag)
        {
            if (json.ValueKind != JsonValueKind.Array)
            {
                throw Invalid("Value is not an array", tag);
            }

            Count(json.GetArrayLength(), tag);
            return [.. json.EnumerateArray()];
        }

        /// <summary>A value of two characters becomes an object of its own: values count like elements.</summary>
        private void Count(int more, DicomTag tag)
        {
            _elements += more;
            if (_elements > budgets.MaxElements)
            {
                throw DicomException.OverBudget(nameof(DicomBudgets.MaxElements), budgets.MaxElements, tag, null);
            }
        }

        private static string NumberText(DicomVr vr, JsonElement value, DicomTag tag)
        {
            var text = value.GetRawText();
            if (vr is not DicomVr.DS)
            {
                return text;
            }

            return text.Length <= 16
                ? text
                : ElementValues.DecimalString(value.TryGetDouble(out var real) ? real : throw Invalid("Not a number", tag));
        }

        private DicomDataset Dataset(JsonElement json, int depth)
        {
            if (json.ValueKind != JsonValueKind.Object)
            {
                throw Invalid("A data set is not an object");
            }

            var elements = new List<DicomElement>();
            foreach (var property in json.EnumerateObject())
            {
                if (!IsTag(property.Name) || !DicomTag.TryParse(property.Name, out var tag))
                {
                    throw Invalid("A name is not eight hexadecimal digits");
                }

                Count(1, tag);
                elements.Add(Element(tag, property.Value, depth));
            }

            // Members come in any order: put in one by one, a million that come backwards would be moved half a million times each.
            elements.Sort((a, b) => a.Tag.CompareTo(b.Tag));
            var dataset = new DicomDataset();
            foreach (var element in elements)
            {
                if (dataset.Count > 0 && dataset[dataset.Count - 1].Tag == element.Tag)
                {
                    throw new DicomException(DicomError.DuplicateElement, "The same tag comes twice in one data set", element.Tag);
                }

                dataset.Set(element);
            }

            return dataset;
        }

        private static bool IsTag(string name) => name.Length == 8 && name.All(char.IsAsciiHexDigit);

        private DicomElement Element(DicomTag tag, JsonElement json, int depth)
        {
            if (json.ValueKind != JsonValueKind.Object)
            {
                throw Invalid("An element is not an object", tag);
            }

            var vr = json.TryGetProperty("vr", out var code) && code.ValueKind == JsonValueKind.String
                ? DicomVrs.Parse(code.GetString())
                : DicomDictionary.FindVr(tag);
            if (vr == DicomVr.None)
            {
                throw Invalid("vr is missing or none of the standard", tag);
            }

            if (json.TryGetProperty("InlineBinary", out var inline))
            {
                return inline.ValueKind == JsonValueKind.String && vr != DicomVr.SQ && inline.TryGetBytesFromBase64(out var bytes)
                    ? new DicomElement(tag, vr, bytes)
                    : throw Invalid("InlineBinary is not base64", tag);
            }

            if (json.TryGetProperty("BulkDataURI", out var uri) && vr != DicomVr.SQ)
            {
                var text = uri.ValueKind == JsonValueKind.String ? uri.GetString()! : throw Invalid("BulkDataURI is not a string", tag);
                return new DicomElement(tag, vr, bulkData?.Invoke(text) ?? ReadOnlyMemory<byte>.Empty);
            }

            var values = json.TryGetProperty("Value", out var value) ? Array(value, tag) : [];
            if (vr == DicomVr.SQ)
            {
                if (depth >= budgets.MaxDepth)
                {
                    throw DicomException.OverBudget(nameof(DicomBudgets.MaxDepth), budgets.MaxDepth, tag, null);
                }

                return DicomElement.Sequence(tag, values.Select(v => Dataset(v, depth + 1)));
            }

            var texts = values.Select(v => Text(tag, vr, v)).ToList();
            _isUnicode |= vr.IsCharsetText && texts.Any(t => !Ascii.IsValid(t));
            return new DicomElement(tag, vr, ElementValues.Encode(tag, vr, texts, SpecificCharacterSet.Utf8));
        }

        private static string Text(DicomTag tag, DicomVr vr, JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Null when vr.IsText => "",
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number when vr is not DicomVr.PN => NumberText(vr, value, tag),
            JsonValueKind.Object when vr == DicomVr.PN => new PersonName(
                Group(value, "Alphabetic"), Group(value, "Ideographic"), Group(value, "Phonetic")).ToString(),
            _ => throw Invalid($"Not a value of {vr.Code}", tag),
        };

        private static string Group(JsonElement name, string group) =>
            name.TryGetProperty(group, out var value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : "";
    }
}
