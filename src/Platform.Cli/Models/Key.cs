using System.CommandLine;
using Platform.Inference.Packages;

namespace Platform.Cli.Models;

/// <summary><c>platform model key</c>: a key pair to sign packages with.</summary>
internal static class Key
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static Command Create()
    {
        var to = new Option<string>("--out") { Description = "The private key, PEM; the public one is written beside it as NAME.pub.pem.", Required = true };
        var command = new Command("key", "Makes a key pair (ECDSA, P-256) to sign packages with.") { to };
        command.SetAction((parsed, ct) => MakeAsync(parsed.GetRequiredValue(to), parsed.InvocationConfiguration, ct));
        return command;
    }

    private static async Task<int> MakeAsync(string to, InvocationConfiguration io, CancellationToken ct)
    {
        using var key = PackageSignature.CreateKey();
        var beside = Path.ChangeExtension(to, ".pub.pem");
        if (File.Exists(to) || File.Exists(beside))
        {
            throw new UsageException($"{to}: is there already, and a key is never overwritten.");
        }

        await WriteAsync(to, key.ExportPkcs8PrivateKeyPem(), OwnerOnly, ct);
        await WriteAsync(beside, key.ExportSubjectPublicKeyInfoPem(), OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead, ct);
        await io.Output.WriteLineAsync(PackageSignature.KeyId(key));
        return ExitCode.Ok;
    }

    private static async Task WriteAsync(string path, string pem, UnixFileMode mode, CancellationToken ct)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }

        await using var writer = new StreamWriter(path, System.Text.Encoding.ASCII, options);
        await writer.WriteLineAsync(pem.AsMemory(), ct);
    }
}
