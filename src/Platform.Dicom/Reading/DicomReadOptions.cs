namespace Platform.Dicom;

/// <summary>What a reader does with values of <see cref="DicomReadOptions.LargeValueBytes"/> and more of OB, OD, OF, OL, OV, OW and UN.</summary>
public enum LargeValues
{
    /// <summary>Load them like any other.</summary>
    Load,

    /// <summary>Pass over them and say where they lie: <see cref="DicomElement.Bulk"/>.</summary>
    Skip,
}

/// <summary>How much of a file to read, and what it may cost.</summary>
public sealed record DicomReadOptions
{
    public static readonly DicomReadOptions Default = new();

    /// <summary>Read the header only: stop before Pixel Data, Float Pixel Data or Double Float Pixel Data of the root.</summary>
    public bool StopBeforePixelData { get; init; }

    public LargeValues LargeValues { get; init; }

    /// <summary>From how many bytes on a value is large.</summary>
    public int LargeValueBytes { get; init; } = 64 << 10;

    /// <summary>
    /// Leave sequences of defined length as bytes until their items are asked for: a look at the root then costs the same however much
    /// lies in sequences. What is wrong inside one is a DicomException of whoever asks first. Depth counts as ever, elements and value
    /// bytes within each sequence; one that is larger than a value may be is read at once.
    /// </summary>
    public bool SequencesOnDemand { get; init; }

    public DicomBudgets Budgets { get; init; } = DicomBudgets.Default;
}
