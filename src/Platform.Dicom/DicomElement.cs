using System.Runtime.InteropServices;
using Platform.Dicom.Reading;

namespace Platform.Dicom;

/// <summary>Where a value lies that was not loaded: bytes from the start of the stream.</summary>
/// <param name="Length">Bytes; null for an encapsulated value of undefined length.</param>
public sealed record BulkData(long Offset, long? Length);

/// <summary>How an element was written, so that it is written the same way again.</summary>
[Flags]
internal enum ElementForm : byte
{
    None = 0,
    UndefinedLength = 1,

    /// <summary>An element without VR in an explicit data set.</summary>
    ImplicitHeader = 2,

    /// <summary>The items' own elements are implicit little endian in an explicit data set (PS3.5 §6.2.2, CP-246).</summary>
    ImplicitItems = 4,

    /// <summary>Two spaces stand where the VR should; the length has 16 bits.</summary>
    VrSpaces = 8,

    /// <summary>"??" stands where the VR should; the length has 16 bits.</summary>
    VrQuestionMarks = 16,

    /// <summary>Two NULs stand where the VR should; the length has 16 bits.</summary>
    VrNuls = 32,

    VrUnknown = VrSpaces | VrQuestionMarks | VrNuls,
}

/// <summary>One data element (PS3.5 §7.1). Immutable; its items are not, and may be read when they are first asked for.</summary>
public sealed class DicomElement
{
    /// <summary>Items, fragments, what was left out, or the bytes and where in them: a million empty elements must not cost a field more.</summary>
    private object? _content;
    private readonly int _start;
    private readonly int _length;

    /// <summary>An element of bytes in little-endian order; an odd value gets its VR's padding.</summary>
    public DicomElement(DicomTag tag, DicomVr vr, ReadOnlyMemory<byte> value)
        : this(tag, vr, Padded(value, vr.Padding), null, ElementForm.None)
    {
        if (vr is DicomVr.None or DicomVr.SQ)
        {
            throw new ArgumentOutOfRangeException(nameof(vr), "Bytes need a VR other than SQ.");
        }
    }

    internal DicomElement(DicomTag tag, DicomVr vr, ReadOnlyMemory<byte> value, object? content, ElementForm form)
    {
        Tag = tag;
        Vr = vr;
        Form = form;
        _content = content;
        if (content is null && !value.IsEmpty)
        {
            var isArray = MemoryMarshal.TryGetArray(value, out var bytes);
            (_content, _start, _length) = (isArray ? bytes.Array : new Foreign(value), bytes.Offset, bytes.Count);
        }
    }

    public DicomTag Tag { get; }

    /// <summary>As read, or, for implicit VR, from the dictionary (UN where it has no row).</summary>
    public DicomVr Vr { get; }

    /// <summary>The bytes in little-endian order, with padding, whatever the transfer syntax; empty for items, fragments and bulk data left out.</summary>
    public ReadOnlyMemory<byte> Value => _content switch
    {
        byte[] bytes => new ReadOnlyMemory<byte>(bytes, _start, _length),
        Foreign foreign => foreign.Value,
        _ => default,
    };

    /// <summary>The items of a sequence (also of a UN that holds one); null for everything else.</summary>
    /// <exception cref="DicomException">The file was read with <see cref="DicomReadOptions.SequencesOnDemand"/>, and the items are bad.</exception>
    public IReadOnlyList<DicomDataset>? Items => ItemList;

    /// <summary>The items of an encapsulated value, the first of which is the basic offset table (PS3.5 §A.4); else null.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Fragments => _content as List<ReadOnlyMemory<byte>>;

    /// <summary>Where the value lies, if it was not loaded; else null.</summary>
    public BulkData? Bulk => _content as BulkData;

    public bool IsSequence => _content is List<DicomDataset> or UnreadItems;

    /// <summary>Neither bytes nor items nor fragments nor bulk data.</summary>
    public bool IsEmpty => Value.IsEmpty && _content switch
    {
        List<DicomDataset> items => items.Count == 0,
        List<ReadOnlyMemory<byte>> fragments => fragments.Count == 0,
        BulkData bulk => bulk.Length == 0,
        UnreadItems => false,
        _ => true,
    };

    internal ElementForm Form { get; }

    /// <summary>It is more than bytes: items, fragments, or bulk data left out.</summary>
    internal bool HasContent => _content is not (null or byte[] or Foreign);

    internal List<DicomDataset>? ItemList => _content switch
    {
        List<DicomDataset> items => items,
        UnreadItems unread => Keep(unread, DatasetBuilder.ReadItems(unread)),
        _ => null,
    };

    internal List<ReadOnlyMemory<byte>>? FragmentList => _content as List<ReadOnlyMemory<byte>>;

    /// <summary>A sequence of these items.</summary>
    public static DicomElement Sequence(DicomTag tag, params IEnumerable<DicomDataset> items) =>
        new(tag, DicomVr.SQ, default, items.ToList(), ElementForm.None);

    /// <summary>An encapsulated value (PS3.5 §A.4): basic offset table (may be empty), then fragments of even length.</summary>
    public static DicomElement Encapsulated(DicomTag tag, DicomVr vr, params IEnumerable<ReadOnlyMemory<byte>> fragments) =>
        new(tag, vr, default, fragments.Select(f => Padded(f, 0)).ToList(), ElementForm.UndefinedLength);

    /// <summary>Tag, VR and size; never the value.</summary>
    public override string ToString() =>
        _content switch
        {
            List<DicomDataset> items => $"{Tag} {Vr.Code} {items.Count} items",
            List<ReadOnlyMemory<byte>> fragments => $"{Tag} {Vr.Code} {fragments.Count} fragments",
            BulkData bulk => $"{Tag} {Vr.Code} {bulk.Length} bytes not loaded",
            UnreadItems unread => $"{Tag} {Vr.Code} {unread.Bytes.Length} bytes of items not read yet",
            _ => $"{Tag} {Vr.Code} {Value.Length} bytes",
        };

    /// <summary>The items that whoever was first has read: two readers at once see the same ones.</summary>
    private List<DicomDataset> Keep(UnreadItems unread, List<DicomDataset> items) =>
        Interlocked.CompareExchange(ref _content, items, unread) as List<DicomDataset> ?? items;

    /// <summary>Bytes that lie in no array.</summary>
    private sealed record Foreign(ReadOnlyMemory<byte> Value);

    private static ReadOnlyMemory<byte> Padded(ReadOnlyMemory<byte> value, byte padding)
    {
        if ((value.Length & 1) == 0)
        {
            return value;
        }

        var even = new byte[value.Length + 1];
        value.CopyTo(even);
        even[^1] = padding;
        return even;
    }
}
