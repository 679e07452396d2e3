using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Platform.Dicom.Network;

namespace Platform.Cli.Dicom;

/// <summary>TLS on the command line; certificates and keys are PEM files.</summary>
internal sealed class TlsOptions(bool isServer)
{
    private readonly Option<bool> _tls = new("--tls") { Description = "Secure the connection (TLS 1.2 or 1.3)." };

    private readonly Option<FileInfo?> _authorities = new("--ca")
    {
        Description = isServer
            ? "Authorities that clients must have a certificate of; without it none is asked for."
            : "The only authorities that the peer's certificate may come from; without it those of the system.",
    };

    private readonly Option<FileInfo?> _certificate = new("--cert") { Description = "Certificate of this side." };

    private readonly Option<FileInfo?> _key = new("--key")
    {
        Description = "Its private key, without password; without it, it is in the certificate's file.",
    };

    public void AddTo(Command command)
    {
        command.Add(_tls);
        command.Add(_authorities);
        command.Add(_certificate);
        command.Add(_key);
        command.Validators.Add(result =>
        {
            var files = new[] { result.GetValue(_authorities), result.GetValue(_certificate), result.GetValue(_key) };
            if (!result.GetValue(_tls) && files.Any(f => f is not null))
            {
                result.AddError("--ca, --cert and --key need --tls.");
            }
            else if (isServer && result.GetValue(_tls) && result.GetValue(_certificate) is null)
            {
                result.AddError("--tls needs --cert.");
            }
        });
    }

    /// <summary>Null for a plain connection.</summary>
    public DicomTls? Read(ParseResult parsed)
    {
        if (!parsed.GetValue(_tls))
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        try
        {
            if (parsed.GetValue(_authorities) is { } file)
            {
                authorities.ImportFromPemFile(file.FullName);
            }

            return new DicomTls
            {
                Authorities = authorities,
                Certificate = parsed.GetValue(_certificate) is { } path ? Load(path, parsed.GetValue(_key)) : null,
                IsClientCertificateRequired = isServer && authorities.Count > 0,
            };
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"A certificate or key cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Through PKCS #12, since not every system's TLS takes a key that came by itself.</summary>
    private static X509Certificate2 Load(FileInfo certificate, FileInfo? key)
    {
        using var loaded = X509Certificate2.CreateFromPemFile(certificate.FullName, key?.FullName);
        return X509CertificateLoader.LoadPkcs12(loaded.Export(X509ContentType.Pkcs12), null);
    }
}
