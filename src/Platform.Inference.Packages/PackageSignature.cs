using System.Security.Cryptography;

namespace Platform.Inference.Packages;

/// <summary>
/// The detached signature of a package: ECDSA on P-256 over the SHA-256 of the zip's bytes, DER, in a file beside it (<c>FILE.zip.sig</c>).
/// So the content address is what is signed, and <c>openssl dgst -sha256 -verify</c> checks it too.
/// </summary>
public static class PackageSignature
{
    /// <summary>Added to the package's file name.</summary>
    public const string Extension = ".sig";

    private const int MaxBytes = 80; // two integers of 33 bytes with their DER headers, and some room

    /// <summary>A new key pair.</summary>
    public static ECDsa CreateKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>A key of a PEM file: public, or private in PKCS#8 or SEC 1 form.</summary>
    /// <exception cref="PackageRefusedException"><c>signature-key</c>: not such a key, or on another curve than P-256.</exception>
    public static ECDsa ReadKey(string pem)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            if (key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value)
            {
                return key;
            }
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
        }

        key.Dispose();
        throw new PackageRefusedException("signature-key", "The key is no PEM of an elliptic-curve key on P-256; make one with: platform model key.");
    }

    /// <summary>The first 16 hex digits of the SHA-256 of the public key (SubjectPublicKeyInfo): how people call the key.</summary>
    public static string KeyId(ECDsa key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..16];

    /// <summary>Signs a package.</summary>
    /// <param name="packageHash">Hex SHA-256 of the zip.</param>
    public static byte[] Sign(ECDsa key, string packageHash) =>
        key.SignHash(Convert.FromHexString(packageHash), DSASignatureFormat.Rfc3279DerSequence);

    /// <summary>Returns the key's id when one of the trusted keys made the signature.</summary>
    /// <param name="packageHash">Hex SHA-256 of the zip.</param>
    /// <param name="signature">Null where the package has none.</param>
    /// <exception cref="PackageRefusedException"><c>unsigned</c>, <c>signature-malformed</c> or <c>signature-untrusted</c>.</exception>
    public static string ThrowIfUntrusted(string packageHash, byte[]? signature, IEnumerable<ECDsa> trusted)
    {
        if (signature is null)
        {
            throw new PackageRefusedException("unsigned", "The package is not signed; sign it with: platform model sign.");
        }

        // ITU-T X.690 §8.9: a sequence, its length in one byte, as long as what follows.
        if (signature.Length is < 8 or > MaxBytes || signature[0] != 0x30 || signature[1] != signature.Length - 2)
        {
            throw new PackageRefusedException("signature-malformed", "The signature is none that this service reads; sign it with: platform model sign.");
        }

        var hash = Convert.FromHexString(packageHash);
        return trusted.FirstOrDefault(key => key.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence)) is { } signer
            ? KeyId(signer)
            : throw new PackageRefusedException(
                "signature-untrusted", "No trusted key made this signature, or the package was changed after it was signed.");
    }
}
