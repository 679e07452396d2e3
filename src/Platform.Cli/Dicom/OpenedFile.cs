using Platform.Dicom;
using Platform.Dicom.Deidentification;

namespace Platform.Cli.Dicom;

/// <summary>A DICOM file that a command reads.</summary>
internal static class OpenedFile
{
    /// <exception cref="UsageException">There is no such file, or it may not be read.</exception>
    /// <exception cref="DicomException">Its bytes are refused.</exception>
    public static async Task<DicomFile> ReadAsync(string path, CancellationToken ct, DicomReadOptions? options = null)
    {
        try
        {
            return await DicomFile.OpenAsync(path, options, ct);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UsageException($"{path}: no such file.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Why the pixels may show who the patient is, where nobody has looked; also where they cannot be decoded to look.</summary>
    /// <param name="isMasked">What this device writes is masked: that it is a screen says nothing more, text that is still there does.</param>
    public static string? Suspicion(DicomFile file, bool isMasked = false)
    {
        try
        {
            var found = BurnedInText.Suspect(file).Where(s => !isMasked || s != PixelSuspicion.Captured).ToList();
            return found.Count == 0 ? null : string.Join(", ", found);
        }
        catch (DicomException e)
        {
            return $"not decoded, {e.Error}";
        }
    }

    /// <summary>One line for a file that is refused: what is wrong with it and where, never a value.</summary>
    public static string Refusal(string path, DicomException e) => $"{path}: {e.Error}: {e.Message}";
}
