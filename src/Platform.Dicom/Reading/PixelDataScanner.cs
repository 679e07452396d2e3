using Platform.Dicom.Deidentification;
using Platform.Dicom.Reading;

namespace Platform.Dicom;

/// <summary>
/// Follows the structure of what comes from the pixel data's tag on, fragment by fragment and element by element, while it passes by:
/// keeps no bytes, and tells a whole instance from one that was cut off.
/// </summary>
public sealed class PixelDataScanner
{
    private const uint Undefined = ElementHeader.Undefined;

    private readonly DicomBudgets _budgets;
    private readonly byte[] _header = new byte[12];
    private readonly List<Frame> _frames = [];
    private readonly List<DicomTag> _trailing = [];
    private int _have;
    private int _need = 8;
    private long _skip;
    private int _count;
    private bool _isZeroTail;
    private DicomTag? _last;
    private CodestreamComments? _comments;
    private bool _isFirstItem;
    private bool _isOffsetTable;

    /// <summary>Begins at the pixel data's tag.</summary>
    public PixelDataScanner(DicomEncoding encoding, DicomBudgets? budgets = null)
    {
        _budgets = budgets ?? DicomBudgets.Default;
        _frames.Add(new Frame(Kind.Dataset, -1, encoding));
    }

    private enum Kind
    {
        Dataset,
        Item,
        Sequence,
        Fragments,
    }

    private readonly record struct Frame(Kind Kind, long End, DicomEncoding Encoding);

    /// <summary>Bytes seen.</summary>
    public long Offset { get; private set; }

    /// <summary>How many bytes the pixel data element has, header and delimiter included; null while it lasts.</summary>
    public long? PixelDataEnd { get; private set; }

    /// <summary>The root's elements behind the pixel data.</summary>
    public IReadOnlyList<DicomTag> TrailingTags => _trailing;

    /// <summary>A stream that reads <paramref name="rest"/> through a scanner; its end is an error if the instance is not whole.</summary>
    /// <param name="rest">From the pixel data's tag on; disposed of with the result.</param>
    /// <param name="dropTrailing">Leave out what follows the pixel data element; it is scanned all the same.</param>
    /// <param name="comments">Cleans the fragments of the pixel data as they pass; null to leave them as they are.</param>
    public static Stream Wrap(
        Stream rest, DicomEncoding encoding, bool dropTrailing = false, DicomBudgets? budgets = null, CodestreamComments? comments = null) =>
        new ScannedStream(rest, new PixelDataScanner(encoding, budgets) { _comments = comments }, dropTrailing);

    /// <summary>Takes the next bytes; DicomException if they can't follow what came before.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => Append(bytes, []);

    /// <param name="writable">The same bytes, where they may be cleaned; else nothing.</param>
    private void Append(ReadOnlySpan<byte> bytes, Span<byte> writable)
    {
        var total = bytes.Length;
        while (!bytes.IsEmpty)
        {
            if (_skip > 0)
            {
                var passed = (int)Math.Min(_skip, bytes.Length);
                if (!writable.IsEmpty && _frames[^1].Kind == Kind.Fragments && !_isOffsetTable && PixelDataEnd is null)
                {
                    _comments?.Clean(writable.Slice(total - bytes.Length, passed));
                }

                _skip -= passed;
                Offset += passed;
                bytes = bytes[passed..];
                CloseEnded();
                continue;
            }

            if (_isZeroTail)
            {
                if (bytes.ContainsAnyExcept((byte)0))
                {
                    throw Error(DicomError.UnexpectedDelimiter, "Something follows the NUL bytes behind the data set");
                }

                Offset += bytes.Length;
                return;
            }

            var taken = Math.Min(_need - _have, bytes.Length);
            bytes[..taken].CopyTo(_header.AsSpan(_have));
            _have += taken;
            Offset += taken;
            bytes = bytes[taken..];
            if (_have == _need)
            {
                Header();
            }
        }
    }

    /// <summary>The bytes have ended; DicomException Truncated if they must not end here.</summary>
    public void Complete()
    {
        var isPartial = _have > 0 && (_frames.Count > 1 || _last is null || _header.AsSpan(0, _have).ContainsAnyExcept((byte)0));
        if (_skip > 0 || isPartial || _frames.Count > 1)
        {
            throw Error(DicomError.Truncated, "The bytes end too early");
        }
    }

    private void Header()
    {
        var frame = _frames[^1];
        var tag = ElementHeader.ReadTag(_header, frame.Encoding);
        if (frame.Kind is Kind.Sequence or Kind.Fragments)
        {
            InSequence(frame, tag, ElementHeader.ReadUInt32(_header.AsSpan(4), frame.Encoding));
            return;
        }

        if (tag.Value == 0xFFFEE00D && frame is { Kind: Kind.Item, End: < 0 })
        {
            Done();
            _frames.RemoveAt(_frames.Count - 1);
            CloseEnded();
            return;
        }

        if (tag.Group == 0xFFFE)
        {
            throw Error(DicomError.UnexpectedDelimiter, "An item or delimiter stands where an element must", tag);
        }

        // :: Step 1: VR and length.
        if (!ElementHeader.TryRead(_header.AsSpan(0, _have), frame.Encoding, false, out var header))
        {
            _need = 12;
            return;
        }

        if (header.HasInvalidVr)
        {
            throw Error(DicomError.InvalidVr, "The VR is none of the standard", tag);
        }

        if (frame.Kind == Kind.Dataset)
        {
            if (tag.Value == 0 && header.Length == 0 && _last is not null)
            {
                _isZeroTail = true;
                Done();
                return;
            }

            Order(tag);
        }

        // :: Step 2: the value.
        Done();
        switch (header.Content(frame.Encoding, out header, out var encoding))
        {
            case ElementContent.Invalid:
                throw Error(DicomError.InvalidLength, $"Undefined length is not allowed for {header.Vr.Code}", tag);
            case ElementContent.Value:
                Pass(header.Length, tag);
                break;
            case var _ when header.IsUndefined:
                Open(header.Vr is DicomVr.SQ or DicomVr.UN ? Kind.Sequence : Kind.Fragments, -1, encoding, tag);
                break;
            default:
                CheckRoom(header.Length, tag);
                Open(Kind.Sequence, Offset + header.Length, encoding, tag);
                CloseEnded();
                break;
        }
    }

    private void InSequence(Frame frame, DicomTag tag, uint length)
    {
        Done();
        if (tag.Value == 0xFFFEE0DD && frame.End < 0)
        {
            _frames.RemoveAt(_frames.Count - 1);
            CloseEnded();
            return;
        }

        if (tag.Value != 0xFFFEE000)
        {
            throw Error(DicomError.ExpectedItem, "A sequence or encapsulated value holds something else than items", tag);
        }

        if (frame.Kind == Kind.Fragments)
        {
            if (length == Undefined)
            {
                throw Error(DicomError.InvalidLength, "A fragment has undefined length");
            }

            _isOffsetTable = _isFirstItem;
            _isFirstItem = false;
            _comments?.BeginFragment();
            Pass(length, tag);
            return;
        }

        if (length != Undefined)
        {
            CheckRoom(length, tag);
        }

        Open(Kind.Item, length == Undefined ? -1 : Offset + length, frame.Encoding, tag);
        CloseEnded();
    }

    /// <summary>Only what must come after pixel data may: elsewhere it would have been looked at with the header.</summary>
    private void Order(DicomTag tag)
    {
        if (_last is { } last)
        {
            if (tag <= last)
            {
                throw Error(DicomError.OutOfOrder, "An element behind pixel data belongs before it", tag);
            }

            _trailing.Add(tag);
        }

        _last = tag;
    }

    private void Pass(uint length, DicomTag tag)
    {
        CheckRoom(length, tag);
        _skip = length;
        CloseEnded();
    }

    private void CheckRoom(uint length, DicomTag tag)
    {
        for (var i = _frames.Count - 1; i > 0; i--)
        {
            if (_frames[i].End >= 0)
            {
                if (Offset + length > _frames[i].End)
                {
                    throw Error(DicomError.LengthExceedsParent, "A value goes past the end of its item or sequence", tag);
                }

                return;
            }
        }
    }

    private void Open(Kind kind, long end, DicomEncoding encoding, DicomTag tag)
    {
        // An item and its sequence are two frames.
        if (_frames.Count > 2 * _budgets.MaxDepth)
        {
            throw DicomException.OverBudget(nameof(DicomBudgets.MaxDepth), _budgets.MaxDepth, tag, Offset);
        }

        _isFirstItem = kind == Kind.Fragments;
        _frames.Add(new Frame(kind, end, encoding));
    }

    private void CloseEnded()
    {
        if (_skip > 0)
        {
            return;
        }

        while (_frames.Count > 1 && _frames[^1].End is >= 0 and var end && end <= Offset)
        {
            _frames.RemoveAt(_frames.Count - 1);
        }

        if (_frames.Count == 1 && _last is not null)
        {
            PixelDataEnd ??= Offset;
        }
    }

    /// <summary>A header was understood: the next one begins.</summary>
    private void Done()
    {
        _have = 0;
        _need = 8;
        if (++_count > _budgets.MaxElements)
        {
            throw DicomException.OverBudget(nameof(DicomBudgets.MaxElements), _budgets.MaxElements, null, Offset);
        }
    }

    private DicomException Error(DicomError error, string message, DicomTag? tag = null) => new(error, message, tag, Offset);

    private sealed class ScannedStream(Stream rest, PixelDataScanner scanner, bool dropTrailing) : ReadOnlyStream
    {
        public override int Read(Span<byte> buffer)
        {
            while (true)
            {
                var before = scanner.Offset;
                var count = rest.Read(buffer);
                var kept = Scan(buffer[..count], before);
                if (kept > 0 || count == 0)
                {
                    return kept;
                }
            }
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (true)
            {
                var before = scanner.Offset;
                var count = await rest.ReadAsync(buffer, cancellationToken);
                var kept = Scan(buffer.Span[..count], before);
                if (kept > 0 || count == 0)
                {
                    return kept;
                }
            }
        }

        protected override void Dispose(bool disposing)
        {
            rest.Dispose();
            base.Dispose(disposing);
        }

        private int Scan(Span<byte> bytes, long before)
        {
            if (bytes.IsEmpty)
            {
                scanner.Complete();
                return 0;
            }

            scanner.Append(bytes, scanner._comments is null ? [] : bytes);
            return dropTrailing && scanner.PixelDataEnd is { } end ? (int)Math.Clamp(end - before, 0, bytes.Length) : bytes.Length;
        }
    }
}
