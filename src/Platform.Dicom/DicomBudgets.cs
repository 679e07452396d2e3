namespace Platform.Dicom;

/// <summary>Limits on what one data set may cost. Exceeding one is <see cref="DicomError.OverBudget"/>.</summary>
public sealed record DicomBudgets
{
    public static readonly DicomBudgets Default = new();

    /// <summary>Sequences inside sequences; the root's own are depth 1.</summary>
    public int MaxDepth { get; init; } = 64;

    /// <summary>Elements, items and fragments of the whole file.</summary>
    public int MaxElements { get; init; } = 1_000_000;

    /// <summary>Bytes of one value that is not bulk data.</summary>
    public int MaxValueBytes { get; init; } = 16 << 20;

    /// <summary>Bytes of all values together that are not bulk data.</summary>
    public long MaxTotalValueBytes { get; init; } = 64L << 20;

    /// <summary>Bytes that a deflated data set may inflate to.</summary>
    public long MaxInflatedBytes { get; init; } = 512L << 20;

    /// <summary>Inflated bytes per deflated byte, asked after the first <see cref="InflateRatioFreeBytes"/>.</summary>
    public int MaxInflateRatio { get; init; } = 100;

    public long InflateRatioFreeBytes { get; init; } = 16L << 20;

    /// <summary>Bytes of a whole instance as received.</summary>
    public long MaxInstanceBytes { get; init; } = 2L << 30;
}
