namespace Platform.Dicom;

/// <summary>Why bytes were refused.</summary>
public enum DicomError
{
    /// <summary>The bytes are not a DICOM file or data set at all.</summary>
    NotDicom,

    /// <summary>The bytes end inside an element, an item or a sequence.</summary>
    Truncated,

    /// <summary>A length is impossible for its element: undefined where that is forbidden, or reserved.</summary>
    InvalidLength,

    /// <summary>An element or item is longer than the item or sequence that it lies in.</summary>
    LengthExceedsParent,

    /// <summary>The two letters of an explicit VR are not a VR of the standard.</summary>
    InvalidVr,

    /// <summary>A sequence or encapsulated value holds something else than items.</summary>
    ExpectedItem,

    /// <summary>An item or a delimiter stands where an element must.</summary>
    UnexpectedDelimiter,

    /// <summary>A data set has the same tag twice (PS3.5 §7.1).</summary>
    DuplicateElement,

    /// <summary>An element stands where none looks for it: behind pixel data but of a lower tag, or of group 0000 or 0002 in a data set.</summary>
    OutOfOrder,

    /// <summary>The transfer syntax UID is missing, malformed or not one of the standard.</summary>
    UnknownTransferSyntax,

    /// <summary>The deflated data set is not a valid deflate stream (RFC 1951).</summary>
    CorruptDeflate,

    /// <summary>A budget was exceeded; <see cref="DicomException.Budget"/> names it.</summary>
    OverBudget,

    /// <summary>A value is not what its VR requires, or not what was asked for.</summary>
    InvalidValue,

    /// <summary>Text can't be written in the data set's Specific Character Set.</summary>
    UnencodableText,

    /// <summary>DICOM JSON breaks PS3.18 Annex F.</summary>
    InvalidJson,

    /// <summary>The data set can't be written in the transfer syntax asked for.</summary>
    Unwritable,

    /// <summary>The data set holds no pixels.</summary>
    NoPixels,

    /// <summary>The image pixel description is incomplete or contradicts itself (PS3.3 §C.7.6.3).</summary>
    InvalidPixels,

    /// <summary>The pixels are of a kind that this library does not decode.</summary>
    UnsupportedPixels,

    /// <summary>There is no decoder for the transfer syntax.</summary>
    UnsupportedTransferSyntax,

    /// <summary>The pixel data is cut off, damaged, or disagrees with its description.</summary>
    CorruptPixels,

    /// <summary>The system lacks a codec's library; the message names its package.</summary>
    CodecMissing,

    /// <summary>De-identification was asked for with options that exclude each other (PS3.15 Annex E).</summary>
    ContradictoryOptions,

    /// <summary>A rule for masking pixels is malformed, or for images of another size.</summary>
    InvalidMaskRule,
}

/// <summary>The only exception for bad bytes. Its message holds no value of the data set, only tag, offset and rule.</summary>
public sealed class DicomException : Exception
{
    public DicomException(DicomError error, string message, DicomTag? tag = null, long? offset = null, Exception? inner = null)
        : base(Text(message, tag, offset), inner)
    {
        Error = error;
        Tag = tag;
        Offset = offset;
    }

    public DicomError Error { get; }

    /// <summary>The element concerned; null where there is none.</summary>
    public DicomTag? Tag { get; }

    /// <summary>Bytes from the start of the stream (of the inflated data set, for deflated syntaxes); null where there is none.</summary>
    public long? Offset { get; }

    /// <summary>The name of the property of <see cref="DicomBudgets"/> that was exceeded.</summary>
    public string? Budget { get; private init; }

    internal static DicomException OverBudget(string budget, long limit, DicomTag? tag, long? offset) =>
        new(DicomError.OverBudget, $"More than {budget} {limit}", tag, offset) { Budget = budget };

    private static string Text(string message, DicomTag? tag, long? offset) =>
        (tag, offset) switch
        {
            ({ } t, { } o) => $"{message} at {t}, byte {o}.",
            ({ } t, null) => $"{message} at {t}.",
            (null, { } o) => $"{message} at byte {o}.",
            _ => $"{message}.",
        };
}
