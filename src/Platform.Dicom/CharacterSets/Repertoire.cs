using System.Text;

namespace Platform.Dicom.CharacterSets;

/// <summary>One coded character set of PS3.3 §C.12.1.1.2: its term's number, its escape sequence, its code page.</summary>
internal sealed class Repertoire
{
    private readonly Encoding _encoding;

    private Repertoire(int number, RepertoireKind kind, string escape, int codePage)
    {
        Number = number;
        Kind = kind;
        Escape = Encoding.Latin1.GetBytes("\u001b" + escape);
        _encoding = CodePages.Strict(codePage);
    }

    internal static IReadOnlyList<Repertoire> All { get; } =
    [
        new(6, RepertoireKind.Ascii, "(B", 20127),
        new(100, RepertoireKind.Single, "-A", 28591),
        new(101, RepertoireKind.Single, "-B", 28592),
        new(109, RepertoireKind.Single, "-C", 28593),
        new(110, RepertoireKind.Single, "-D", 28594),
        new(126, RepertoireKind.Single, "-F", 28597),
        new(127, RepertoireKind.Single, "-G", 28596),
        new(138, RepertoireKind.Single, "-H", 28598),
        new(144, RepertoireKind.Single, "-L", 28595),
        new(148, RepertoireKind.Single, "-M", 28599),
        new(166, RepertoireKind.Single, "-T", 874),
        new(203, RepertoireKind.Single, "-b", 28605),
        new(13, RepertoireKind.Katakana, ")I", 20127),
        new(58, RepertoireKind.DoubleG1, "$)A", 936),
        new(149, RepertoireKind.DoubleG1, "$)C", 949),
        new(87, RepertoireKind.DoubleG0, "$B", 20932),
        new(159, RepertoireKind.DoubleG0, "$(D", 20932),
    ];

    /// <summary>The registration number, as in "ISO_IR 100".</summary>
    internal int Number { get; }

    internal RepertoireKind Kind { get; }

    internal byte[] Escape { get; }

    internal static Repertoire? Find(int number) => All.FirstOrDefault(r => r.Number == number);

    /// <summary>One character of one byte, with the high bit as it stands.</summary>
    internal void Append(StringBuilder text, byte value)
    {
        if (Kind == RepertoireKind.Katakana)
        {
            text.Append(value is >= 0xA1 and <= 0xDF ? (char)(0xFF61 + value - 0xA1) : '\uFFFD');
            return;
        }

        // The code page of ISO-IR 166 has characters of its own where ISO 8859 has controls.
        if (Kind == RepertoireKind.Single && value is >= 0x80 and < 0xA0)
        {
            text.Append((char)value);
            return;
        }

        Append(text, [value]);
    }

    /// <summary>One character of two bytes, whatever their high bits.</summary>
    internal void Append(StringBuilder text, byte first, byte second)
    {
        // Code page 20932 tells JIS X 0212 from 0208 by the second byte's high bit.
        var high = (byte)(Number == 159 ? 0x00 : 0x80);
        Append(text, [(byte)(first | 0x80), (byte)((second & 0x7F) | high)]);
    }

    /// <summary>The bytes of a character, as they stand in G0 or G1; false if the repertoire lacks it.</summary>
    internal bool TryEncode(ReadOnlySpan<char> character, Span<byte> bytes, out int count)
    {
        count = 0;
        if (Kind == RepertoireKind.Katakana)
        {
            if (character is not [>= '\uFF61' and <= '\uFF9F'])
            {
                return false;
            }

            bytes[0] = (byte)(character[0] - 0xFF61 + 0xA1);
            count = 1;
            return true;
        }

        if (character is [var single] && IsPrivateUse(single))
        {
            return false;
        }

        Span<byte> buffer = stackalloc byte[8];
        try
        {
            count = _encoding.GetBytes(character, buffer);
        }
        catch (EncoderFallbackException)
        {
            return false;
        }

        var fits = Number switch
        {
            6 => count == 1 && buffer[0] < 0x80,
            159 => count == 2 && buffer[0] >= 0xA1 && buffer[1] is >= 0x21 and <= 0x7E,
            _ when Kind == RepertoireKind.Single => count == 1 && buffer[0] >= 0xA0,
            _ => count == 2 && buffer[0] >= 0xA1 && buffer[1] >= 0xA1,
        };
        if (!fits)
        {
            return false;
        }

        var mask = Kind == RepertoireKind.DoubleG0 ? 0x7F : 0xFF;
        for (var i = 0; i < count; i++)
        {
            bytes[i] = (byte)(buffer[i] & mask);
        }

        return true;
    }

    private void Append(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        Span<char> characters = stackalloc char[4];
        try
        {
            var count = _encoding.GetChars(bytes, characters);
            text.Append(count == 1 && IsPrivateUse(characters[0]) ? "\uFFFD" : characters[..count]);
        }
        catch (DecoderFallbackException)
        {
            text.Append('\uFFFD');
        }
    }

    /// <summary>What .NET's code pages give for a byte that stands for no character.</summary>
    private static bool IsPrivateUse(char c) => c is >= '\uE000' and <= '\uF8FF';
}

internal enum RepertoireKind
{
    Ascii,

    /// <summary>96 characters in G1, one byte each.</summary>
    Single,

    /// <summary>JIS X 0201: half-width katakana in G1.</summary>
    Katakana,

    /// <summary>Two bytes, in G0 (7 bits each).</summary>
    DoubleG0,

    /// <summary>Two bytes, in G1 (high bits set).</summary>
    DoubleG1,
}

internal static class CodePages
{
    /// <summary>An encoding that throws at what it lacks. The code pages are part of .NET and need no registration.</summary>
    internal static Encoding Strict(int codePage) => Get(codePage, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);

    /// <summary>An encoding that throws at characters it lacks and reads bytes it lacks as U+FFFD.</summary>
    internal static Encoding Lenient(int codePage) =>
        Get(codePage, EncoderFallback.ExceptionFallback, new DecoderReplacementFallback("\uFFFD"));

    private static Encoding Get(int codePage, EncoderFallback encoder, DecoderFallback decoder) =>
        CodePagesEncodingProvider.Instance.GetEncoding(codePage, encoder, decoder) ?? Encoding.GetEncoding(codePage, encoder, decoder);
}
