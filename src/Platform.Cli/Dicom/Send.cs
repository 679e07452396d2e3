using System.CommandLine;
using System.Globalization;
using Platform.Dicom.Network;

namespace Platform.Cli.Dicom;

/// <summary><c>platform dicom send</c>: sends files and folders (C-STORE), each in the transfer syntax that it has.</summary>
internal static class Send
{
    public static Command Create()
    {
        var peer = new PeerOptions();
        var json = new Option<bool>("--json") { Description = "A line of JSON for every file." };
        var paths = new Argument<string[]>("paths") { Description = "Files and folders.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("send", "Sends files and folders to a DICOM peer (C-STORE).") { json };
        peer.AddTo(command);
        command.Add(paths);
        command.SetAction((parsed, ct) =>
        {
            var files = InputFiles.Of(parsed.GetRequiredValue(paths));
            return SendAsync(peer.Read(parsed), files, parsed.GetValue(json), parsed.InvocationConfiguration, ct);
        });
        return command;
    }

    private static async Task<int> SendAsync(
        DicomClientOptions options, List<string> files, bool isJson, InvocationConfiguration io, CancellationToken ct)
    {
        var progress = new Progress(io.Error, files.Count, TimeProvider.System);
        var stored = 0;
        var done = 0;
        try
        {
            await foreach (var outcome in DicomSender.SendAsync(options, files, ct))
            {
                done++;
                stored += outcome.IsStored ? 1 : 0;
                if (isJson)
                {
                    await io.Output.WriteLineAsync(JsonLine.Of(new
                    {
                        file = outcome.Path,
                        sopInstanceUid = outcome.SopInstanceUid,
                        status = outcome.Status?.Code.ToString("X4", CultureInfo.InvariantCulture),
                        stored = outcome.IsStored,
                        comment = outcome.Comment,
                    }));
                }

                if (outcome is { IsStored: false } or { Status.IsSuccess: false })
                {
                    await progress.LineAsync($"{outcome.Path}: {Reason(outcome)}");
                }

                await progress.AtAsync(done);
            }
        }
        finally
        {
            await progress.EndAsync();
            if (done < files.Count)
            {
                var left = files.Count - done;
                var line = string.Create(CultureInfo.InvariantCulture, $"{left} files were not answered for.");
                await io.Error.WriteLineAsync(line);
            }
        }

        if (!isJson)
        {
            await io.Output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{stored} of {files.Count} stored"));
        }

        return stored == files.Count ? ExitCode.Ok : ExitCode.SomeRefused;
    }

    private static string Reason(SendOutcome outcome) => outcome switch
    {
        { Status: null } => $"not sent: {outcome.Comment}",
        { IsStored: false, Comment: null } => $"refused: {outcome.Status}",
        { IsStored: false } => $"refused: {outcome.Status} ({outcome.Comment})",
        _ => $"stored with warning: {outcome.Status}",
    };
}
