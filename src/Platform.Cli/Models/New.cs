using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Platform.Contracts;
using Platform.Inference.Packages;

namespace Platform.Cli.Models;

/// <summary><c>platform model new</c>: a package's folder from a graph, with a manifest to fill.</summary>
internal static class New
{
    private const int MaxModelBytes = 1 << 30;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var model = new Argument<string?>("model") { Description = "An .onnx file; of a bundle its own when left out.", Arity = ArgumentArity.ZeroOrOne };
        var to = new Option<string>("--out") { Description = "The package's folder; it is made.", Required = true };
        var name = new Option<string?>("--name") { Description = "Lower-case identifier; the folder's name when left out." };
        var monai = new Option<string?>("--monai") { Description = "A MONAI bundle with an ONNX export: its metadata fills what it can." };
        var command = new Command("new", "Makes a package's folder from an ONNX model, and says what is left to fill in.") { model, to, name, monai };
        command.SetAction((parsed, ct) => MakeAsync(
            parsed.GetValue(model), parsed.GetRequiredValue(to), parsed.GetValue(name), parsed.GetValue(monai), parsed.InvocationConfiguration, ct));
        return command;
    }

    private static async Task<int> MakeAsync(
        string? modelPath, string to, string? name, string? monai, InvocationConfiguration io, CancellationToken ct)
    {
        var bundle = monai is null ? null : await MonaiBundle.ReadAsync(monai, ct);
        var path = modelPath ?? (monai is null ? throw new UsageException("Name an .onnx file.") : Path.Combine(monai, "models", "model.onnx"));
        var file = new FileInfo(path);
        if (!file.Exists || file.Length > MaxModelBytes)
        {
            throw new UsageException(file.Exists ? $"{path}: over {MaxModelBytes >> 20} MiB." : $"{path}: no such file.");
        }

        if (File.Exists(Path.Combine(to, ModelPackageZip.ManifestFile)))
        {
            throw new UsageException($"{to}: has a manifest already, and it is not overwritten.");
        }

        var model = await File.ReadAllBytesAsync(path, ct);
        OnnxSummary graph;
        try
        {
            graph = OnnxSummary.Read(model);
        }
        catch (PackageRefusedException e)
        {
            await io.Error.WriteLineAsync(PackageFile.Refusal(path, e));
            return ExitCode.SomeRefused;
        }

        var called = name ?? Identifier(Path.GetFileName(Path.GetFullPath(to).TrimEnd(Path.DirectorySeparatorChar)));
        var draft = ManifestDraft.Of(called, model, graph, bundle);
        Directory.CreateDirectory(Path.Combine(to, ModelPackageZip.GoldenFolder));
        await File.WriteAllBytesAsync(Path.Combine(to, ModelPackageZip.ModelFile), model, ct);
        await File.WriteAllTextAsync(Path.Combine(to, ModelPackageZip.ManifestFile), draft.Manifest.ToJsonString(Indented) + "\n", ct);
        await File.WriteAllTextAsync(Path.Combine(to, ModelPackageZip.CardFile), Card(called), ct);

        foreach (var place in draft.Unfilled)
        {
            await io.Output.WriteLineAsync($"fill   {place}");
        }

        foreach (var guess in draft.Guesses)
        {
            await io.Output.WriteLineAsync($"guess  {guess}");
        }

        await io.Output.WriteLineAsync($"then   platform model check {to}");
        return ExitCode.Ok;
    }

    private static string Identifier(string text) => string.Concat(text.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')).Trim('-');

    private static string Card(string name) =>
        $"""
        # {name}

        ## What it does

        ## What it learned on

        ## How good it is, measured on what

        ## What it must not be used for

        """;
}
