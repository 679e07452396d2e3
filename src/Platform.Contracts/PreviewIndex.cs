namespace Platform.Contracts;

/// <summary>What a part of a preview shows; a JSON blob beside its pictures.</summary>
/// <param name="Strip">The sprite; null when no image could be shown in it.</param>
/// <param name="Images">All images of the series in display order.</param>
/// <param name="Pack">Where the full-size pictures lie; null with the strip.</param>
public sealed record PreviewIndex(PreviewStrip? Strip, IReadOnlyList<PreviewImage> Images, PreviewPack? Pack);

/// <summary>One JPEG of small tiles, row by row.</summary>
/// <param name="Images">For each tile the index of its image.</param>
public sealed record PreviewStrip(int TileWidth, int TileHeight, int Columns, IReadOnlyList<int> Images);

/// <summary>One frame of one instance.</summary>
/// <param name="Index">Place in display order, from 0.</param>
/// <param name="SopInstanceUid">As stored.</param>
/// <param name="Frame">From 1.</param>
/// <param name="Rows">Of the stored image; its picture may be smaller.</param>
/// <param name="PixelSpacingMm">Between rows, between columns.</param>
/// <param name="WindowCentre">In modality values, e.g. Hounsfield units; null for colour and where a lookup table maps them.</param>
/// <param name="PositionMm">Centre of the first pixel: x, y, z in LPS.</param>
/// <param name="ReasonCode">Why it cannot be shown; null when it can.</param>
/// <param name="Suspicions">Why it may show who the patient is, e.g. <c>TextFound</c>; null or empty when nothing says so.</param>
public sealed record PreviewImage(
    int Index,
    string SopInstanceUid,
    int Frame,
    int Rows,
    int Columns,
    IReadOnlyList<double>? PixelSpacingMm,
    double? WindowCentre,
    double? WindowWidth,
    IReadOnlyList<double>? PositionMm,
    string? ReasonCode,
    string? Reason,
    IReadOnlyList<string>? Suspicions = null);

/// <summary>JPEGs end to end in one blob.</summary>
/// <param name="Offsets">By image index; of one that cannot be shown, anything.</param>
/// <param name="Lengths">By image index; 0 for one that cannot be shown.</param>
public sealed record PreviewPack(long Bytes, IReadOnlyList<long> Offsets, IReadOnlyList<int> Lengths);
