using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Platform.Dicom.Network;

/// <summary>How a connection is secured (PS3.15 Annex B): TLS 1.2 or 1.3 with the cipher suites of BCP 195.</summary>
/// <remarks>Revocation is not asked for: hospitals' own authorities have no lists that a gateway could reach.</remarks>
public sealed record DicomTls
{
    // RFC 9325 §4.2: forward secrecy and authenticated encryption; the TLS 1.3 suites all have both.
    private static readonly TlsCipherSuite[] Suites =
    [
        TlsCipherSuite.TLS_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ];

    /// <summary>This side's certificate with its key; a server must have one.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>The only authorities that the peer's certificate may come from; empty for those of the system.</summary>
    public X509Certificate2Collection Authorities { get; init; } = [];

    /// <summary>Of a server: a client without a certificate of the authorities is turned away.</summary>
    public bool IsClientCertificateRequired { get; init; }

    /// <summary>Of a client: the name that the server's certificate must have; null for the host that it connects to.</summary>
    public string? ServerName { get; init; }

    internal SslServerAuthenticationOptions ForServer() => new()
    {
        ServerCertificate = Certificate ?? throw new InvalidOperationException("A TLS server must have a certificate."),
        ClientCertificateRequired = IsClientCertificateRequired,
        EnabledSslProtocols = Protocols,
        CipherSuitesPolicy = Policy,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = IsClientCertificateRequired ? ChainPolicy(ClientAuthentication) : null,
        AllowRenegotiation = false,
    };

    internal SslClientAuthenticationOptions ForClient(string host) => new()
    {
        TargetHost = ServerName ?? host,
        ClientCertificates = Certificate is null ? null : [Certificate],
        EnabledSslProtocols = Protocols,
        CipherSuitesPolicy = Policy,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = ChainPolicy(ServerAuthentication),
        AllowRenegotiation = false,
    };

    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    [SuppressMessage("Security", "CA5398", Justification = "A floor: the system may have older versions switched on.")]
    private static SslProtocols Protocols => SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>Elsewhere the system's own policy holds.</summary>
    private static CipherSuitesPolicy? Policy => OperatingSystem.IsLinux() ? new CipherSuitesPolicy(Suites) : null;

    private X509ChainPolicy ChainPolicy(string usage)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid(usage));
        if (Authorities.Count > 0)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(Authorities);
        }

        return policy;
    }
}
