using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Platform.Dicom;

namespace Platform.Api.Studies;

/// <summary>
/// The DICOM JSON that is kept of each instance (<see cref="Instance.Metadata"/>). Bulk data is named by a URI relative to the
/// instance; whoever answers with it puts the instance's URL in front, by bytes, without parsing.
/// </summary>
internal static class InstanceMetadata
{
    /// <summary>Values up to this many bytes are written inline (base 64).</summary>
    private const int MaxInlineBytes = 1024;

    private const string Relative = "bulkdata/";

    // No string value can hold this: a quotation mark inside one is escaped.
    private static ReadOnlySpan<byte> Needle => "\"BulkDataURI\":\"bulkdata/"u8;

    /// <summary>The metadata of a header that was read up to its pixel data.</summary>
    public static string Of(DicomHeader header)
    {
        var dataset = header.Dataset;
        var buffer = new ArrayBufferWriter<byte>(8 << 10);
        using (var json = new Utf8JsonWriter(buffer))
        {
            DicomJson.Write(
                json,
                dataset,
                element => element.Value.Length > MaxInlineBytes && ReferenceEquals(dataset[element.Tag], element)
                    ? Relative + element.Tag.Value.ToString("X8", CultureInfo.InvariantCulture)
                    : null);
        }

        var text = Encoding.UTF8.GetString(buffer.WrittenSpan);
        if (header.PixelData is not { } pixels)
        {
            return text;
        }

        // Pixel data is the greatest tag that is kept, so it comes last.
        var separator = text.Length > 2 ? "," : "";
        var tag = pixels.Tag.Value.ToString("X8", CultureInfo.InvariantCulture);
        return string.Concat(
            text.AsSpan(0, text.Length - 1),
            $"{separator}\"{tag}\":{{\"vr\":\"{pixels.Vr.Code}\",",
            $"\"BulkDataURI\":\"{Relative}{tag}\"}}}}");
    }

    /// <summary>Writes stored metadata with absolute URIs.</summary>
    /// <param name="instanceUrl">Absolute URL of the instance, without a slash at the end.</param>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> metadata, string instanceUrl)
    {
        var head = Needle.Length - Relative.Length;
        while (metadata.IndexOf(Needle) is var found and >= 0)
        {
            output.Write(metadata[..(found + head)]);
            output.Write(Encoding.UTF8.GetBytes(instanceUrl + "/"));
            metadata = metadata[(found + head)..];
        }

        output.Write(metadata);
    }
}
