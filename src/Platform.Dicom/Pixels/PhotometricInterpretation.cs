namespace Platform.Dicom.Pixels;

/// <summary>Meaning of the samples of a pixel (0028,0004), PS3.3 §C.7.6.3.1.2.</summary>
public enum PhotometricInterpretation
{
    /// <summary>Smallest value is white.</summary>
    Monochrome1,

    /// <summary>Smallest value is black.</summary>
    Monochrome2,

    /// <summary>Index into the palette colour lookup tables.</summary>
    PaletteColor,

    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Luminance and two chrominances of CCIR 601-2, full range.</summary>
    YbrFull,

    /// <summary>As YBR_FULL, chrominance at half horizontal resolution.</summary>
    YbrFull422,

    /// <summary>CCIR 601-2 with reduced range, chrominance at half horizontal resolution (retired).</summary>
    YbrPartial422,

    /// <summary>CCIR 601-2 with reduced range, chrominance at half resolution both ways.</summary>
    YbrPartial420,

    /// <summary>Irreversible colour transform of JPEG 2000; decodes to RGB.</summary>
    YbrIct,

    /// <summary>Reversible colour transform of JPEG 2000; decodes to RGB.</summary>
    YbrRct,
}

internal static class PhotometricInterpretations
{
    public static PhotometricInterpretation? Parse(string? value) => value?.Trim().ToUpperInvariant() switch
    {
        "MONOCHROME1" => PhotometricInterpretation.Monochrome1,
        "MONOCHROME2" => PhotometricInterpretation.Monochrome2,
        "PALETTE COLOR" => PhotometricInterpretation.PaletteColor,
        "RGB" => PhotometricInterpretation.Rgb,
        "YBR_FULL" => PhotometricInterpretation.YbrFull,
        "YBR_FULL_422" => PhotometricInterpretation.YbrFull422,
        "YBR_PARTIAL_422" => PhotometricInterpretation.YbrPartial422,
        "YBR_PARTIAL_420" => PhotometricInterpretation.YbrPartial420,
        "YBR_ICT" => PhotometricInterpretation.YbrIct,
        "YBR_RCT" => PhotometricInterpretation.YbrRct,
        _ => null,
    };

    /// <summary>Names that PS3.3 §C.7.6.3.1.2 has retired.</summary>
    public static bool IsRetired(string value) => value.Trim().ToUpperInvariant() is "HSV" or "ARGB" or "CMYK";
}
