using System.CommandLine;
using Platform.Contracts;
using Platform.Inference.Packages;

namespace Platform.Cli.Models;

/// <summary><c>platform model pack</c>: one zip of a package's folder, the same bytes each time, named by their hash.</summary>
internal static class Pack
{
    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "manifest.json, model.onnx, card.md and golden/." };
        var to = new Option<string>("--out") { Description = "The zip.", Required = true };
        var command = new Command("pack", "Packs a folder into one zip and prints its content address.") { folder, to };
        command.SetAction((parsed, ct) => PackAsync(
            parsed.GetRequiredValue(folder), parsed.GetRequiredValue(to), parsed.InvocationConfiguration, ct));
        return command;
    }

    private static async Task<int> PackAsync(string folder, string to, InvocationConfiguration io, CancellationToken ct)
    {
        if (!ModelPackageZip.IsPackageFolder(folder))
        {
            throw new UsageException($"{folder}: no folder with manifest.json and model.onnx.");
        }

        try
        {
            await using var packed = await PackageFile.OpenAsync(folder, ct);
            var package = await ModelPackage.OpenZipAsync(packed, ct);
            packed.Position = 0;
            await using (var file = new FileStream(to, FileMode.Create, FileAccess.Write))
            {
                await packed.CopyToAsync(file, ct);
            }

            await io.Output.WriteLineAsync(package.Hash);
            return ExitCode.Ok;
        }
        catch (PackageRefusedException e)
        {
            await io.Error.WriteLineAsync(PackageFile.Refusal(folder, e));
            return ExitCode.SomeRefused;
        }
    }
}
