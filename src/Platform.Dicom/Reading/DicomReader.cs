using Platform.Dicom.Reading;

namespace Platform.Dicom;

/// <summary>What <see cref="DicomReader"/> stands at.</summary>
public enum DicomToken
{
    None,

    /// <summary>An element with its value, or without it if it is large and passed over.</summary>
    Element,

    SequenceStart,
    ItemStart,
    ItemEnd,
    SequenceEnd,

    /// <summary>An encapsulated value begins (PS3.5 §A.4).</summary>
    FragmentsStart,
    Fragment,
    FragmentsEnd,

    /// <summary>A sequence of defined length that is left unread (<see cref="DicomReadOptions.SequencesOnDemand"/>): its items' bytes.</summary>
    UnreadSequence,
}

/// <summary>
/// Pulls a data set from memory or from a stream that can't seek, one element, item or fragment at a time, without recursion
/// and with memory in proportion to what was received. Bad bytes are a <see cref="DicomException"/>.
/// </summary>
public sealed class DicomReader
{
    private const uint Undefined = ElementHeader.Undefined;
    private const uint ItemTag = 0xFFFEE000;
    private const uint ItemDelimiterTag = 0xFFFEE00D;
    private const uint SequenceDelimiterTag = 0xFFFEE0DD;

    private readonly ByteSource _source;
    private readonly DicomReadOptions _options;
    private readonly DicomEncoding _encoding;
    private Frame[] _frames = new Frame[8];
    private int _top;
    private int _need;
    private long _skip;
    private int _elements;
    private int _elementsBefore;
    private long _valueBytes;
    private DicomEncoding _unreadEncoding;

    /// <summary>Reads a data set (no preamble, no meta header) that lies in memory; values are slices of it.</summary>
    public DicomReader(ReadOnlyMemory<byte> bytes, DicomEncoding encoding, DicomReadOptions? options = null)
        : this(new ByteSource(bytes), encoding, options ?? DicomReadOptions.Default)
    {
    }

    /// <summary>Reads a data set (no preamble, no meta header) from a stream.</summary>
    public DicomReader(Stream stream, DicomEncoding encoding, DicomReadOptions? options = null)
        : this(
            new ByteSource(stream, (options ?? DicomReadOptions.Default).Budgets.MaxInstanceBytes),
            encoding,
            options ?? DicomReadOptions.Default)
    {
    }

    internal DicomReader(ByteSource source, DicomEncoding encoding, DicomReadOptions options)
    {
        _source = source;
        _encoding = encoding;
        _options = options;
        _frames[0] = new Frame { Kind = FrameKind.Dataset, End = -1, Encoding = encoding };
    }

    /// <summary>Reads the items of a sequence that was left unread, and the sequence's end.</summary>
    internal DicomReader(UnreadItems items)
        : this(new ByteSource(items.Bytes, items.Offset), items.Encoding, items.Options)
    {
        _frames[0].IsSigned = items.IsSigned;
        Depth = items.Depth;
        Offset = items.Offset;
        Open(FrameKind.Sequence, items.Offset + items.Bytes.Length, items.Encoding, items.Tag);
    }

    private enum FrameKind : byte
    {
        Dataset,
        Sequence,
        Item,
        Fragments,
    }

    private enum Step
    {
        Token,
        End,
        More,
    }

    public DicomToken Token { get; private set; }

    public DicomTag Tag { get; private set; }

    /// <summary>As written; for implicit VR by the dictionary, UN where it has no row.</summary>
    public DicomVr Vr { get; private set; }

    /// <summary>Bytes of the value as declared; -1 for undefined length.</summary>
    public long Length { get; private set; }

    /// <summary>The value in little-endian order, or an unread sequence as it came; empty for everything but these and fragments.</summary>
    public ReadOnlyMemory<byte> Value { get; private set; }

    /// <summary>The value was large and passed over.</summary>
    public bool IsSkipped { get; private set; }

    /// <summary>Where the element or item begins: bytes from the start of the stream.</summary>
    public long Offset { get; private set; }

    /// <summary>Where its value begins.</summary>
    public long ValueOffset { get; private set; }

    /// <summary>How many sequences are open.</summary>
    public int Depth { get; private set; }

    /// <summary>Reading ended before the root's pixel data: Tag, Vr, Length and offsets are those of the element that comes next.</summary>
    public bool IsAtPixelData { get; private set; }

    /// <summary>NUL bytes after the data set's end, as some archives pad files.</summary>
    public long TrailingZeroBytes { get; private set; }

    internal ElementForm Form { get; private set; }

    internal ByteSource Source => _source;

    internal bool SkipsLargeValues => _options.LargeValues == LargeValues.Skip;

    /// <summary>While it reads a file meta group: stop before the first element of another group.</summary>
    internal bool OnlyGroup2 { get; init; }

    /// <summary>Goes to the next token; false at the end of the data set, or before pixel data if the options say so.</summary>
    public bool Read()
    {
        while (true)
        {
            switch (TryRead())
            {
                case Step.Token:
                    return true;
                case Step.End:
                    return false;
                default:
                    _source.FillAsync(_need, isAsync: false, default).AsTask().GetAwaiter().GetResult();
                    break;
            }
        }
    }

    /// <summary>Goes to the next token; false at the end of the data set, or before pixel data if the options say so.</summary>
    public async ValueTask<bool> ReadAsync(CancellationToken ct)
    {
        while (true)
        {
            switch (TryRead())
            {
                case Step.Token:
                    return true;
                case Step.End:
                    return false;
                default:
                    await _source.FillAsync(_need, isAsync: true, ct);
                    break;
            }
        }
    }

    /// <summary>Reads ahead in what was received already; false if more must come or the data set has ended.</summary>
    internal bool TryReadBuffered(out bool hasEnded)
    {
        var step = TryRead();
        hasEnded = step == Step.End;
        return step == Step.Token;
    }

    /// <summary>The unread sequence that this stands at.</summary>
    internal UnreadItems Unread(DicomDataset owner) =>
        new(Tag, Value, ValueOffset, _unreadEncoding, _frames[_top].IsSigned, Depth, _options, owner);

    internal ValueTask FillAsync(bool isAsync, CancellationToken ct) => _source.FillAsync(_need, isAsync, ct);

    /// <summary>Goes on with what another reader has counted: budgets are of the whole file.</summary>
    internal DicomReader After(DicomReader meta)
    {
        (_elements, _valueBytes, _elementsBefore) = (meta._elements, meta._valueBytes, meta._elements);
        return this;
    }

    private Step TryRead()
    {
        if (_skip > 0 && !Skip())
        {
            return Step.More;
        }

        Value = default;
        IsSkipped = false;
        ref var frame = ref _frames[_top];
        if (frame.End == _source.Offset)
        {
            Close();
            return Step.Token;
        }

        return frame.Kind switch
        {
            FrameKind.Dataset or FrameKind.Item => ReadElement(ref frame),
            FrameKind.Sequence => ReadItem(ref frame),
            _ => ReadFragment(ref frame),
        };
    }

    private Step ReadElement(ref Frame frame)
    {
        var offset = _source.Offset;
        if (frame.Kind == FrameKind.Dataset && _source.Available < 8)
        {
            if (!_source.HasEnded)
            {
                return Need(8);
            }

            return _source.Available == 0 || OnlyGroup2 || IsZeroTail() ? Step.End : throw Truncated(null);
        }

        if (Limit() - offset < 8)
        {
            throw IsBounded()
                ? Error(DicomError.LengthExceedsParent, "An element goes past the end of its item", null, offset)
                : Truncated(null);
        }

        if (_source.Available < 8)
        {
            return Need(8);
        }

        var tag = ElementHeader.ReadTag(_source.Span, frame.Encoding);
        if (tag.Group == 0xFFFE)
        {
            return Delimiter(ref frame, tag);
        }

        if (OnlyGroup2 && tag.Group != 2)
        {
            return Step.End;
        }

        // :: Step 1: tag, VR and length.
        if (!ElementHeader.TryRead(_source.Span, frame.Encoding, frame.IsSigned, out var header))
        {
            return _source.HasEnded ? throw Truncated(tag) : Need(12);
        }

        if (header.HasInvalidVr)
        {
            throw Error(DicomError.InvalidVr, "The VR is none of the standard", tag, offset);
        }

        if (tag.Value == 0 && header.Length == 0 && frame.Kind == FrameKind.Dataset && _elements > _elementsBefore)
        {
            return ZeroTail();
        }

        if (tag.Group is 0 or 2 && frame.Kind == FrameKind.Dataset && !OnlyGroup2)
        {
            throw Error(DicomError.OutOfOrder, "A command or meta element stands in the data set", tag, offset);
        }

        // :: Step 2: what the value is and where it lies.
        var content = header.Content(frame.Encoding, out header, out var encoding);
        if (content == ElementContent.Invalid)
        {
            throw Error(DicomError.InvalidLength, $"Undefined length is not allowed for {header.Vr.Code}", tag, offset);
        }

        if (header is { Vr: DicomVr.UN, Form: ElementForm.None, Length: >= 8 } && DicomDictionary.FindVr(tag) == DicomVr.SQ)
        {
            // A sequence that passed through a system which did not know its tag (PS3.5 §6.2.2).
            if (_source.Available < header.HeaderLength + 4)
            {
                return _source.HasEnded ? throw Truncated(tag) : Need(header.HeaderLength + 4);
            }

            if (ElementValues.Tag(_source.Span[header.HeaderLength..]).Value == ItemTag)
            {
                content = ElementContent.Sequence;
                encoding = DicomEncoding.ImplicitLittleEndian;
                header = header with { Form = ElementForm.ImplicitItems };
            }
        }

        Tag = tag;
        Vr = header.Vr == DicomVr.None ? DicomVr.UN : header.Vr;
        Form = header.Form;
        Offset = offset;
        ValueOffset = offset + header.HeaderLength;
        Length = header.IsUndefined ? -1 : header.Length;
        if (!header.IsUndefined && header.Length > Limit() - ValueOffset)
        {
            throw IsBounded()
                ? Error(DicomError.LengthExceedsParent, "The value goes past the end of its item or sequence", tag, offset)
                : Truncated(tag);
        }

        if (_options.StopBeforePixelData && frame.Kind == FrameKind.Dataset
            && tag.Value is 0x7FE00008 or 0x7FE00009 or 0x7FE00010 && !OnlyGroup2)
        {
            IsAtPixelData = true;
            Token = DicomToken.None;
            return Step.End;
        }

        if (content == ElementContent.Value)
        {
            return ReadValue(ref frame, header);
        }

        if (_options.SequencesOnDemand && content == ElementContent.Sequence && header is { IsUndefined: false, Length: > 0 }
            && header.Length <= Math.Min(_options.Budgets.MaxValueBytes, _options.Budgets.MaxTotalValueBytes - _valueBytes))
        {
            return PassSequence(header, encoding);
        }

        CountElement(tag);
        _source.Advance(header.HeaderLength);
        var kind = content == ElementContent.Sequence ? FrameKind.Sequence : FrameKind.Fragments;
        Open(kind, header.IsUndefined ? -1 : ValueOffset + header.Length, encoding, tag);
        Token = content == ElementContent.Sequence ? DicomToken.SequenceStart : DicomToken.FragmentsStart;
        return Step.Token;
    }

    private Step ReadValue(ref Frame frame, ElementHeader header)
    {
        var (length, headerLength) = (header.Length, header.HeaderLength);
        if (_options.LargeValues == LargeValues.Skip && length >= _options.LargeValueBytes && Vr.IsBulkable)
        {
            CountElement(Tag);
            _source.Advance(headerLength);
            _skip = length;
            IsSkipped = true;
            Token = DicomToken.Element;
            return Step.Token;
        }

        CheckValueBudget(length);
        if (_source.Available < headerLength + (long)length)
        {
            return _source.HasEnded ? throw Truncated(Tag) : Need(headerLength + (int)length);
        }

        var value = _source.Memory.Slice(headerLength, (int)length);
        if (frame.Encoding == DicomEncoding.ExplicitBigEndian && Vr.UnitBytes > 1)
        {
            var swapped = value.ToArray();
            ElementValues.SwapBytes(swapped, Vr.UnitBytes);
            value = swapped;
        }

        if (Tag.Value == 0x00280103 && length == 2)
        {
            frame.IsSigned = value.Span is [1, 0];
        }

        CountElement(Tag);
        if (!IsBulk(Tag))
        {
            _valueBytes += length;
        }

        _source.Advance(headerLength + (int)length);
        Value = value;
        Token = DicomToken.Element;
        return Step.Token;
    }

    private Step PassSequence(ElementHeader header, DicomEncoding encoding)
    {
        var whole = header.HeaderLength + (int)header.Length;
        if (_source.Available < whole)
        {
            return _source.HasEnded ? throw Truncated(Tag) : Need(whole);
        }

        CountElement(Tag);
        _valueBytes += header.Length;
        _unreadEncoding = encoding;
        Value = _source.Memory[header.HeaderLength..whole];
        _source.Advance(whole);
        Token = DicomToken.UnreadSequence;
        return Step.Token;
    }

    private Step ReadItem(ref Frame frame)
    {
        if (TryItemHeader(ref frame, out var tag, out var length) is { } step)
        {
            return step;
        }

        var offset = _source.Offset;
        if (tag == SequenceDelimiterTag && frame.End < 0)
        {
            _source.Advance(8);
            Close();
            return Step.Token;
        }

        if (tag != ItemTag)
        {
            throw Error(DicomError.ExpectedItem, "A sequence holds something else than items", frame.Tag, offset);
        }

        if (length != Undefined && length > Limit() - offset - 8)
        {
            throw IsBounded()
                ? Error(DicomError.LengthExceedsParent, "An item goes past the end of its sequence", frame.Tag, offset)
                : Truncated(frame.Tag);
        }

        CountElement(frame.Tag);
        _source.Advance(8);
        Tag = frame.Tag;
        Offset = offset;
        ValueOffset = offset + 8;
        Length = length == Undefined ? -1 : length;
        Form = length == Undefined ? ElementForm.UndefinedLength : ElementForm.None;
        Open(FrameKind.Item, length == Undefined ? -1 : ValueOffset + length, frame.Encoding, frame.Tag);
        Token = DicomToken.ItemStart;
        return Step.Token;
    }

    private Step ReadFragment(ref Frame frame)
    {
        if (TryItemHeader(ref frame, out var tag, out var length) is { } step)
        {
            return step;
        }

        var offset = _source.Offset;
        if (tag == SequenceDelimiterTag)
        {
            _source.Advance(8);
            Close();
            return Step.Token;
        }

        if (tag != ItemTag)
        {
            throw Error(DicomError.ExpectedItem, "An encapsulated value holds something else than fragments", frame.Tag, offset);
        }

        if (length == Undefined)
        {
            throw Error(DicomError.InvalidLength, "A fragment has undefined length", frame.Tag, offset);
        }

        if (length > Limit() - offset - 8)
        {
            throw IsBounded()
                ? Error(DicomError.LengthExceedsParent, "A fragment goes past the end of its item", frame.Tag, offset)
                : Truncated(frame.Tag);
        }

        Tag = frame.Tag;
        Offset = offset;
        ValueOffset = offset + 8;
        Length = length;
        Token = DicomToken.Fragment;
        if (_options.LargeValues == LargeValues.Skip)
        {
            _source.Advance(8);
            _skip = length;
            IsSkipped = true;
        }
        else
        {
            CheckValueBudget(length);
            if (_source.Available < 8 + (long)length)
            {
                return _source.HasEnded ? throw Truncated(frame.Tag) : Need(8 + (int)length);
            }

            Value = _source.Memory.Slice(8, (int)length);
            if (!IsBulk(frame.Tag))
            {
                _valueBytes += length;
            }

            _source.Advance(8 + (int)length);
        }

        CountElement(frame.Tag);
        return Step.Token;
    }

    /// <summary>The tag and length of what stands in a sequence; null if they are there, else what to do first.</summary>
    private Step? TryItemHeader(ref Frame frame, out uint tag, out uint length)
    {
        tag = 0;
        length = 0;
        if (Limit() - _source.Offset < 8)
        {
            throw IsBounded()
                ? Error(DicomError.LengthExceedsParent, "An item goes past the end of its sequence", frame.Tag, _source.Offset)
                : Truncated(frame.Tag);
        }

        if (_source.Available < 8)
        {
            return _source.HasEnded ? throw Truncated(frame.Tag) : Need(8);
        }

        tag = ElementHeader.ReadTag(_source.Span, frame.Encoding).Value;
        length = ElementHeader.ReadUInt32(_source.Span[4..], frame.Encoding);
        return null;
    }

    private Step Delimiter(ref Frame frame, DicomTag tag)
    {
        if (tag.Value == ItemDelimiterTag && frame is { Kind: FrameKind.Item, End: < 0 })
        {
            _source.Advance(8);
            Close();
            return Step.Token;
        }

        throw Error(DicomError.UnexpectedDelimiter, "An item or delimiter stands where an element must", tag, _source.Offset);
    }

    private void Open(FrameKind kind, long end, DicomEncoding encoding, DicomTag tag)
    {
        if (kind == FrameKind.Sequence && ++Depth > _options.Budgets.MaxDepth)
        {
            throw DicomException.OverBudget(nameof(DicomBudgets.MaxDepth), _options.Budgets.MaxDepth, tag, Offset);
        }

        if (++_top == _frames.Length)
        {
            Array.Resize(ref _frames, _top * 2);
        }

        ref var parent = ref _frames[_top - 1];
        _frames[_top] = new Frame { Kind = kind, End = end, Encoding = encoding, Tag = tag, IsSigned = parent.IsSigned };
        _frames[_top].Limit = end >= 0 ? end : parent.Limit;
    }

    private void Close()
    {
        ref var frame = ref _frames[_top];
        Tag = frame.Tag;
        Offset = _source.Offset;
        Token = frame.Kind switch
        {
            FrameKind.Item => DicomToken.ItemEnd,
            FrameKind.Sequence => DicomToken.SequenceEnd,
            _ => DicomToken.FragmentsEnd,
        };
        Depth -= frame.Kind == FrameKind.Sequence ? 1 : 0;
        _top--;
    }

    /// <summary>The end of the innermost item or sequence of defined length, or of the bytes where that is known.</summary>
    private long Limit() => IsBounded() ? _frames[_top].Limit : _source.KnownEnd;

    private bool IsBounded() => _frames[_top].Limit > 0;

    private bool Skip()
    {
        var count = (int)Math.Min(_skip, _source.Available);
        _source.Advance(count);
        _skip -= count;
        if (_skip == 0)
        {
            return true;
        }

        _need = (int)Math.Min(_skip, 64 << 10);
        return _source.HasEnded ? throw Truncated(Tag) : false;
    }

    /// <summary>NULs to the end of the bytes, from a (0000,0000) on.</summary>
    private Step ZeroTail()
    {
        if (!IsZeroTail())
        {
            throw Error(DicomError.UnexpectedDelimiter, "Something follows the NUL bytes behind the data set", null, _source.Offset);
        }

        return _source.HasEnded ? Step.End : Need(1);
    }

    private bool IsZeroTail()
    {
        if (_source.Span.ContainsAnyExcept((byte)0))
        {
            return false;
        }

        TrailingZeroBytes += _source.Available;
        _source.Advance(_source.Available);
        return true;
    }

    private void CountElement(DicomTag tag)
    {
        if (++_elements > _options.Budgets.MaxElements)
        {
            throw DicomException.OverBudget(nameof(DicomBudgets.MaxElements), _options.Budgets.MaxElements, tag, Offset);
        }
    }

    private void CheckValueBudget(uint length)
    {
        var budgets = _options.Budgets;
        if (IsBulk(Tag))
        {
            if (length > Array.MaxLength - 16)
            {
                throw DicomException.OverBudget(nameof(DicomBudgets.MaxInstanceBytes), budgets.MaxInstanceBytes, Tag, Offset);
            }

            return;
        }

        if (length > budgets.MaxValueBytes)
        {
            throw DicomException.OverBudget(nameof(DicomBudgets.MaxValueBytes), budgets.MaxValueBytes, Tag, Offset);
        }

        if (_valueBytes + length > budgets.MaxTotalValueBytes)
        {
            throw DicomException.OverBudget(nameof(DicomBudgets.MaxTotalValueBytes), budgets.MaxTotalValueBytes, Tag, Offset);
        }
    }

    /// <summary>Pixel data, spectroscopy data, waveform data, encapsulated documents: as long as the instance may be.</summary>
    private bool IsBulk(DicomTag tag) => !_options.StopBeforePixelData
        && tag.Value is 0x7FE00008 or 0x7FE00009 or 0x7FE00010 or 0x56000020 or 0x54001010 or 0x00420011;

    private Step Need(int count)
    {
        if (_source.HasEnded)
        {
            throw Truncated(null);
        }

        _need = count;
        return Step.More;
    }

    private DicomException Truncated(DicomTag? tag) =>
        Error(DicomError.Truncated, "The bytes end too early", tag, _source.Offset);

    private static DicomException Error(DicomError error, string message, DicomTag? tag, long offset) => new(error, message, tag, offset);

    private struct Frame
    {
        internal FrameKind Kind;
        internal DicomEncoding Encoding;
        internal DicomTag Tag;
        internal bool IsSigned;

        /// <summary>Where it ends; -1 if a delimiter ends it.</summary>
        internal long End;

        /// <summary>The innermost defined end; 0 if nothing around it has one.</summary>
        internal long Limit;
    }
}
