namespace Platform.Dicom.Reading;

/// <summary>The bytes of a sequence of defined length, from its first item on, and all that it takes to read them later.</summary>
/// <param name="Tag">Of the sequence.</param>
/// <param name="Offset">Of the bytes, from the start of the stream.</param>
/// <param name="Encoding">Of the items.</param>
/// <param name="IsSigned">The Pixel Representation around it is 1.</param>
/// <param name="Depth">How many sequences are around it.</param>
/// <param name="Owner">The data set that has the sequence.</param>
internal sealed record UnreadItems(
    DicomTag Tag,
    ReadOnlyMemory<byte> Bytes,
    long Offset,
    DicomEncoding Encoding,
    bool IsSigned,
    int Depth,
    DicomReadOptions Options,
    DicomDataset Owner);
