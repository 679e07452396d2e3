using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Platform.Dicom.Network;

namespace Platform.Cli.Dicom;

/// <summary><c>platform dicom echo</c>: asks whether a peer is there and answers (C-ECHO).</summary>
internal static class Echo
{
    public static Command Create()
    {
        var peer = new PeerOptions();
        var json = new Option<bool>("--json") { Description = "The result as a line of JSON." };
        var command = new Command("echo", "Asks whether a DICOM peer answers (C-ECHO).") { json };
        peer.AddTo(command);
        command.SetAction(async (parsed, ct) =>
        {
            var output = parsed.InvocationConfiguration.Output;
            var watch = Stopwatch.StartNew();
            var status = await EchoAsync(peer.Read(parsed), ct);
            var milliseconds = Math.Round(watch.Elapsed.TotalMilliseconds, 1);
            await output.WriteLineAsync(parsed.GetValue(json)
                ? JsonLine.Of(new { status = status.Code.ToString("X4", CultureInfo.InvariantCulture), milliseconds })
                : string.Create(CultureInfo.InvariantCulture, $"{status} in {milliseconds} ms"));
            return status.IsFailure ? ExitCode.SomeRefused : ExitCode.Ok;
        });
        return command;
    }

    private static async Task<DimseStatus> EchoAsync(DicomClientOptions options, CancellationToken ct)
    {
        await using var client = await DicomClient.ConnectAsync(options, [PresentationContext.Verification], ct);
        var isAccepted = client.IsAccepted(PresentationContext.Verification);
        var status = isAccepted ? await client.EchoAsync(ct) : DimseStatus.SopClassNotSupported;
        await client.ReleaseAsync(ct);
        return status;
    }
}
