using System.CommandLine;
using System.Globalization;
using Platform.Dicom;
using Platform.Dicom.Deidentification;

namespace Platform.Cli.Dicom;

/// <summary><c>platform dicom verify</c>: what in files still identifies a person: the rule and the place, never the value.</summary>
internal static class Verify
{
    public static Command Create()
    {
        var paths = new Argument<string[]>("paths") { Description = "Files and folders.", Arity = ArgumentArity.OneOrMore };
        var json = new Option<bool>("--json") { Description = "A line of JSON for every file." };
        var options = AnnexEOptions.Create();
        var command = new Command("verify", "Lists what still identifies a person (PS3.15 Annex E): rule and place, never the value.") { paths, options, json };
        command.SetAction((parsed, ct) => TellAsync(
            InputFiles.Of(parsed.GetRequiredValue(paths)), AnnexEOptions.Parse(parsed.GetValue(options)), parsed.GetValue(json), parsed.InvocationConfiguration, ct));
        return command;
    }

    private static async Task<int> TellAsync(
        List<string> files, DeidentificationOptions options, bool isJson, InvocationConfiguration io, CancellationToken ct)
    {
        var progress = new Progress(io.Error, files.Count, TimeProvider.System);
        var clean = 0;
        for (var i = 0; i < files.Count; i++)
        {
            try
            {
                var file = await OpenedFile.ReadAsync(files[i], ct);
                var leaks = DeidentificationVerifier.Check(file, options);
                var suspicion = OpenedFile.Suspicion(file);
                clean += leaks.Count == 0 && suspicion is null ? 1 : 0;
                if (isJson)
                {
                    var listed = leaks.Select(l => new { path = l.Path, rule = l.Rule.ToString() });
                    await io.Output.WriteLineAsync(JsonLine.Of(new { file = files[i], identifies = leaks.Count > 0, leaks = listed, pixels = suspicion }));
                }
                else
                {
                    foreach (var leak in leaks)
                    {
                        await io.Output.WriteLineAsync($"{files[i]}: {leak.Path} {leak.Rule}");
                    }

                    if (suspicion is not null)
                    {
                        await io.Output.WriteLineAsync($"{files[i]}: pixels to be looked at ({suspicion})");
                    }
                }
            }
            catch (DicomException e)
            {
                await progress.LineAsync(OpenedFile.Refusal(files[i], e));
            }

            await progress.AtAsync(i + 1);
        }

        await progress.EndAsync();
        if (!isJson)
        {
            await io.Output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"in {clean} of {files.Count} files nothing was found that identifies"));
        }

        return clean == files.Count ? ExitCode.Ok : ExitCode.SomeRefused;
    }
}
