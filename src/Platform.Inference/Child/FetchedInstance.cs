using Platform.Dicom;

namespace Platform.Inference.Child;

/// <summary>An instance of a run, here and of the right hash: a file, or bytes in memory where a series has few.</summary>
internal readonly record struct FetchedInstance(string? Path, ReadOnlyMemory<byte> Bytes)
{
    /// <exception cref="DicomException">Not DICOM, or damaged.</exception>
    public ValueTask<DicomFile> OpenAsync(DicomReadOptions options, CancellationToken ct) =>
        Path is null ? new(DicomFile.Read(Bytes, options)) : DicomFile.OpenAsync(Path, options, ct);

    /// <summary>Removes the file of one that is not opened again, before the system has written it to the disk: later that takes its time.</summary>
    public void Remove()
    {
        if (Path is not null)
        {
            File.Delete(Path);
        }
    }
}
