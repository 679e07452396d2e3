using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Platform.Dicom.Deidentification;

/// <summary>
/// Keyed, one-way replacements that stay the same for one owner: UIDs (PS3.15 §E.3.9 "consistent"), patient pseudonyms and the
/// fingerprint of received bytes. Each purpose has a key of its own, derived (HKDF-SHA256) from one secret.
/// </summary>
public sealed class DeidentificationKeys
{
    /// <summary>Dates move into the past by 1 to this many days.</summary>
    public const int MaxShiftDays = 3650;

    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private readonly byte[] uidKey;
    private readonly byte[] patientKey;
    private readonly byte[] bytesKey;
    private readonly byte[] dateKey;
    private readonly byte[] deviceKey;

    /// <param name="secret">At least 32 random bytes that never leave the owner.</param>
    public DeidentificationKeys(ReadOnlySpan<byte> secret)
    {
        if (secret.Length < 32)
        {
            throw new ArgumentException("The secret needs at least 32 bytes.", nameof(secret));
        }

        uidKey = Derive(secret, "platform/uid");
        patientKey = Derive(secret, "platform/patient");
        bytesKey = Derive(secret, "platform/bytes");
        dateKey = Derive(secret, "platform/dates");
        deviceKey = Derive(secret, "platform/device");
    }

    /// <summary>The UID (2.25.…) that stands for a received one. UIDs of the standard (1.2.840.10008.…) stay as they are.</summary>
    public string MapUid(string uid)
    {
        var trimmed = uid.Trim('\0', ' ');
        if (trimmed.Length == 0 || trimmed.StartsWith("1.2.840.10008.", StringComparison.Ordinal))
        {
            return trimmed;
        }

        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Hash(uidKey, trimmed, hash);
        return DicomUid.FromHash(hash);
    }

    /// <summary>The same for one UID in ASCII bytes, as an element's value holds it; the result is padded.</summary>
    internal byte[] MapUid(ReadOnlySpan<byte> uid)
    {
        Span<byte> mapped = stackalloc byte[DicomUid.MaxLength];
        scoped var trimmed = uid.Trim(" \0"u8);
        if (!trimmed.IsEmpty && !trimmed.StartsWith("1.2.840.10008."u8))
        {
            Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
            HMACSHA256.HashData(uidKey, trimmed, hash);
            DicomUid.FromHash(hash, mapped, out var written);
            trimmed = mapped[..written];
        }

        var value = new byte[(trimmed.Length + 1) & ~1];
        trimmed.CopyTo(value);
        return value;
    }

    /// <summary>The pseudonym of a patient: 26 base-32 characters, the same for the same PatientID and issuer.</summary>
    public string Pseudonym(string patientId, string? issuer)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Hash(patientKey, patientId.Trim() + "\0" + issuer?.Trim(), hash);
        return Letters(26, hash);
    }

    /// <summary>The pseudonym of a device or application entity: 16 base-32 characters, which is what an AE title holds.</summary>
    public string DevicePseudonym(string name)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Hash(deviceKey, name.Trim(), hash);
        return Letters(16, hash);
    }

    /// <summary>By how many days a patient's dates move (PS3.15 §E.3.6): the same for all of them, negative, so never into the future.</summary>
    /// <param name="pseudonym">Of the patient, or of the study where there is no PatientID.</param>
    public int DateShiftDays(string pseudonym)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Hash(dateKey, pseudonym, hash);
        return -1 - (int)(BinaryPrimitives.ReadUInt64BigEndian(hash) % MaxShiftDays);
    }

    /// <summary>A running HMAC-SHA256 of bytes as received; it decides whether two uploads are the same.</summary>
    public IncrementalHash ReceivedBytes() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, bytesKey);

    private static string Letters(int count, ReadOnlySpan<byte> hash) => string.Create(count, hash[..17].ToArray(), static (text, bytes) =>
    {
        for (var i = 0; i < text.Length; i++)
        {
            var bit = i * 5;
            var pair = (bytes[bit / 8] << 8) | bytes[(bit / 8) + 1];
            text[i] = Base32[(pair >> (11 - (bit % 8))) & 31];
        }
    });

    private static byte[] Derive(ReadOnlySpan<byte> secret, string purpose)
    {
        var key = new byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, salt: [], Encoding.ASCII.GetBytes(purpose));
        return key;
    }

    private static void Hash(byte[] key, string text, Span<byte> hash)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        var length = Encoding.UTF8.GetBytes(text, buffer);
        HMACSHA256.HashData(key, buffer.AsSpan(0, length), hash);
        ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
    }
}
