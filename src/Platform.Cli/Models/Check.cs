using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Platform.Inference.Engine;
using Platform.Inference.Packages;

namespace Platform.Cli.Models;

/// <summary><c>platform model check</c>: every refusal that a service would give, and the golden cases on this machine.</summary>
internal static class Check
{
    public static Command Create()
    {
        var package = new Argument<string>("package") { Description = "A folder or a zip." };
        var keys = new Option<string[]>("--trust") { Description = "A public key, PEM: the package must be signed with it, or with another so named." };
        var json = new Option<bool>("--json") { Description = "A line of JSON." };
        var command = new Command("check", "Tells whether a service would take a package, and runs its golden cases here.") { package, keys, json };
        command.SetAction((parsed, ct) => TellAsync(
            parsed.GetRequiredValue(package), parsed.GetValue(keys) ?? [], parsed.GetValue(json), parsed.InvocationConfiguration, ct));
        return command;
    }

    private static async Task<int> TellAsync(string path, string[] keyPaths, bool isJson, InvocationConfiguration io, CancellationToken ct)
    {
        var trusted = new List<ECDsa>();
        try
        {
            foreach (var key in keyPaths)
            {
                trusted.Add(await PackageFile.KeyAsync(key, ct));
            }

            await using var zip = await PackageFile.OpenAsync(path, ct);
            var package = await ModelPackage.OpenZipAsync(zip, ct);
            var signature = await PackageFile.SignatureAsync(path, ct);
            var signer = trusted.Count > 0 ? PackageSignature.ThrowIfUntrusted(package.Hash, signature, trusted) : null;
            using var session = new ModelSession(package, Device.Cpu, Environment.ProcessorCount);
            var golden = GoldenCheck.ThrowIfDifferent(session, Environment.ProcessorCount, ct);
            await io.Output.WriteLineAsync(isJson
                ? JsonLine.Of(new
                {
                    package = path,
                    package.Manifest.Name,
                    package.Manifest.Version,
                    package.Hash,
                    isSigned = signature is not null,
                    signer,
                    package.Graph.Opset,
                    package.Graph.Operators,
                    device = session.Device.Name,
                    golden,
                    refusal = (string?)null,
                })
                : Sentence(package, session, golden.Count));
            if (signer is null)
            {
                await io.Error.WriteLineAsync(signature is null
                    ? "Not signed: it runs here, and a service takes it only where its operator allows that."
                    : "Signed; name the key with --trust to have the signature checked.");
            }

            return ExitCode.Ok;
        }
        catch (PackageRefusedException e)
        {
            if (isJson)
            {
                await io.Output.WriteLineAsync(JsonLine.Of(new { package = path, refusal = e.Code, reason = e.Message }));
            }
            else
            {
                await io.Error.WriteLineAsync(PackageFile.Refusal(path, e));
            }

            return ExitCode.SomeRefused;
        }
        finally
        {
            trusted.ForEach(k => k.Dispose());
        }
    }

    private static string Sentence(ModelPackage package, ModelSession session, int golden) => string.Create(
        CultureInfo.InvariantCulture,
        $"{package.Manifest.Name} {package.Manifest.Version}: {package.Graph.Operators} operators of ONNX {package.Graph.Opset}, {golden} golden {(golden == 1 ? "case" : "cases")} as expected on {session.Device.Name}\n{package.Hash}");
}
