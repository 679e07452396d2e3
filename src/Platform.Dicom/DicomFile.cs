using Platform.Dicom.Reading;
using Platform.Dicom.Writing;

namespace Platform.Dicom;

/// <summary>Where the root's pixel data element lies, in bytes from the start of the stream (of the inflated data set, if deflated).</summary>
/// <param name="Offset">Of its tag.</param>
/// <param name="ValueOffset">Of its value, or of the first fragment's item.</param>
/// <param name="Length">Of its value; null if it is encapsulated.</param>
public sealed record PixelDataLocation(DicomTag Tag, DicomVr Vr, long Offset, long ValueOffset, long? Length);

/// <summary>A DICOM file: preamble, meta header and data set (PS3.10 §7).</summary>
public sealed class DicomFile
{
    /// <summary>The implementation that files of this library name (PS3.10 §7.1, (0002,0012)).</summary>
    public const string ImplementationClassUid = "2.25.203938106157935214957291034928736451073";

    /// <summary>The version that files of this library name, (0002,0013).</summary>
    public const string ImplementationVersionName = "PLATFORM_1";

    /// <summary>A new file of a data set; the meta header takes SOP class and instance from it.</summary>
    /// <remarks>The pixel data must already be in the syntax's form.</remarks>
    public DicomFile(DicomDataset dataset, DicomTransferSyntax syntax)
    {
        Dataset = dataset;
        Syntax = syntax;
        Encoding = syntax.Encoding;
        Meta = new DicomDataset();
        CompleteMeta();
    }

    internal DicomFile(ParsedFile parsed)
    {
        Preamble = parsed.Preamble;
        Meta = parsed.Meta;
        Dataset = parsed.Dataset;
        Syntax = parsed.Syntax;
        Encoding = parsed.Encoding;
        PixelData = parsed.PixelData;
        TrailingZeroBytes = parsed.TrailingZeroBytes;
    }

    /// <summary>128 bytes before the prefix "DICM"; empty if the file has neither. May hold anything, a patient's name too.</summary>
    public ReadOnlyMemory<byte> Preamble { get; set; }

    /// <summary>The meta header, group 0002.</summary>
    public DicomDataset Meta { get; }

    public DicomDataset Dataset { get; }

    /// <summary>As declared, or guessed where nothing is declared.</summary>
    public DicomTransferSyntax Syntax { get; }

    /// <summary>How the data set is really laid out: some writers declare one layout and write another.</summary>
    public DicomEncoding Encoding { get; }

    /// <summary>Where pixel data begins, if reading stopped before it; else null.</summary>
    public PixelDataLocation? PixelData { get; }

    /// <summary>NUL bytes that followed the data set.</summary>
    public long TrailingZeroBytes { get; set; }

    /// <summary>
    /// Gives a file that came without preamble, meta header or parts of it what PS3.10 §7.1 requires, and declares the layout that the
    /// data set really has. A file that was changed is completed when it is written; one that was not stays as it came.
    /// </summary>
    public void CompleteMeta()
    {
        if (Preamble.IsEmpty)
        {
            Preamble = new byte[128];
        }

        // (0002,0000) is counted when the file is written.
        SetMissing(DicomTags.FileMetaInformationGroupLength, new byte[4]);
        SetMissing(DicomTags.FileMetaInformationVersion, new byte[] { 0, 1 });
        SetMissing(DicomTags.MediaStorageSOPClassUID, Dataset.GetBytes(DicomTags.SOPClassUID));
        SetMissing(DicomTags.MediaStorageSOPInstanceUID, Dataset.GetBytes(DicomTags.SOPInstanceUID));
        SetMissing(DicomTags.TransferSyntaxUID, System.Text.Encoding.ASCII.GetBytes(Syntax.Uid));
        if (Encoding != Syntax.Encoding && !Syntax.IsDeflated && !Syntax.IsEncapsulated)
        {
            Meta.Set(DicomTags.TransferSyntaxUID, DicomTransferSyntax.Uncompressed(Encoding).Uid);
        }

        SetMissing(DicomTags.ImplementationClassUID, System.Text.Encoding.ASCII.GetBytes(ImplementationClassUid));
        SetMissing(DicomTags.ImplementationVersionName, System.Text.Encoding.ASCII.GetBytes(ImplementationVersionName));
    }

    private void SetMissing(DicomTag tag, ReadOnlyMemory<byte> value)
    {
        if (!Meta.Contains(tag))
        {
            Meta.Set(tag, DicomDictionary.FindVr(tag), value);
        }
    }

    /// <summary>Reads a file that lies in memory; values are slices of it.</summary>
    public static DicomFile Read(ReadOnlyMemory<byte> bytes, DicomReadOptions? options = null)
    {
        var parsing = FileParser.ReadAsync(new ByteSource(bytes), options ?? DicomReadOptions.Default, isAsync: false, default);
        return new DicomFile(parsing.AsTask().GetAwaiter().GetResult());
    }

    /// <summary>Reads a file from a stream, which need not seek.</summary>
    public static async ValueTask<DicomFile> ReadAsync(Stream stream, DicomReadOptions? options, CancellationToken ct)
    {
        options ??= DicomReadOptions.Default;
        var source = new ByteSource(stream, options.Budgets.MaxInstanceBytes);
        return new DicomFile(await FileParser.ReadAsync(source, options, isAsync: true, ct));
    }

    /// <summary>Reads a file of the file system.</summary>
    public static async ValueTask<DicomFile> OpenAsync(string path, DicomReadOptions? options, CancellationToken ct)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.Asynchronous);
        await using (stream)
        {
            return await ReadAsync(stream, options, ct);
        }
    }

    /// <summary>Writes the file in its syntax: as it was read where it was not changed, and by the standard where it was.</summary>
    public void Write(Stream stream) => FileWriter.WriteAsync(this, stream, null, isAsync: false, default).AsTask().GetAwaiter().GetResult();

    /// <summary>Writes the file in its syntax: as it was read where it was not changed, and by the standard where it was.</summary>
    public ValueTask WriteAsync(Stream stream, CancellationToken ct) => FileWriter.WriteAsync(this, stream, null, isAsync: true, ct);

    public byte[] ToArray()
    {
        using var stream = new MemoryStream();
        Write(stream);
        return stream.ToArray();
    }
}
