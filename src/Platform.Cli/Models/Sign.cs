using System.CommandLine;
using Platform.Inference.Packages;

namespace Platform.Cli.Models;

/// <summary><c>platform model sign</c>: a signature beside the package, by which a service knows who stands behind it.</summary>
internal static class Sign
{
    public static Command Create()
    {
        var package = new Argument<string>("package") { Description = "A zip of platform model pack." };
        var key = new Option<string>("--key") { Description = "The private key, PEM.", Required = true };
        var command = new Command("sign", "Signs a package: writes FILE.zip.sig beside it.") { package, key };
        command.SetAction((parsed, ct) => SignAsync(
            parsed.GetRequiredValue(package), parsed.GetRequiredValue(key), parsed.InvocationConfiguration, ct));
        return command;
    }

    private static async Task<int> SignAsync(string path, string keyPath, InvocationConfiguration io, CancellationToken ct)
    {
        using var key = await PackageFile.KeyAsync(keyPath, ct);
        if (!File.Exists(path))
        {
            throw new UsageException($"{path}: no such file.");
        }

        try
        {
            // What is signed is what was checked: nobody should put a name under a package that no service takes.
            await using var zip = await PackageFile.OpenAsync(path, ct);
            var package = await ModelPackage.OpenZipAsync(zip, ct);
            await File.WriteAllBytesAsync(path + PackageSignature.Extension, PackageSignature.Sign(key, package.Hash), ct);
            await io.Output.WriteLineAsync($"{package.Hash} signed by {PackageSignature.KeyId(key)}");
            return ExitCode.Ok;
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            throw new UsageException($"{keyPath}: holds no private key.");
        }
        catch (PackageRefusedException e)
        {
            await io.Error.WriteLineAsync(PackageFile.Refusal(path, e));
            return ExitCode.SomeRefused;
        }
    }
}
