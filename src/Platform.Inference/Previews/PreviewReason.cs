using Platform.Dicom;

namespace Platform.Inference.Previews;

/// <summary>Why an image, or a series, cannot be shown.</summary>
/// <param name="Code">Machine-readable, in kebab case.</param>
/// <param name="Sentence">For a person; never a patient value.</param>
internal sealed record PreviewReason(string Code, string Sentence)
{
    public static readonly PreviewReason NoPixels = new("no-pixels", "The series holds no images, only other objects.");

    public static readonly PreviewReason TooLarge = new(
        "too-large", "The image is larger than the 64 megapixels that a preview is made of; retrieve the image itself.");

    public static readonly PreviewReason Unreadable = new("unreadable", "The stored image cannot be read as DICOM; send it again.");

    /// <summary>What a decoder's refusal means to who looks at the image. Its own words hold rules and tags, no values.</summary>
    public static PreviewReason Of(DicomException e) => e.Error switch
    {
        DicomError.NoPixels => new("no-pixels", "The image holds no pixels."),
        DicomError.UnsupportedTransferSyntax => new(
            "unsupported-transfer-syntax", $"The image is compressed in a way that is not decoded here: {e.Message}"),
        DicomError.UnsupportedPixels => new("unsupported-pixels", $"The pixels are of a kind that is not decoded here: {e.Message}"),
        DicomError.InvalidPixels => new("invalid-pixels", $"The description of the pixels is incomplete or contradicts itself: {e.Message}"),
        DicomError.CorruptPixels => new("corrupt-pixels", "The pixel data is damaged or cut off; send the image again."),
        DicomError.CodecMissing => new("codec-missing", $"The worker lacks a decoder; tell the operator: {e.Message}"),
        DicomError.OverBudget => new("too-large", "The image is larger than this service takes."),
        DicomError.Truncated => new("truncated", "The stored image is cut off; send it again."),
        _ => Unreadable,
    };
}
