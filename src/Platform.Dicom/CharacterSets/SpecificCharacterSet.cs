using System.Globalization;
using System.Text;

namespace Platform.Dicom.CharacterSets;

/// <summary>
/// The character repertoire of a data set's texts, by the terms of (0008,0005): PS3.3 §C.12.1.1.2, PS3.5 §6.1.
/// Terms that the standard does not have stand for the default repertoire, and bytes above it are then read as ISO 8859-1.
/// </summary>
public sealed class SpecificCharacterSet
{
    /// <summary>The default repertoire, ISO IR 6.</summary>
    public static readonly SpecificCharacterSet Default = new([""]);

    public static readonly SpecificCharacterSet Utf8 = new(["ISO_IR 192"]);

    /// <summary>All terms of the standard together are shorter; what comes behind them is no term.</summary>
    private const int MaxTermCharacters = 1024;

    private readonly Repertoire?[] _repertoires;

    /// <summary>Set where one encoding without escape sequences rules all: UTF-8, GB18030, GBK.</summary>
    private readonly Encoding? _whole;

    /// <summary>What the first term puts into G1.</summary>
    private readonly Repertoire? _initialG1;

    private SpecificCharacterSet(IReadOnlyList<string> terms)
    {
        Terms = terms;
        _whole = WholeEncoding(terms[0]);
        _repertoires = [.. terms.Select(FindRepertoire)];
        _initialG1 = _repertoires[0] is { Kind: RepertoireKind.Single or RepertoireKind.Katakana or RepertoireKind.DoubleG1 } first
            ? first
            : null;
    }

    /// <summary>The terms in order, as they stand in (0008,0005); "" for the default repertoire.</summary>
    public IReadOnlyList<string> Terms { get; }

    /// <summary>Reads the value of (0008,0005), with its backslashes.</summary>
    public static SpecificCharacterSet Parse(string value)
    {
        var text = value.Trim(' ', '\0');
        return text switch
        {
            "" => Default,
            "ISO_IR 192" => Utf8,
            _ => new SpecificCharacterSet([.. text[..Math.Min(text.Length, MaxTermCharacters)].Split('\\').Select(t => t.Trim(' ', '\0'))]),
        };
    }

    /// <summary>Text of LO, LT, SH, ST, UC, UT or PN, with its separators and padding; bytes without meaning become U+FFFD.</summary>
    /// <param name="isPersonName">"^" and "=" end a component, where code extension begins anew (PS3.5 §6.1.2.5.3).</param>
    public string Decode(ReadOnlySpan<byte> bytes, bool isPersonName = false)
    {
        if (_whole is not null)
        {
            return _whole.GetString(bytes);
        }

        if (!bytes.ContainsAnyInRange((byte)0x80, (byte)0xFF) && !bytes.Contains((byte)0x1B))
        {
            return Encoding.Latin1.GetString(bytes);
        }

        return DecodeExtended(bytes, isPersonName);
    }

    /// <summary>Bytes of a text; DicomException UnencodableText if the repertoire lacks one of its characters.</summary>
    public byte[] Encode(string text, DicomTag? tag = null, bool isPersonName = false)
    {
        if (_whole is not null)
        {
            try
            {
                return _whole.GetBytes(text);
            }
            catch (EncoderFallbackException)
            {
                throw Unencodable(tag);
            }
        }

        return Ascii.IsValid(text) ? Encoding.ASCII.GetBytes(text) : EncodeExtended(text, isPersonName, tag);
    }

    /// <summary>Whether a text can be written.</summary>
    public bool CanEncode(string text)
    {
        try
        {
            Encode(text);
            return true;
        }
        catch (DicomException)
        {
            return false;
        }
    }

    /// <summary>Text of the VRs that the default repertoire rules (CS, DA, UI …).</summary>
    internal static string DecodeBasic(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    internal static byte[] EncodeBasic(string text, DicomTag tag) =>
        Ascii.IsValid(text)
            ? Encoding.ASCII.GetBytes(text)
            : throw new DicomException(DicomError.UnencodableText, "The VR allows the default repertoire only", tag);

    private static Encoding? WholeEncoding(string term) => Canonical(term) switch
    {
        "ISOIR192" or "ISO2022IR192" or "UTF8" => CodePages.Lenient(65001),
        "GB18030" or "ISOIRGB18030" => CodePages.Lenient(54936),
        "GBK" or "GB2312" => CodePages.Lenient(936),
        _ => null,
    };

    /// <summary>"ISO_IR 100", "ISO 2022 IR 100" and what scanners write for them ("ISO IR 100", "ISO-IR 100", "ISO_2022_IR_100" …).</summary>
    private static Repertoire? FindRepertoire(string term)
    {
        var canonical = Canonical(term);
        var at = canonical.LastIndexOf("IR", StringComparison.Ordinal);
        return at >= 0 && int.TryParse(canonical.AsSpan(at + 2), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? Repertoire.Find(number)
            : null;
    }

    private static string Canonical(string term) => string.Concat(term.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();

    private static DicomException Unencodable(DicomTag? tag) =>
        new(DicomError.UnencodableText, "The Specific Character Set lacks a character of the text", tag);

    /// <summary>A byte after which code extension begins anew (PS3.5 §6.1.2.5.3).</summary>
    private static bool IsDelimiter(byte value, bool isPersonName) =>
        value is (byte)'\\' or (byte)'\r' or (byte)'\n' or (byte)'\f' or (byte)'\t' || (isPersonName && value is (byte)'^' or (byte)'=');

    private string DecodeExtended(ReadOnlySpan<byte> bytes, bool isPersonName)
    {
        var text = new StringBuilder(bytes.Length);
        Repertoire? g0 = null;
        var g1 = _initialG1;
        for (var i = 0; i < bytes.Length;)
        {
            var value = bytes[i];
            if (value == 0x1B && Escape(bytes[i..]) is { } escape)
            {
                i += escape.Length;
                if (escape.IsG0)
                {
                    g0 = escape.Repertoire;
                }
                else
                {
                    g1 = escape.Repertoire;
                }

                continue;
            }

            if (value < 0x80)
            {
                if (g0 is not null && value is > 0x20 and < 0x7F && i + 1 < bytes.Length)
                {
                    g0.Append(text, value, bytes[i + 1]);
                    i += 2;
                    continue;
                }

                text.Append(value == 0x1B ? '\uFFFD' : (char)value);
                if (IsDelimiter(value, isPersonName))
                {
                    // Without a repertoire of its own in G1, the first term leaves nothing to go back to; what was designated
                    // before is then likelier than nothing, and some Korean and Chinese scanners do write that.
                    g0 = null;
                    g1 = _initialG1 ?? g1;
                }

                i++;
                continue;
            }

            if (g1?.Kind == RepertoireKind.DoubleG1)
            {
                if (i + 1 >= bytes.Length || bytes[i + 1] < 0x80)
                {
                    text.Append('\uFFFD');
                    i++;
                    continue;
                }

                g1.Append(text, value, bytes[i + 1]);
                i += 2;
                continue;
            }

            if (g1 is null)
            {
                text.Append((char)value); // ISO 8859-1
            }
            else
            {
                g1.Append(text, value);
            }

            i++;
        }

        return text.ToString();
    }

    private static (Repertoire? Repertoire, bool IsG0, int Length)? Escape(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("\u001b(J"u8) || bytes.StartsWith("\u001b(B"u8))
        {
            return (null, true, 3); // JIS X 0201 romaji differs from ASCII in yen and overline only, and 5C separates values in both
        }

        foreach (var repertoire in Repertoire.All)
        {
            if (bytes.StartsWith(repertoire.Escape))
            {
                return (repertoire, repertoire.Kind == RepertoireKind.DoubleG0, repertoire.Escape.Length);
            }
        }

        return null;
    }

    private byte[] EncodeExtended(string text, bool isPersonName, DicomTag? tag)
    {
        var bytes = new List<byte>(text.Length + 16);
        Repertoire? g0 = null;
        var g1 = _initialG1;
        Span<byte> buffer = stackalloc byte[8];
        for (var i = 0; i < text.Length;)
        {
            var length = char.IsSurrogatePair(text, i) ? 2 : 1;
            var character = text.AsSpan(i, length);
            i += length;
            if (character[0] < 0x80)
            {
                LeaveG0(bytes, ref g0);
                bytes.Add((byte)character[0]);
                if (IsDelimiter((byte)character[0], isPersonName))
                {
                    g1 = _initialG1;
                }

                continue;
            }

            var found = FindFor(character, g0, g1, buffer, out var count) ?? throw Unencodable(tag);
            if (found.Kind == RepertoireKind.DoubleG0)
            {
                if (g0 != found)
                {
                    bytes.AddRange(found.Escape);
                    g0 = found;
                }
            }
            else if (g1 != found)
            {
                bytes.AddRange(found.Escape);
                g1 = found;
            }

            bytes.AddRange(buffer[..count]);
        }

        LeaveG0(bytes, ref g0);
        return [.. bytes];
    }

    private void LeaveG0(List<byte> bytes, ref Repertoire? g0)
    {
        if (g0 is not null)
        {
            // Back to what the first term has in G0: romaji for IR 13, else ASCII.
            bytes.AddRange(_repertoires[0]?.Kind == RepertoireKind.Katakana ? "\u001b(J"u8 : "\u001b(B"u8);
            g0 = null;
        }
    }

    /// <summary>The repertoire for a character: one that is designated already, else the first term that has it.</summary>
    private Repertoire? FindFor(ReadOnlySpan<char> character, Repertoire? g0, Repertoire? g1, Span<byte> buffer, out int count)
    {
        if (g0 is not null && g0.TryEncode(character, buffer, out count))
        {
            return g0;
        }

        if (g1 is not null && g1.TryEncode(character, buffer, out count))
        {
            return g1;
        }

        foreach (var repertoire in _repertoires)
        {
            if (repertoire is not null && repertoire.Kind != RepertoireKind.Ascii && repertoire.TryEncode(character, buffer, out count))
            {
                return repertoire;
            }
        }

        count = 0;
        return null;
    }
}
