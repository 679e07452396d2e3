using System.Globalization;
using System.Text;
using Platform.Dicom;

namespace Platform.UnitTests.Differential;

/// <summary>Sets our listing of a file beside a peer's, element by element.</summary>
internal static class Comparison
{
    public static IEnumerable<Difference> With(DicomFile file, List<ListedElement> ours, IEnumerable<PydicomElement> theirs)
    {
        var found = theirs.ToDictionary(e => e.Path, StringComparer.Ordinal);
        foreach (var one in ours)
        {
            if (!found.Remove(one.Path, out var other))
            {
                yield return new(Difference.OfPydicom, Aspect.Missing, one.Path, one, "", "", file);
                continue;
            }

            foreach (var (aspect, value) in Aspects(one, other))
            {
                yield return new(Difference.OfPydicom, aspect, one.Path, one, other.Vr, value, file);
            }
        }

        foreach (var extra in found.Values)
        {
            yield return new(Difference.OfPydicom, Aspect.Extra, extra.Path, null, extra.Vr, "", file);
        }
    }

    public static IEnumerable<Difference> With(DicomFile file, List<ListedElement> ours, IEnumerable<DumpedElement> theirs, bool isUnicode)
    {
        var found = new Dictionary<string, DumpedElement>(StringComparer.Ordinal);
        foreach (var element in theirs)
        {
            found[element.Path] = element;
        }

        foreach (var one in ours)
        {
            if (!found.Remove(one.Path, out var other))
            {
                if (isUnicode)
                {
                    continue; // told when bytes are compared
                }

                yield return new(Difference.OfDcmdump, Aspect.Missing, one.Path, one, "", "", file);
                continue;
            }

            var aspects = isUnicode ? UnicodeAspects(one, other) : Aspects(one, other);
            foreach (var (aspect, value) in aspects)
            {
                yield return new(Difference.OfDcmdump, aspect, one.Path, one, other.Vr, value, file);
            }

            for (var i = 0; one.Items >= 0 && one.Meaning != DicomVr.SQ; i++)
            {
                if (!found.Remove($"{one.Path}[{i}]", out var fragment))
                {
                    break;
                }
            }
        }

        foreach (var extra in isUnicode ? [] : found.Values.ToList())
        {
            yield return new(Difference.OfDcmdump, Aspect.Extra, extra.Path, null, extra.Vr, extra.Printed ?? "", file);
        }
    }

    private static IEnumerable<(Aspect Aspect, string Value)> Aspects(ListedElement one, PydicomElement other)
    {
        if (other.Vr != one.Vr.Code && (other.Vr.Length > 0 || other.Failure is null))
        {
            yield return (Aspect.Vr, other.Vr);
        }

        if (one.Meaning == DicomVr.SQ)
        {
            if (other.Length != one.Items || other.Failure is not null)
            {
                yield return (Aspect.Items, "");
            }

            yield break;
        }

        if (other.Bytes is { } bytes && bytes != one.ShownValue)
        {
            yield return (Aspect.Bytes, bytes);
        }

        if (other.Failure is { } failure)
        {
            // A text that is no number is one to nobody.
            if (one.Meaning is not (DicomVr.DS or DicomVr.IS) || one.Numbers is not [])
            {
                yield return (Aspect.Failure, failure);
            }

            yield break;
        }

        if (one.Texts is { } texts && other.Texts is { } their && !Same(texts, their))
        {
            yield return (Aspect.Text, string.Join('\\', their));
        }

        if (one.Numbers is { } numbers && other.Numbers is { } theirNumbers && !numbers.SequenceEqual(theirNumbers))
        {
            yield return (Aspect.Number, string.Join('\\', theirNumbers));
        }
    }

    private static IEnumerable<(Aspect Aspect, string Value)> Aspects(ListedElement one, DumpedElement other)
    {
        if (other.Vr != one.Vr.Code)
        {
            yield return (Aspect.Vr, other.Vr);
        }

        if (one.Items != other.Items)
        {
            yield return (Aspect.Items, "");
            yield break;
        }

        if (one.Items >= 0)
        {
            yield break;
        }

        if (other.Length != one.Bytes.Length)
        {
            yield return (Aspect.Length, string.Create(CultureInfo.InvariantCulture, $"{other.Length}"));
        }
        else if (other.Printed is { } printed && !IsPrinted(one, other.Vr, printed))
        {
            yield return (Aspect.Bytes, printed);
        }
    }

    private static IEnumerable<(Aspect Aspect, string Value)> UnicodeAspects(ListedElement one, DumpedElement other)
    {
        // Shown in UTF-8 it says so itself; and bytes stay bytes.
        if (one.Tag == DicomTags.SpecificCharacterSet || other.Vr == "UN" || one.Texts is not { } texts || !one.Meaning.IsCharsetText || other.Printed is not { } printed)
        {
            yield break;
        }

        var text = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(printed));
        if (!Same(texts, one.Meaning.IsSingleText ? [text] : text.Split('\\')))
        {
            yield return (Aspect.Text, text);
        }
    }

    /// <summary>Padding aside, which PS3.5 §6.2 says is not part of a value.</summary>
    private static bool Same(IReadOnlyList<string> ours, IReadOnlyList<string> theirs) =>
        Plain(ours).SequenceEqual(Plain(theirs), StringComparer.Ordinal);

    private static IEnumerable<string> Plain(IReadOnlyList<string> values) =>
        (values.Count == 0 ? [""] : values).Select(v => v.Trim(' ', '\0'));

    private static bool IsPrinted(ListedElement one, string vr, string printed)
    {
        var bytes = one.Bytes;
        switch (vr)
        {
            case var text when DicomVrs.Parse(text).IsText:
                return Encoding.Latin1.GetString(bytes).TrimEnd(' ', '\0') == printed.TrimEnd(' ', '\0');
            case "US" or "SS" or "UL" or "SL" or "SV" or "UV" or "up" or "xs":
                return string.Join('\\', Integers(bytes, vr)) == printed;
            case "FL" or "OF":
                return Words(bytes, 4).Select(w => ListedElement.Bits(BitConverter.ToSingle(w)))
                    .SequenceEqual(Reals(printed, v => (float)v));
            case "FD" or "OD":
                return Words(bytes, 8).Select(w => ListedElement.Bits(BitConverter.ToDouble(w)))
                    .SequenceEqual(Reals(printed, v => v));
            case "AT":
                var tags = Words(bytes, 4).Select(w => ElementValues.Tag(w));
                return string.Join('\\', tags.Select(t => $"({t.Group:x4},{t.Element:x4})")) == printed;
            case "OV" when string.Join('\\', Integers(bytes, "UV")) == printed:
                return true;
            case "ox" when Printed(bytes, 1) == printed:
                return true;
            default:
                var unit = vr switch { "OW" or "ox" => 2, "OL" => 4, "OV" => 8, _ => 1 };
                return Printed(bytes, unit) == printed;
        }
    }

    private static string Printed(byte[] bytes, int unit) =>
        string.Join('\\', Words(bytes, unit).Select(w => Convert.ToHexStringLower([.. w.Reverse()])));

    private static IEnumerable<string> Reals(string printed, Func<double, double> round) => printed.Length == 0
        ? []
        : printed.Split('\\')
            .Select(t => TryParseC(t, out var value) ? ListedElement.Bits(round(value)) : t);

    private static IEnumerable<string> Integers(byte[] bytes, string vr) => vr switch
    {
        "US" or "xs" => Words(bytes, 2).Select(w => BitConverter.ToUInt16(w).ToString(CultureInfo.InvariantCulture)),
        "SS" => Words(bytes, 2).Select(w => BitConverter.ToInt16(w).ToString(CultureInfo.InvariantCulture)),
        "UL" or "up" => Words(bytes, 4).Select(w => BitConverter.ToUInt32(w).ToString(CultureInfo.InvariantCulture)),
        "SL" => Words(bytes, 4).Select(w => BitConverter.ToInt32(w).ToString(CultureInfo.InvariantCulture)),
        "SV" => Words(bytes, 8).Select(w => BitConverter.ToInt64(w).ToString(CultureInfo.InvariantCulture)),
        _ => Words(bytes, 8).Select(w => BitConverter.ToUInt64(w).ToString(CultureInfo.InvariantCulture)),
    };

    private static IEnumerable<byte[]> Words(byte[] bytes, int unit) => bytes.Chunk(unit).Where(w => w.Length == unit);

    /// <summary>A number as C prints it, which has "inf" for infinity.</summary>
    internal static bool TryParseC(string text, out double value) =>
        double.TryParse(text.Replace("inf", "Infinity", StringComparison.Ordinal), CultureInfo.InvariantCulture, out value);
}
