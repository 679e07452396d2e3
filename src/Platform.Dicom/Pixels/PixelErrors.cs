namespace Platform.Dicom.Pixels;

/// <summary>The errors of decoding, in one place.</summary>
internal static class PixelErrors
{
    public static DicomException Invalid(string message, DicomTag? tag = null) => new(DicomError.InvalidPixels, message, tag);

    public static DicomException Unsupported(string message, DicomTag? tag = null) => new(DicomError.UnsupportedPixels, message, tag);

    public static DicomException Corrupt(string message, Exception? inner = null) =>
        new(DicomError.CorruptPixels, message, DicomTags.PixelData, inner: inner);

    public static DicomException OverBudget(string budget, long limit, DicomTag tag) => DicomException.OverBudget(budget, limit, tag, null);
}
