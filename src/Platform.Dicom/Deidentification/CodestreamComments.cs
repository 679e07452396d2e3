namespace Platform.Dicom.Deidentification;

/// <summary>
/// Overwrites what compressed pixels say besides pixels, while they pass by: comments (COM), application segments (APPn) and thumbnails
/// of JPEG and JPEG-LS (ISO/IEC 10918-1 §B.2.4), comments of JPEG 2000 (15444-1 §A.9.2), and bytes behind the end of a codestream.
/// No length changes, so offset tables stay true; nothing is kept, nothing allocated. Of JFIF, Adobe and "mrfx" segments, which tell a
/// decoder the colours, the known form stays.
/// </summary>
public sealed class CodestreamComments
{
    private State _state = State.FragmentStart;
    private byte _marker;
    private bool _isJpeg2000;
    private int _segmentAt;
    private bool _isKnownForm;
    private int _segmentLength;
    private uint _tilePartLength;
    private long _tilePartAt;
    private long _skip;

    private enum State
    {
        FragmentStart,

        /// <summary>Before the first or behind the last marker of a codestream.</summary>
        Outside,
        OutsideAfterFf,
        Marker,
        MarkerCode,
        LengthHigh,
        LengthLow,
        Segment,
        Entropy,
        EntropyAfterFf,
        TilePart,

        /// <summary>Something else than a codestream, until the next fragment.</summary>
        Opaque,
    }

    /// <summary>Something stood in the pixel data that is no codestream of these families (a JP2 file, say) and was left as it was.</summary>
    public bool HasOpaque { get; private set; }

    private static ReadOnlySpan<byte> Jfif => [(byte)'J', (byte)'F', (byte)'I', (byte)'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0];

    /// <summary>Version 100, no flags; the byte behind it names the colour transform.</summary>
    private static ReadOnlySpan<byte> Adobe => [(byte)'A', (byte)'d', (byte)'o', (byte)'b', (byte)'e', 0, 100, 0, 0, 0, 0];

    private static ReadOnlySpan<byte> Mrfx => "mrfx"u8;

    /// <summary>For pixels of a transfer syntax; null where their codestream has no comments.</summary>
    public static CodestreamComments? For(DicomTransferSyntax syntax) =>
        syntax.IsEncapsulated && IsJpegFamily(syntax.Uid) ? new CodestreamComments() : null;

    /// <summary>A copy of encapsulated pixels without comments; the same element where there is nothing to clean.</summary>
    public static DicomElement Clean(DicomElement pixels, DicomTransferSyntax syntax)
    {
        if (pixels.Fragments is not { Count: > 1 } items || For(syntax) is not { } comments)
        {
            return pixels;
        }

        var cleaned = new List<ReadOnlyMemory<byte>> { items[0] };
        foreach (var fragment in items.Skip(1))
        {
            var copy = fragment.ToArray();
            comments.BeginFragment();
            comments.Clean(copy);
            cleaned.Add(copy);
        }

        return DicomElement.Encapsulated(pixels.Tag, pixels.Vr, cleaned);
    }

    /// <summary>A new fragment follows: a codestream may go on in it, or another begin.</summary>
    public void BeginFragment() =>
        _state = _state is State.Opaque or State.Outside or State.OutsideAfterFf ? State.FragmentStart : _state;

    /// <summary>Cleans the next bytes of the fragment in place.</summary>
    public void Clean(Span<byte> bytes)
    {
        for (var i = 0; i < bytes.Length;)
        {
            switch (_state)
            {
                case State.Opaque:
                    return;

                case State.Entropy:
                    var ff = bytes[i..].IndexOf((byte)0xFF);
                    _state = ff < 0 ? State.Entropy : State.EntropyAfterFf;
                    i = ff < 0 ? bytes.Length : i + ff + 1;
                    break;

                case State.TilePart:
                    var passed = (int)Math.Min(_skip, bytes.Length - i);
                    _skip -= passed;
                    i += passed;
                    _state = _skip == 0 ? State.Marker : State.TilePart;
                    break;

                default:
                    _tilePartAt++;
                    bytes[i] = Next(bytes[i]);
                    i++;
                    break;
            }
        }
    }

    private static bool IsJpegFamily(string uid)
    {
        const string Prefix = "1.2.840.10008.1.2.4.";
        return uid.StartsWith(Prefix, StringComparison.Ordinal)
            && int.TryParse(uid.AsSpan(Prefix.Length), out var number)
            && number is (>= 50 and <= 93) or (>= 201 and <= 203);
    }

    private byte Next(byte value)
    {
        switch (_state)
        {
            case State.FragmentStart when value != 0xFF:
                HasOpaque = true;
                _state = State.Opaque;
                return value;

            case State.FragmentStart:
                _state = State.OutsideAfterFf;
                return value;

            case State.Outside:
                _state = value == 0xFF ? State.OutsideAfterFf : State.Outside;
                return value == 0xFF ? value : (byte)0; // padding, or what hides behind the end

            case State.OutsideAfterFf:
                if (value is 0xD8 or 0x4F)
                {
                    _isJpeg2000 = value == 0x4F;
                    _state = State.Marker;
                    return value;
                }

                _state = value == 0xFF ? State.OutsideAfterFf : State.Outside;
                return value == 0xFF ? value : (byte)0;

            case State.Marker:
                if (value == 0xFF)
                {
                    _state = State.MarkerCode;
                    return value;
                }

                return 0; // between two segments nothing may stand

            case State.MarkerCode:
                return Code(value);

            case State.EntropyAfterFf:
                // A stuffed byte (below 80 in JPEG-LS, 00 in JPEG), a restart marker, or the end of the scan.
                if (value < 0xC0 || value is >= 0xD0 and <= 0xD7)
                {
                    _state = State.Entropy;
                    return value;
                }

                return Code(value);

            case State.LengthHigh:
                _segmentLength = value << 8;
                _state = State.LengthLow;
                return value;

            case State.LengthLow:
                _segmentLength = (_segmentLength | value) - 2;
                _segmentAt = 0;
                _isKnownForm = true;
                if (_segmentLength < 0)
                {
                    HasOpaque = true;
                    _state = State.Opaque;
                    return value;
                }

                _state = State.Segment;
                EndSegment();
                return value;

            default:
                return Segment(value);
        }
    }

    private byte Code(byte value)
    {
        _marker = value;
        _state = value switch
        {
            0xFF => _state == State.EntropyAfterFf ? State.EntropyAfterFf : State.MarkerCode,
            0xD9 => State.Outside,
            0x93 when _isJpeg2000 => AfterStartOfData(),
            >= 0x30 and <= 0x3F when _isJpeg2000 => State.Marker,
            0x00 or 0x01 or (>= 0xD0 and <= 0xD8) => State.Marker,
            _ => State.LengthHigh,
        };
        if (value == 0x90)
        {
            _tilePartAt = 2; // Psot counts from the marker
        }

        return value;
    }

    /// <summary>Data of a tile-part up to its length, or, in the last one (Psot 0), up to the end of the codestream.</summary>
    private State AfterStartOfData()
    {
        _skip = _tilePartLength - _tilePartAt;
        return _tilePartLength == 0 ? State.Entropy : _skip > 0 ? State.TilePart : State.Marker;
    }

    private byte Segment(byte value)
    {
        var at = _segmentAt++;
        if (_isJpeg2000 && _marker == 0x90 && at is >= 2 and < 6)
        {
            _tilePartLength = (at == 2 ? 0 : _tilePartLength << 8) | value;
        }

        var kept = _isJpeg2000
            ? _marker == 0x64 && at >= 2 ? (byte)0 : value // Rcom, two bytes, says what kind of comment it is
            : _marker switch
            {
                0xFE => (byte)0,
                0xE0 => Known(Jfif, 5, at, value),
                0xE8 => _isKnownForm && at == 4 && value <= 3 ? value : Known(Mrfx, 4, at, value),
                0xEE => _isKnownForm && at == 11 && value <= 2 ? value : Known(Adobe, 5, at, value),
                >= 0xE1 and <= 0xEF => (byte)0,
                _ => value,
            };
        EndSegment();
        return kept;
    }

    private void EndSegment()
    {
        if (_segmentAt >= _segmentLength)
        {
            _state = _marker == 0xDA && !_isJpeg2000 ? State.Entropy : State.Marker;
        }
    }

    /// <summary>The byte of a form whose name the segment has; NUL behind it, and where the name is another.</summary>
    private byte Known(ReadOnlySpan<byte> form, int nameLength, int at, byte value)
    {
        _isKnownForm &= at >= nameLength || form[at] == value;
        return _isKnownForm && at < form.Length ? form[at] : (byte)0;
    }
}
