namespace Platform.Dicom.Volumes;

/// <summary>Why a series does not make one volume.</summary>
public enum VolumeRefusal
{
    /// <summary>The series has no instance.</summary>
    NoInstances,

    /// <summary>No instance of the series holds an image.</summary>
    NoPixels,

    /// <summary>The series holds localizer images only.</summary>
    LocalizerOnly,

    /// <summary>Each image is a mosaic of slices.</summary>
    Mosaic,

    /// <summary>The images are in colour.</summary>
    Colour,

    /// <summary>Position, orientation or pixel spacing is missing from an image.</summary>
    MissingGeometry,

    /// <summary>An orientation, a position or a spacing is not a usable number.</summary>
    InvalidGeometry,

    /// <summary>Rows or columns differ between images.</summary>
    MixedSize,

    /// <summary>The pixel spacing differs between images.</summary>
    MixedSpacing,

    /// <summary>The images lie in different orientations.</summary>
    MixedOrientation,

    /// <summary>The images are placed in different frames of reference.</summary>
    MixedFrameOfReference,

    /// <summary>There is one slice only.</summary>
    SingleSlice,

    /// <summary>Several different images lie at one position, as in a series over time or with several echoes.</summary>
    RepeatedPosition,

    /// <summary>Slices are missing.</summary>
    SeriesGap,

    /// <summary>The distance between slices varies.</summary>
    UnevenSpacing,

    /// <summary>The slices do not lie along one line.</summary>
    NotAStack,

    /// <summary>The volume is over the budget.</summary>
    TooLarge,

    /// <summary>The pixels of an image cannot be decoded.</summary>
    Undecodable,

    /// <summary>There is no decoder for the transfer syntax of an image.</summary>
    UnsupportedTransferSyntax,
}

/// <summary>Words for a refusal.</summary>
public static class VolumeRefusals
{
    /// <summary>One sentence for a person that says what is wrong and, where something can be done, what.</summary>
    public static string Sentence(this VolumeRefusal refusal) => refusal switch
    {
        VolumeRefusal.NoInstances => "The series is empty.",
        VolumeRefusal.NoPixels => "The series holds no images.",
        VolumeRefusal.LocalizerOnly => "The series holds localizer images only; choose the series that was planned on them.",
        VolumeRefusal.Mosaic => "The images are mosaics of slices; export the series as single slices or as enhanced multi-frame.",
        VolumeRefusal.Colour => "The images are in colour and carry no intensities to compute with.",
        VolumeRefusal.MissingGeometry => "Position, orientation or pixel spacing is missing from an image.",
        VolumeRefusal.InvalidGeometry => "Position, orientation or pixel spacing of an image is not usable.",
        VolumeRefusal.MixedSize => "The images have different numbers of rows or columns.",
        VolumeRefusal.MixedSpacing => "The images have different pixel spacings.",
        VolumeRefusal.MixedOrientation => "The images lie in different orientations; send each stack as a series of its own.",
        VolumeRefusal.MixedFrameOfReference => "The images are placed in different frames of reference.",
        VolumeRefusal.SingleSlice => "The series has one slice only, which makes no volume.",
        VolumeRefusal.RepeatedPosition =>
            "Several images lie at one position, as in a series over time or with several echoes; send each volume as a series of its own.",
        VolumeRefusal.SeriesGap => "Slices are missing; send the whole series again.",
        VolumeRefusal.UnevenSpacing => "The distance between slices varies.",
        VolumeRefusal.NotAStack => "The slices do not lie along one line.",
        VolumeRefusal.TooLarge => "The volume is larger than the service computes.",
        VolumeRefusal.Undecodable => "The pixels of an image cannot be decoded.",
        VolumeRefusal.UnsupportedTransferSyntax =>
            "The images are compressed in a way that the service cannot decode; send the series uncompressed.",
        _ => throw new ArgumentOutOfRangeException(nameof(refusal)),
    };

    /// <summary>Machine-readable code in kebab case, e.g. <c>series-gap</c>.</summary>
    public static string Code(this VolumeRefusal refusal) => refusal switch
    {
        VolumeRefusal.NoInstances => "no-instances",
        VolumeRefusal.NoPixels => "no-pixels",
        VolumeRefusal.LocalizerOnly => "localizer-only",
        VolumeRefusal.Mosaic => "mosaic",
        VolumeRefusal.Colour => "colour",
        VolumeRefusal.MissingGeometry => "missing-geometry",
        VolumeRefusal.InvalidGeometry => "invalid-geometry",
        VolumeRefusal.MixedSize => "mixed-size",
        VolumeRefusal.MixedSpacing => "mixed-spacing",
        VolumeRefusal.MixedOrientation => "mixed-orientation",
        VolumeRefusal.MixedFrameOfReference => "mixed-frame-of-reference",
        VolumeRefusal.SingleSlice => "single-slice",
        VolumeRefusal.RepeatedPosition => "repeated-position",
        VolumeRefusal.SeriesGap => "series-gap",
        VolumeRefusal.UnevenSpacing => "uneven-spacing",
        VolumeRefusal.NotAStack => "not-a-stack",
        VolumeRefusal.TooLarge => "too-large",
        VolumeRefusal.Undecodable => "undecodable",
        VolumeRefusal.UnsupportedTransferSyntax => "unsupported-transfer-syntax",
        _ => throw new ArgumentOutOfRangeException(nameof(refusal)),
    };
}
