using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Unicode;

namespace Platform.Dicom;

/// <summary>Unique identifiers (PS3.5 §9 and Annex B).</summary>
public static class DicomUid
{
    internal const int MaxLength = 64;

    /// <summary>A new UID: 2.25 and a random UUID as a decimal number (PS3.5 §B.2).</summary>
    public static string New()
    {
        Span<byte> random = stackalloc byte[16];
        RandomNumberGenerator.Fill(random);
        return string.Create(CultureInfo.InvariantCulture, $"2.25.{Number(random, 4)}");
    }

    /// <summary>The UID that belongs to a hash: 2.25 and its first 16 bytes as a version 8 UUID (RFC 9562 §5.8).</summary>
    public static string FromHash(ReadOnlySpan<byte> hash) => string.Create(CultureInfo.InvariantCulture, $"2.25.{HashNumber(hash)}");

    /// <summary>The same in ASCII; at most 44 bytes.</summary>
    internal static void FromHash(ReadOnlySpan<byte> hash, Span<byte> uid, out int written) =>
        Utf8.TryWrite(uid, CultureInfo.InvariantCulture, $"2.25.{HashNumber(hash)}", out written);

    /// <summary>1 to 64 characters, numbers joined by dots, none with a leading zero (PS3.5 §9.1).</summary>
    public static bool IsValid(ReadOnlySpan<char> uid)
    {
        if (uid.IsEmpty || uid.Length > MaxLength)
        {
            return false;
        }

        var start = 0;
        for (var i = 0; i <= uid.Length; i++)
        {
            if (i < uid.Length && char.IsAsciiDigit(uid[i]))
            {
                continue;
            }

            if (i == start || (i < uid.Length && uid[i] != '.') || (uid[start] == '0' && i - start > 1))
            {
                return false;
            }

            start = i + 1;
        }

        return true;
    }

    private static UInt128 HashNumber(ReadOnlySpan<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hash.Length, 16);
        Span<byte> uuid = stackalloc byte[16];
        hash[..16].CopyTo(uuid);
        return Number(uuid, 8);
    }

    /// <summary>The number of a UUID that is given its version and variant.</summary>
    private static UInt128 Number(Span<byte> uuid, int version)
    {
        uuid[6] = (byte)((uuid[6] & 0x0F) | (version << 4));
        uuid[8] = (byte)((uuid[8] & 0x3F) | 0x80);
        return BinaryPrimitives.ReadUInt128BigEndian(uuid);
    }
}
