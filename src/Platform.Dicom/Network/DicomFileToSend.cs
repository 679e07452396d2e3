using Platform.Dicom.Reading;

namespace Platform.Dicom.Network;

/// <summary>A file of which all was read that sending it needs: class, instance, syntax and where its data set begins.</summary>
public sealed record DicomFileToSend
{
    private DicomFileToSend(string path, PresentationContext context, string sopInstanceUid, long datasetOffset)
    {
        Path = path;
        Context = context;
        SopInstanceUid = sopInstanceUid;
        DatasetOffset = datasetOffset;
    }

    public string Path { get; }

    /// <summary>Its SOP class and the transfer syntax in which it lies there.</summary>
    public PresentationContext Context { get; }

    public string SopInstanceUid { get; }

    /// <summary>Where preamble and meta header end: they are not sent (PS3.7 §6.3).</summary>
    internal long DatasetOffset { get; }

    /// <summary>Reads a file's header. What is not DICOM or has no usable UIDs is a <see cref="DicomException"/>.</summary>
    public static async ValueTask<DicomFileToSend> OpenAsync(string path, CancellationToken ct)
    {
        await using var stream = Open(path);
        var options = new DicomReadOptions { StopBeforePixelData = true };
        var source = new ByteSource(stream, options.Budgets.MaxInstanceBytes);
        var parsed = await FileParser.ReadAsync(source, options, isAsync: true, ct);
        var (dataset, meta) = (parsed.Dataset, parsed.Meta);
        var sopClass = dataset.GetUid(DicomTags.SOPClassUID) ?? meta.GetUid(DicomTags.MediaStorageSOPClassUID);
        var instance = dataset.GetUid(DicomTags.SOPInstanceUID) ?? meta.GetUid(DicomTags.MediaStorageSOPInstanceUID);
        if (sopClass is null || instance is null)
        {
            throw new DicomException(
                DicomError.InvalidValue, "No usable UID", sopClass is null ? DicomTags.SOPClassUID : DicomTags.SOPInstanceUID);
        }

        if (stream.Length <= parsed.DatasetOffset)
        {
            throw new DicomException(DicomError.Truncated, "No data set behind the meta header", offset: parsed.DatasetOffset);
        }

        // Some writers declare one uncompressed layout and write another: it is sent as what it is.
        var syntax = parsed.Encoding == parsed.Syntax.Encoding || parsed.Syntax.IsDeflated || parsed.Syntax.IsEncapsulated
            ? parsed.Syntax
            : DicomTransferSyntax.Uncompressed(parsed.Encoding);
        if (!syntax.IsDeflated && (stream.Length - parsed.DatasetOffset) % 2 != 0)
        {
            throw new DicomException(
                DicomError.InvalidLength, "A data set of odd length cannot be sent (PS3.8 §E.2)", offset: stream.Length);
        }

        return new DicomFileToSend(path, new PresentationContext(sopClass, syntax), instance, parsed.DatasetOffset);
    }

    internal FileStream OpenDataset()
    {
        var stream = Open(Path);
        stream.Position = DatasetOffset;
        return stream;
    }

    private static FileStream Open(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
}
