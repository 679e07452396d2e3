namespace Platform.Dicom.Pixels;

public sealed partial record PixelDescription
{
    /// <summary>Reads and checks the description of a data set's pixels.</summary>
    /// <exception cref="DicomException">NoPixels, InvalidPixels, UnsupportedPixels or OverBudget.</exception>
    public static PixelDescription From(DicomDataset dataset)
    {
        var pixels = PixelElement(dataset);
        var samplesPerPixel = dataset.GetInt32(DicomTags.SamplesPerPixel) ?? 1;
        var bitsAllocated = Required(dataset, DicomTags.BitsAllocated);
        var bitsStored = dataset.GetInt32(DicomTags.BitsStored) ?? bitsAllocated;
        return new PixelDescription
        {
            Rows = Required(dataset, DicomTags.Rows),
            Columns = Required(dataset, DicomTags.Columns),
            SamplesPerPixel = samplesPerPixel,
            BitsAllocated = bitsAllocated,
            BitsStored = bitsStored,
            HighBit = dataset.GetInt32(DicomTags.HighBit) ?? bitsStored - 1,
            IsSigned = dataset.GetInt32(DicomTags.PixelRepresentation) == 1,
            IsPlanar = samplesPerPixel > 1 && dataset.GetInt32(DicomTags.PlanarConfiguration) == 1,
            Photometric = Interpretation(dataset, samplesPerPixel),
            Frames = Math.Max(1, dataset.GetInt32(DicomTags.NumberOfFrames) ?? 1),
            IsFloatingPoint = pixels.Tag != DicomTags.PixelData,
        }.Checked();
    }

    /// <summary>Whether a data set holds pixels of any kind.</summary>
    public static bool ArePresent(DicomDataset dataset) =>
        dataset.Contains(DicomTags.PixelData) || dataset.Contains(DicomTags.FloatPixelData)
        || dataset.Contains(DicomTags.DoubleFloatPixelData);

    internal static DicomElement PixelElement(DicomDataset dataset)
    {
        var element = dataset[DicomTags.PixelData] ?? dataset[DicomTags.FloatPixelData] ?? dataset[DicomTags.DoubleFloatPixelData];
        return element is { Bulk: null }
            ? element
            : throw new DicomException(
                DicomError.NoPixels, element is null ? "The data set holds no pixels" : "The pixels were not loaded", DicomTags.PixelData);
    }

    private static int Required(DicomDataset dataset, DicomTag tag) =>
        dataset.GetInt32(tag) ?? throw PixelErrors.Invalid("The image pixel description is incomplete", tag);

    private static PhotometricInterpretation Interpretation(DicomDataset dataset, int samplesPerPixel)
    {
        var text = dataset.GetString(DicomTags.PhotometricInterpretation);
        if (text is null)
        {
            return samplesPerPixel == 1 ? PhotometricInterpretation.Monochrome2 : PhotometricInterpretation.Rgb;
        }

        return PhotometricInterpretations.Parse(text)
            ?? throw PixelErrors.Unsupported(
                PhotometricInterpretations.IsRetired(text)
                    ? "HSV, ARGB and CMYK are retired and not decoded"
                    : "Unknown photometric interpretation",
                DicomTags.PhotometricInterpretation);
    }
}
