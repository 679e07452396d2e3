namespace Platform.Contracts;

/// <summary>What of a run is shown with its source images: segments as lines, heat maps, quality; a JSON blob beside its objects.</summary>
/// <param name="Images">Only images that a segment lies on, in the order of the stack.</param>
public sealed record RunOutlines(IReadOnlyList<OutlineSegment> Segments, IReadOnlyList<ImageOutlines> Images)
{
    /// <summary>Evidence to lay over an image; null or empty where the model gives none.</summary>
    public IReadOnlyList<HeatMap>? HeatMaps { get; init; }

    /// <summary>How good the images were; null from workers that wrote none.</summary>
    public QualityRecord? Quality { get; init; }
}

/// <summary>How strongly each place of an image speaks for a finding; drawn smoothly in the segment's colour.</summary>
/// <param name="Segment">Number of what it stands for.</param>
/// <param name="SopInstanceUid">UID as stored of the source image.</param>
/// <param name="Frame">From 1.</param>
/// <param name="Box">The part of the image that it covers: x, y, width, height in pixels; the outer corner of the first one is 0, 0.</param>
/// <param name="Values">One byte a place, rows from the top; 0 is not drawn.</param>
public sealed record HeatMap(
    int Segment, string SopInstanceUid, int Frame, int Rows, int Columns, IReadOnlyList<double> Box, byte[] Values);

/// <summary>What a line stands for.</summary>
/// <param name="Number">Segment number in the segmentation.</param>
/// <param name="Colour">sRGB as <c>#rrggbb</c>.</param>
public sealed record OutlineSegment(int Number, string Label, string Colour);

/// <summary>The lines on one image.</summary>
/// <param name="SopInstanceUid">UID as stored of the source image.</param>
/// <param name="Frame">From 1.</param>
public sealed record ImageOutlines(string SopInstanceUid, int Frame, IReadOnlyList<OutlinePath> Paths);

/// <summary>One closed polygon along the edges of pixels; a hole is a polygon of its own, and the even-odd rule fills them.</summary>
/// <param name="Points">x (column), y (row) of each corner in turn; the outer corner of the first pixel is 0, 0.</param>
public sealed record OutlinePath(int Segment, IReadOnlyList<int> Points);
