using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Platform.Dicom;

namespace Platform.Cli.Dicom;

/// <summary><c>platform dicom json</c>: a file as DICOM JSON (PS3.18 Annex F). Bulk data are named by their hash.</summary>
internal static class Json
{
    /// <summary>Values up to this size stand in the JSON itself.</summary>
    private const int InlineBytes = 64;

    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var path = new Argument<string>("file");
        var command = new Command("json", "Shows a file as DICOM JSON (PS3.18 Annex F); bulk data by SHA-256.") { path };
        command.SetAction(async (parsed, ct) =>
        {
            var file = await OpenedFile.ReadAsync(parsed.GetRequiredValue(path), ct);
            using var buffer = new MemoryStream();
            await using (var writer = new Utf8JsonWriter(buffer, Readable))
            {
                DicomJson.Write(writer, file.Dataset, UriOf);
            }

            await parsed.InvocationConfiguration.Output.WriteLineAsync(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>RFC 6920: the hash of a value is its name, so two files with the same pixels show it.</summary>
    private static string? UriOf(DicomElement element)
    {
        if (element.Fragments is null && element.Value.Length <= InlineBytes)
        {
            return null;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(element.Value.Span);
        foreach (var fragment in element.Fragments ?? [])
        {
            hash.AppendData(fragment.Span);
        }

        return "ni:///sha-256;" + Convert.ToBase64String(hash.GetHashAndReset()).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }
}
