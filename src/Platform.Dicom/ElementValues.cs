using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Platform.Dicom.CharacterSets;

namespace Platform.Dicom;

/// <summary>Bytes to values and back, by VR (PS3.5 §6.2).</summary>
internal static class ElementValues
{
    private static readonly string[] TimeFormats = ["HHmmss", "HHmm", "HH", "HH:mm:ss", "HH:mm"];

    /// <summary>The dictionary's VR; "US or SS" by Pixel Representation (PS3.5 §A.1), "OB or OW" is OW, a private creator LO.</summary>
    internal static DicomVr ResolveVr(DicomTag tag, bool isSigned)
    {
        if (tag.IsGroupLength)
        {
            return DicomVr.UL;
        }

        if (tag.IsPrivate)
        {
            return tag.IsPrivateCreator ? DicomVr.LO : DicomVr.None;
        }

        var vrs = DicomDictionary.FindVrs(tag);
        return vrs.Length switch
        {
            0 => DicomVr.None,
            1 => vrs[0],
            _ when vrs.Contains(DicomVr.SS) => isSigned ? DicomVr.SS : DicomVr.US,
            _ when vrs.Contains(DicomVr.OW) => DicomVr.OW,
            _ => vrs[0],
        };
    }

    /// <summary>The VR to understand a value by: its own, or the dictionary's where it is UN; "US or SS" by the data set around it.</summary>
    internal static DicomVr EffectiveVr(DicomElement element, DicomDataset around)
    {
        if (element.Vr != DicomVr.UN)
        {
            return element.Vr;
        }

        var vr = ResolveVr(element.Tag, isSigned: false);
        if (vr == DicomVr.US && around.IsSigned)
        {
            vr = ResolveVr(element.Tag, isSigned: true);
        }

        return vr is DicomVr.None or DicomVr.SQ ? DicomVr.UN : vr;
    }

    internal static IReadOnlyList<string> Strings(DicomElement element, DicomDataset around)
    {
        var vr = EffectiveVr(element, around);
        if (element.Value.IsEmpty)
        {
            return [];
        }

        if (!vr.IsText)
        {
            return vr switch
            {
                DicomVr.AT => AttributeTags(element.Value.Span),
                DicomVr.FL or DicomVr.OF => Floats(element, around, static v => ((float)v).ToString("R", CultureInfo.InvariantCulture)),
                DicomVr.FD or DicomVr.OD => Floats(element, around, static v => v.ToString("R", CultureInfo.InvariantCulture)),
                DicomVr.UV or DicomVr.OV => UnsignedTexts(element.Value.Span),
                DicomVr.OB or DicomVr.UN or DicomVr.SQ or DicomVr.None => [],
                _ => [.. Int64s(element, around).Select(v => v.ToString(CultureInfo.InvariantCulture))],
            };
        }

        var text = vr.IsCharsetText ? around.CharacterSet.Decode(element.Value.Span, vr == DicomVr.PN) : SpecificCharacterSet.DecodeBasic(element.Value.Span);
        if (vr.IsSingleText)
        {
            var whole = text.TrimEnd(' ', '\0');
            return whole.Length == 0 ? [] : [whole];
        }

        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            var only = text.Trim(' ', '\0');
            return only.Length == 0 ? [] : [only];
        }

        var values = text.Split('\\');
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = values[i].Trim(' ', '\0');
        }

        return values;
    }

    internal static IReadOnlyList<long> Int64s(DicomElement element, DicomDataset around)
    {
        var vr = EffectiveVr(element, around);
        if (vr.IsText)
        {
            var texts = Strings(element, around);
            var parsed = new long[texts.Count];
            for (var i = 0; i < parsed.Length; i++)
            {
                if (!long.TryParse(texts[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out parsed[i]))
                {
                    // Some scanners write an IS as "1.0"; a number without fraction is still that integer.
                    if (!TryParseDecimal(texts[i], out var real) || real != Math.Floor(real) || Math.Abs(real) > 1L << 53)
                    {
                        return [];
                    }

                    parsed[i] = (long)real;
                }
            }

            return parsed;
        }

        var bytes = element.Value.Span;
        var size = vr.ValueBytes;
        if (vr is DicomVr.FL or DicomVr.FD or DicomVr.OF or DicomVr.OD)
        {
            var reals = Doubles(element, around);
            return reals.All(v => v == Math.Floor(v) && Math.Abs(v) <= 1L << 53) ? [.. reals.Select(v => (long)v)] : [];
        }

        if (vr is DicomVr.UN or DicomVr.SQ or DicomVr.None)
        {
            return [];
        }

        var values = new long[bytes.Length / size];
        for (var i = 0; i < values.Length; i++)
        {
            var one = bytes.Slice(i * size, size);
            values[i] = vr switch
            {
                DicomVr.US or DicomVr.OW => BinaryPrimitives.ReadUInt16LittleEndian(one),
                DicomVr.SS => BinaryPrimitives.ReadInt16LittleEndian(one),
                DicomVr.UL or DicomVr.OL => BinaryPrimitives.ReadUInt32LittleEndian(one),
                DicomVr.SL => BinaryPrimitives.ReadInt32LittleEndian(one),
                DicomVr.SV or DicomVr.OV or DicomVr.UV => BinaryPrimitives.ReadInt64LittleEndian(one),
                DicomVr.AT => Tag(one).Value,
                _ => one[0],
            };
            if (vr is DicomVr.UV or DicomVr.OV && values[i] < 0)
            {
                return []; // above the range of Int64; GetStrings has it
            }
        }

        return values;
    }

    internal static IReadOnlyList<double> Doubles(DicomElement element, DicomDataset around)
    {
        var vr = EffectiveVr(element, around);
        var bytes = element.Value.Span;
        switch (vr)
        {
            case DicomVr.FL or DicomVr.OF:
                var singles = new double[bytes.Length / 4];
                for (var i = 0; i < singles.Length; i++)
                {
                    singles[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(i * 4)..]);
                }

                return singles;

            case DicomVr.FD or DicomVr.OD:
                var doubles = new double[bytes.Length / 8];
                for (var i = 0; i < doubles.Length; i++)
                {
                    doubles[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes[(i * 8)..]);
                }

                return doubles;

            case var text when text.IsText:
                var texts = Strings(element, around);
                var parsed = new double[texts.Count];
                for (var i = 0; i < parsed.Length; i++)
                {
                    if (!TryParseDecimal(texts[i], out parsed[i]))
                    {
                        return [];
                    }
                }

                return parsed;

            default:
                return [.. Int64s(element, around).Select(v => (double)v)];
        }
    }

    internal static DateOnly? Date(string text)
    {
        // yyyy.mm.dd is the form before 1993 that PS3.5 §6.2 still asks readers to accept.
        var digits = text.Length >= 10 && text[4] == '.' && text[7] == '.' ? $"{text[..4]}{text[5..7]}{text[8..10]}" : text;
        return digits.Length >= 8
            && DateOnly.TryParseExact(digits[..8], "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date
            : null;
    }

    internal static TimeOnly? Time(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        var whole = dot < 0 ? text : text[..dot];
        if (!TimeOnly.TryParseExact(whole, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return null;
        }

        if (dot < 0)
        {
            return time;
        }

        var fraction = text[(dot + 1)..];
        return fraction.Length is >= 1 and <= 6 && fraction.All(char.IsAsciiDigit)
            ? time.Add(TimeSpan.FromMicroseconds(int.Parse(fraction.PadRight(6, '0'), CultureInfo.InvariantCulture)))
            : null;
    }

    /// <summary>The nearest decimal of at most 16 characters (PS3.5 §6.2, DS).</summary>
    internal static string DecimalString(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new DicomException(DicomError.InvalidValue, "A DS can't hold infinity or NaN");
        }

        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        for (var digits = 16; shortest.Length > 16; digits--)
        {
            shortest = value.ToString("G" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        }

        return shortest;
    }

    internal static byte[] Encode(DicomTag tag, DicomVr vr, IReadOnlyList<string> values, SpecificCharacterSet charset)
    {
        if (vr.IsText)
        {
            if (vr.IsSingleText && values.Count > 1)
            {
                throw new DicomException(DicomError.InvalidValue, $"{vr.Code} holds one value", tag);
            }

            if (!vr.IsSingleText && values.Any(v => v.Contains('\\', StringComparison.Ordinal)))
            {
                throw new DicomException(DicomError.InvalidValue, $"A backslash separates values of {vr.Code}", tag);
            }

            var text = string.Join('\\', values);
            return vr.IsCharsetText ? charset.Encode(text, tag, vr == DicomVr.PN) : SpecificCharacterSet.EncodeBasic(text, tag);
        }

        var size = vr.ValueBytes;
        var bytes = new byte[values.Count * size];
        for (var i = 0; i < values.Count; i++)
        {
            if (!TryEncodeNumber(vr, values[i], bytes.AsSpan(i * size, size)))
            {
                throw new DicomException(DicomError.InvalidValue, $"Not a value of {vr.Code}", tag);
            }
        }

        return bytes;
    }

    internal static DicomTag Tag(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt16LittleEndian(bytes), BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]));

    /// <summary>Turns big-endian bytes into little-endian ones or back, by the VR's unit; an odd rest stays.</summary>
    internal static void SwapBytes(Span<byte> bytes, int unit)
    {
        var whole = bytes[..(bytes.Length / unit * unit)];
        switch (unit)
        {
            case 2:
                var shorts = MemoryMarshal.Cast<byte, ushort>(whole);
                BinaryPrimitives.ReverseEndianness(shorts, shorts);
                break;
            case 4:
                var ints = MemoryMarshal.Cast<byte, uint>(whole);
                BinaryPrimitives.ReverseEndianness(ints, ints);
                break;
            case 8:
                var longs = MemoryMarshal.Cast<byte, ulong>(whole);
                BinaryPrimitives.ReverseEndianness(longs, longs);
                break;
        }
    }

    /// <summary>A DS or IS of any length that a scanner may write: sign, digits, point, exponent; not "NaN" or "Infinity".</summary>
    internal static bool TryParseDecimal(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float & ~NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out value)
        && double.IsFinite(value);

    private static bool TryEncodeNumber(DicomVr vr, string text, Span<byte> to)
    {
        var culture = CultureInfo.InvariantCulture;
        const NumberStyles Integer = NumberStyles.AllowLeadingSign;
        switch (vr)
        {
            case DicomVr.US or DicomVr.OW when ushort.TryParse(text, Integer, culture, out var us):
                BinaryPrimitives.WriteUInt16LittleEndian(to, us);
                return true;
            case DicomVr.SS when short.TryParse(text, Integer, culture, out var ss):
                BinaryPrimitives.WriteInt16LittleEndian(to, ss);
                return true;
            case DicomVr.UL or DicomVr.OL when uint.TryParse(text, Integer, culture, out var ul):
                BinaryPrimitives.WriteUInt32LittleEndian(to, ul);
                return true;
            case DicomVr.SL when int.TryParse(text, Integer, culture, out var sl):
                BinaryPrimitives.WriteInt32LittleEndian(to, sl);
                return true;
            case DicomVr.SV when long.TryParse(text, Integer, culture, out var sv):
                BinaryPrimitives.WriteInt64LittleEndian(to, sv);
                return true;
            case DicomVr.UV or DicomVr.OV when ulong.TryParse(text, Integer, culture, out var uv):
                BinaryPrimitives.WriteUInt64LittleEndian(to, uv);
                return true;
            case DicomVr.FL or DicomVr.OF when float.TryParse(text, culture, out var fl):
                BinaryPrimitives.WriteSingleLittleEndian(to, fl);
                return true;
            case DicomVr.FD or DicomVr.OD when double.TryParse(text, culture, out var fd):
                BinaryPrimitives.WriteDoubleLittleEndian(to, fd);
                return true;
            case DicomVr.AT when DicomTag.TryParse(text, out var at):
                BinaryPrimitives.WriteUInt16LittleEndian(to, at.Group);
                BinaryPrimitives.WriteUInt16LittleEndian(to[2..], at.Element);
                return true;
            case DicomVr.OB or DicomVr.UN when byte.TryParse(text, Integer, culture, out var ob):
                to[0] = ob;
                return true;
            default:
                return false;
        }
    }

    private static string[] AttributeTags(ReadOnlySpan<byte> bytes)
    {
        var tags = new string[bytes.Length / 4];
        for (var i = 0; i < tags.Length; i++)
        {
            tags[i] = Tag(bytes[(i * 4)..]).Value.ToString("X8", CultureInfo.InvariantCulture);
        }

        return tags;
    }

    private static string[] UnsignedTexts(ReadOnlySpan<byte> bytes)
    {
        var texts = new string[bytes.Length / 8];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * 8)..]).ToString(CultureInfo.InvariantCulture);
        }

        return texts;
    }

    private static string[] Floats(DicomElement element, DicomDataset around, Func<double, string> format) =>
        [.. Doubles(element, around).Select(format)];
}
