using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Platform.Dicom.Pixels;

namespace Platform.Cli.Dicom;

/// <summary><c>platform dicom frames</c>: the frames of a file as raw native samples, one file a frame.</summary>
internal static class Frames
{
    public static Command Create()
    {
        var path = new Argument<string>("file");
        var folder = new Option<string>("--out") { Description = "The folder for the frames; it is made.", Required = true };
        var json = new Option<bool>("--json") { Description = "A line of JSON for every frame." };
        var command = new Command("frames", "Decodes the frames of a file to raw samples: little endian, rows from the top, interleaved.") { path, folder, json };
        command.SetAction((parsed, ct) => WriteAsync(
            parsed.GetRequiredValue(path), parsed.GetRequiredValue(folder), parsed.GetValue(json), parsed.InvocationConfiguration, ct));
        return command;
    }

    private static async Task<int> WriteAsync(string path, string folder, bool isJson, InvocationConfiguration io, CancellationToken ct)
    {
        var decoder = new FrameDecoder(await OpenedFile.ReadAsync(path, ct));
        var d = decoder.Description;
        if (!isJson)
        {
            var kind = d.IsFloatingPoint ? "floating point" : d.IsSigned ? "signed" : "unsigned";
            await io.Output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{d.Frames} frames of {d.Columns} × {d.Rows}, {d.SamplesPerPixel} samples of {d.BytesPerSample} bytes, {kind}, {d.BitsStored} bits, {decoder.DecodedPhotometric}"));
        }

        Directory.CreateDirectory(folder);
        var progress = new Progress(io.Error, d.Frames, TimeProvider.System);
        try
        {
            for (var frame = 0; frame < d.Frames; frame++)
            {
                var samples = decoder.Decode(frame);
                var name = string.Create(CultureInfo.InvariantCulture, $"frame-{frame + 1:00000}.raw");
                await File.WriteAllBytesAsync(Path.Combine(folder, name), samples, ct);
                if (isJson)
                {
                    await io.Output.WriteLineAsync(JsonLine.Of(new
                    {
                        frame = frame + 1,
                        file = name,
                        columns = d.Columns,
                        rows = d.Rows,
                        samplesPerPixel = d.SamplesPerPixel,
                        bytesPerSample = d.BytesPerSample,
                        bitsStored = d.BitsStored,
                        isSigned = d.IsSigned,
                        photometric = decoder.DecodedPhotometric.ToString(),
                        sha256 = Convert.ToHexStringLower(SHA256.HashData(samples)),
                    }));
                }

                await progress.AtAsync(frame + 1);
            }
        }
        finally
        {
            await progress.EndAsync();
        }

        return ExitCode.Ok;
    }
}
