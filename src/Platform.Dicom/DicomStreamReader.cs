using Platform.Dicom.Reading;
using Platform.Dicom.Writing;

namespace Platform.Dicom;

/// <summary>Reads the header of an instance that arrives as a stream, and leaves the pixels in the stream.</summary>
public static class DicomStreamReader
{
    /// <summary>Reads up to the root's pixel data. The stream stays the caller's and must live as long as <see cref="DicomHeader.Rest"/>.</summary>
    public static async ValueTask<DicomHeader> ReadHeaderAsync(Stream stream, DicomReadOptions? options, CancellationToken ct)
    {
        options = (options ?? DicomReadOptions.Default) with { StopBeforePixelData = true };
        var source = new ByteSource(stream, options.Budgets.MaxInstanceBytes);
        var parsed = await FileParser.ReadAsync(source, options, isAsync: true, ct);
        return new DicomHeader(new DicomFile(parsed), new RestStream(parsed.Source));
    }
}

/// <summary>The header of an instance and what is still to come.</summary>
public sealed class DicomHeader : IDisposable
{
    internal DicomHeader(DicomFile file, Stream rest)
    {
        File = file;
        Rest = rest;
    }

    /// <summary>Preamble, meta header and data set up to pixel data; change the data set before <see cref="WriteToAsync"/>.</summary>
    public DicomFile File { get; }

    public DicomDataset Meta => File.Meta;

    public DicomDataset Dataset => File.Dataset;

    public DicomTransferSyntax Syntax => File.Syntax;

    /// <summary>Where pixel data begins; null if the instance has none.</summary>
    public PixelDataLocation? PixelData => File.PixelData;

    /// <summary>
    /// The bytes from the pixel data's tag to the end, as received (inflated, if the syntax is deflated); empty without pixel data.
    /// </summary>
    public Stream Rest { get; }

    /// <summary>Writes preamble, meta header and data set in the syntax they came in, then the given rest (deflated again if the syntax is).</summary>
    /// <param name="rest">Usually <see cref="Rest"/>, or a <see cref="PixelDataScanner"/> around it; null to end after the data set.</param>
    public ValueTask WriteToAsync(Stream destination, Stream? rest, CancellationToken ct) =>
        FileWriter.WriteAsync(File, destination, rest, isAsync: true, ct);

    public void Dispose() => Rest.Dispose();
}
