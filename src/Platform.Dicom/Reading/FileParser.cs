using System.Buffers.Binary;

namespace Platform.Dicom.Reading;

/// <summary>A DICOM file as far as it was read: <c>Source</c> stands behind it.</summary>
/// <param name="DatasetOffset">Bytes before the data set: preamble and meta header.</param>
internal sealed record ParsedFile(
    ReadOnlyMemory<byte> Preamble,
    DicomDataset Meta,
    DicomDataset Dataset,
    DicomTransferSyntax Syntax,
    DicomEncoding Encoding,
    PixelDataLocation? PixelData,
    long TrailingZeroBytes,
    long DatasetOffset,
    ByteSource Source);

/// <summary>Preamble, meta header (PS3.10 §7.1), transfer syntax, data set.</summary>
internal static class FileParser
{
    private const int PreambleBytes = 128;

    /// <summary>Without <paramref name="isAsync"/> the task is complete on return.</summary>
    internal static async ValueTask<ParsedFile> ReadAsync(
        ByteSource source, DicomReadOptions options, bool isAsync, CancellationToken ct)
    {
        // :: Step 1: preamble and prefix; both may be missing.
        await source.FillAsync(PreambleBytes + 12, isAsync, ct);
        ReadOnlyMemory<byte> preamble = default;
        if (source.Available >= PreambleBytes + 4 && source.Span.Slice(PreambleBytes, 4).SequenceEqual("DICM"u8))
        {
            preamble = source.Memory[..PreambleBytes];
            source.Advance(PreambleBytes + 4);
        }
        else if (GuessEncoding(source.Span) is null)
        {
            throw new DicomException(DicomError.NotDicom, "Neither the prefix DICM nor the start of a data set");
        }

        // :: Step 2: the meta header.
        var metaOptions = new DicomReadOptions { Budgets = options.Budgets };
        var metaReader = new DicomReader(source, DicomEncoding.ExplicitLittleEndian, metaOptions) { OnlyGroup2 = true };
        var meta = await DatasetBuilder.BuildAsync(metaReader, isAsync, ct);

        var datasetOffset = source.Offset;

        // :: Step 3: the transfer syntax, as declared and as it really is.
        await source.FillAsync(12, isAsync, ct);
        var uid = meta.GetString(DicomTags.TransferSyntaxUID);
        var syntax = uid is null ? Guess(source) : DicomTransferSyntax.Find(uid)
            ?? throw new DicomException(DicomError.UnknownTransferSyntax, "Not a transfer syntax of the standard", DicomTags.TransferSyntaxUID);
        if (syntax.IsDeflated)
        {
            source = new ByteSource(new InflateStream(source, options.Budgets), options.Budgets.MaxInflatedBytes);
            await source.FillAsync(12, isAsync, ct);
        }

        var encoding = uid is null ? syntax.Encoding : Correct(syntax.Encoding, source.Span);

        // :: Step 4: the data set.
        var reader = new DicomReader(source, encoding, options).After(metaReader);
        var dataset = await DatasetBuilder.BuildAsync(reader, isAsync, ct);
        var pixelData = reader.IsAtPixelData
            ? new PixelDataLocation(reader.Tag, reader.Vr, reader.Offset, reader.ValueOffset, reader.Length < 0 ? null : reader.Length)
            : null;
        return new ParsedFile(preamble, meta, dataset, syntax, encoding, pixelData, reader.TrailingZeroBytes, datasetOffset, source);
    }

    /// <summary>Without a declared syntax: what the first element looks like, else the default syntax (PS3.5 §10.1).</summary>
    private static DicomTransferSyntax Guess(ByteSource source) => GuessEncoding(source.Span) switch
    {
        DicomEncoding.ExplicitLittleEndian => DicomTransferSyntax.ExplicitLittleEndian,
        DicomEncoding.ExplicitBigEndian => DicomTransferSyntax.ExplicitBigEndian,
        _ => DicomTransferSyntax.ImplicitLittleEndian,
    };

    /// <summary>How a data set without declared syntax is laid out, by its first element; null if it is none.</summary>
    private static DicomEncoding? GuessEncoding(ReadOnlySpan<byte> start)
    {
        if (start.Length < 8)
        {
            return null;
        }

        var little = BinaryPrimitives.ReadUInt16LittleEndian(start);
        var big = BinaryPrimitives.ReadUInt16BigEndian(start);
        var isExplicit = DicomVrs.FromBytes(start[4], start[5]) != DicomVr.None;
        if (little is 0x0002 or 0x0004 or 0x0008)
        {
            // An implicit first element is short: a longer one is some other file that begins with these two bytes.
            return isExplicit
                ? DicomEncoding.ExplicitLittleEndian
                : BinaryPrimitives.ReadUInt32LittleEndian(start[4..]) < 0x10000 && IsKnown(ElementValues.Tag(start))
                    ? DicomEncoding.ImplicitLittleEndian
                    : null;
        }

        return big is 0x0004 or 0x0008 && isExplicit ? DicomEncoding.ExplicitBigEndian : null;
    }

    private static bool IsKnown(DicomTag tag) => tag.IsGroupLength || DicomDictionary.FindVr(tag) != DicomVr.None;

    /// <summary>Some writers declare one uncompressed layout and write another; the first element shows which.</summary>
    private static DicomEncoding Correct(DicomEncoding declared, ReadOnlySpan<byte> start)
    {
        if (start.Length < 8)
        {
            return declared;
        }

        var vr = DicomVrs.FromBytes(start[4], start[5]);
        switch (declared)
        {
            case DicomEncoding.ImplicitLittleEndian:
                return vr != DicomVr.None && DicomDictionary.FindVrs(ElementValues.Tag(start)).Contains(vr)
                    ? DicomEncoding.ExplicitLittleEndian
                    : declared;
            case DicomEncoding.ExplicitLittleEndian:
                return !DicomVrs.IsUpper(start[4]) || !DicomVrs.IsUpper(start[5]) ? DicomEncoding.ImplicitLittleEndian : declared;
            default:
                return GuessEncoding(start) ?? declared;
        }
    }
}
