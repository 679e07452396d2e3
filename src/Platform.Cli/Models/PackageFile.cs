using System.Security.Cryptography;
using Platform.Contracts;
using Platform.Inference.Packages;

namespace Platform.Cli.Models;

/// <summary>A package that a command reads: a zip, or a folder that is packed for the occasion.</summary>
internal static class PackageFile
{
    /// <summary>The package's bytes; those of a folder are gone when the stream is closed.</summary>
    /// <exception cref="UsageException">There is no such file or folder.</exception>
    /// <exception cref="PackageRefusedException">The folder holds a link.</exception>
    public static async Task<FileStream> OpenAsync(string path, CancellationToken ct)
    {
        if (!Directory.Exists(path))
        {
            return File.Exists(path)
                ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.Asynchronous)
                : throw new UsageException($"{path}: no such file or folder.");
        }

        var packed = new FileStream(
            Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()),
            FileMode.CreateNew,
            FileAccess.ReadWrite,
            FileShare.None,
            1 << 16,
            FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        try
        {
            await ModelPackageZip.WriteAsync(path, packed, ct);
        }
        catch (Exception e)
        {
            await packed.DisposeAsync();
            throw e is InvalidDataException ? new PackageRefusedException("folder-link", e.Message) : e;
        }

        packed.Position = 0;
        return packed;
    }

    /// <summary>The signature beside a zip; null where there is none.</summary>
    public static async Task<byte[]?> SignatureAsync(string path, CancellationToken ct)
    {
        var beside = new FileInfo(path + PackageSignature.Extension);
        return !beside.Exists ? null
            : beside.Length > 1024 ? [] // none that could be read
            : await File.ReadAllBytesAsync(beside.FullName, ct);
    }

    /// <exception cref="UsageException">No such file, or no key in it.</exception>
    public static async Task<ECDsa> KeyAsync(string path, CancellationToken ct)
    {
        try
        {
            return PackageSignature.ReadKey(await File.ReadAllTextAsync(path, ct));
        }
        catch (PackageRefusedException e)
        {
            throw new UsageException($"{path}: {e.Message}");
        }
        catch (IOException)
        {
            throw new UsageException($"{path}: no such file.");
        }
    }

    public static string Refusal(string path, PackageRefusedException refusal) => $"{path}: refused ({refusal.Code}): {refusal.Message}";
}
