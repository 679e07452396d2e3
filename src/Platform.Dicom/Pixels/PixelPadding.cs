namespace Platform.Dicom.Pixels;

/// <summary>Values that fill a frame outside of what was imaged: Pixel Padding Value and its Range Limit (PS3.3 §C.7.5.1.1.2).</summary>
public static class PixelPadding
{
    /// <summary>The padding of a monochrome frame (from 0) as modality values, least and greatest; null where there is none.</summary>
    public static (float Low, float High)? Of(DicomDataset dataset, int frame)
    {
        if (dataset.GetInt32(DicomTags.PixelPaddingValue) is not { } value
            || dataset.GetSequence(DicomTags.ModalityLUTSequence).Count > 0)
        {
            return null;
        }

        var transform = ModalityTransform.Of(dataset, frame);
        var (a, b) = (ModalityValue(value), ModalityValue(dataset.GetInt32(DicomTags.PixelPaddingRangeLimit) ?? value));

        // Half a stored value around them: the arithmetic of frames is single precision.
        var half = (float)Math.Abs(transform.Slope / 2);
        return (Math.Min(a, b) - half, Math.Max(a, b) + half);

        float ModalityValue(int stored) => (float)((stored * transform.Slope) + transform.Intercept);
    }
}
