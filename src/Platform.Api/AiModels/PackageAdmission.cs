using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Platform.Contracts;
using Platform.Hosting.Blobs;
using Platform.Inference.Packages;

namespace Platform.Api.AiModels;

/// <summary>What an uploaded package must pass before it is kept. One at a time: a package is held in memory while it is checked.</summary>
internal sealed class PackageAdmission(BlobStore blobs, IOptions<AiModelOptions> options) : IDisposable
{
    private const int BufferBytes = 128 << 10;

    private readonly SemaphoreSlim one = new(1);

    /// <summary>:: 1 the body into a file without a name, :: 2 its signature, :: 3 the package, :: 4 its blob.</summary>
    /// <returns>The package, its length, and the id of the key that signed it; null where it is unsigned and the configuration takes that.</returns>
    /// <exception cref="PackageRefusedException">It is refused; nothing is kept.</exception>
    public async Task<(Inference.Packages.ModelPackage Package, long Length, string? SignedBy)> AdmitAsync(
        Stream body, byte[]? signature, CancellationToken ct)
    {
        // :: Step 1
        await using var zip = new FileStream(
            Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()),
            FileMode.CreateNew,
            FileAccess.ReadWrite,
            FileShare.None,
            BufferBytes,
            FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        await body.CopyToAsync(zip, ct);
        zip.Position = 0;
        var hash = await ModelPackageZip.HashAsync(zip, ct);

        // :: Step 2
        var signedBy = signature is null && options.Value.AllowUnsigned ? null : SignerOf(hash, signature);

        // :: Step 3
        await one.WaitAsync(ct);
        try
        {
            var package = await Inference.Packages.ModelPackage.OpenZipAsync(zip, ct);

            // :: Step 4
            if (await blobs.GetLengthAsync(BlobNames.Model(hash), ct) is null)
            {
                await StoreAsync(zip, hash, ct);
            }

            return (package, zip.Length, signedBy);
        }
        finally
        {
            one.Release();
        }
    }

    public void Dispose() => one.Dispose();

    private string SignerOf(string hash, byte[]? signature)
    {
        List<ECDsa> keys = [];
        try
        {
            keys.AddRange(options.Value.TrustedKeys.Select(PackageSignature.ReadKey));
            return PackageSignature.ThrowIfUntrusted(hash, signature, keys);
        }
        finally
        {
            keys.ForEach(k => k.Dispose());
        }
    }

    private async Task StoreAsync(FileStream zip, string hash, CancellationToken ct)
    {
        try
        {
            zip.Position = 0;
            await using var blob = await blobs.CreateAsync(BlobNames.Model(hash), ct);
            await zip.CopyToAsync(blob, ct);
            await blob.CommitAsync(ct);
        }
        catch (BlobExistsException)
        {
            // Somebody else sent the same bytes; the name is the content.
        }
    }
}
