using System.Security.Cryptography;
using System.Text;

namespace Platform.Audit;

/// <summary>The hash of one event, domain-separated from inner nodes as in RFC 6962 §2.1.</summary>
public static class AuditLeaf
{
    private const byte LeafPrefix = 0x00;

    /// <summary>SHA-256(0x00 ‖ UTF-8 of the canonical event), 32 bytes.</summary>
    public static byte[] Hash(string canonical)
    {
        var bytes = new byte[1 + Encoding.UTF8.GetByteCount(canonical)];
        bytes[0] = LeafPrefix;
        Encoding.UTF8.GetBytes(canonical, bytes.AsSpan(1));
        return SHA256.HashData(bytes);
    }
}
