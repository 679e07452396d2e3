using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;

namespace Platform.Api.Security;

/// <summary>Loads the keys that sign and encrypt tokens, before the first request and after the database is migrated.</summary>
internal sealed class TokenKeys(StoredKeys stored) : IHostedService, IDisposable
{
    private const int EncryptionBytes = 32;
    private readonly ECDsa ecdsa = ECDsa.Create();
    private byte[]? signing;
    private byte[]? encryption;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        signing = await stored.GetOrCreateAsync("token-signing", null, NewSigningKey, cancellationToken);
        encryption = await stored.GetOrCreateAsync(
            "token-encryption", null, () => RandomNumberGenerator.GetBytes(EncryptionBytes), cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => ecdsa.Dispose();

    private static byte[] NewSigningKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKey();
    }

    private void Give(OpenIddictServerOptions options)
    {
        if (signing is null || encryption is null)
        {
            throw new InvalidOperationException("Token keys are not loaded yet.");
        }

        ecdsa.ImportPkcs8PrivateKey(signing, out _);
        options.SigningCredentials.Add(new SigningCredentials(
            new ECDsaSecurityKey(ecdsa) { KeyId = Name(signing) }, SecurityAlgorithms.EcdsaSha256));
        options.EncryptionCredentials.Add(new EncryptingCredentials(
            new SymmetricSecurityKey(encryption) { KeyId = Name(encryption) },
            SecurityAlgorithms.Aes256KW,
            SecurityAlgorithms.Aes256CbcHmacSha512));
    }

    /// <summary>Names a key without telling it.</summary>
    private static string Name(byte[] key) => Convert.ToHexStringLower(HMACSHA256.HashData(key, "key id"u8))[..16];

    /// <summary>Gives them to OpenIddict.</summary>
    internal sealed class Loaded(TokenKeys keys, IOptions<IdentityOptions> identity) : IConfigureOptions<OpenIddictServerOptions>
    {
        public void Configure(OpenIddictServerOptions options)
        {
            keys.Give(options);
            options.Issuer = identity.Value.Issuer;
        }
    }
}
