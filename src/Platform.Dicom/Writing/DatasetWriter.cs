using System.Buffers.Binary;

namespace Platform.Dicom.Writing;

/// <summary>Lays a data set out in bytes (PS3.5 §7). What was read and not changed comes out as it came in.</summary>
internal sealed class DatasetWriter
{
    private const uint Undefined = 0xFFFFFFFF;
    private const int MaxDepth = 256;

    private static readonly DicomTag Item = new(0xFFFE, 0xE000);
    private static readonly DicomTag ItemDelimiter = new(0xFFFE, 0xE00D);
    private static readonly DicomTag SequenceDelimiter = new(0xFFFE, 0xE0DD);

    private readonly SegmentBuffer _to;

    /// <summary>Lengths of the sequences and items of defined length, in the order in which they are written.</summary>
    private readonly List<long> _lengths = [];
    private int _nextLength;

    private DatasetWriter(SegmentBuffer to) => _to = to;

    internal static void Write(DicomDataset dataset, DicomEncoding encoding, SegmentBuffer to)
    {
        if (dataset.Count > 0 && dataset[0] is { HasContent: false, Form: not ElementForm.None } first)
        {
            // A reader takes a first element without VR for a data set without VRs, so it gets its own.
            dataset.Replace(0, new DicomElement(first.Tag, first.Vr, first.Value, null, ElementForm.None));
        }

        var writer = new DatasetWriter(to);
        writer.Measure(dataset, encoding, 0);
        writer.WriteElements(dataset, encoding);
    }

    /// <summary>Bytes that the elements of one group take after the group length element (PS3.5 §7.2).</summary>
    internal static long GroupLength(DicomDataset dataset, DicomEncoding encoding, ushort group)
    {
        var first = 0;
        while (first < dataset.Count && (dataset[first].Tag.Group < group || dataset[first].Tag.Value == (uint)group << 16))
        {
            first++;
        }

        return new DatasetWriter(new SegmentBuffer()).GroupLength(dataset, encoding, first, group);
    }

    // A group's elements stand together: with thirty thousand groups, each must not look through all of them.
    private long GroupLength(DicomDataset dataset, DicomEncoding encoding, int first, ushort group)
    {
        var writer = new DatasetWriter(_to);
        var length = 0L;
        for (var i = first; i < dataset.Count && dataset[i].Tag.Group == group; i++)
        {
            length += writer.Measure(dataset[i], encoding, 0);
        }

        return length;
    }

    private static bool HasHeaderWithVr(DicomElement element, DicomEncoding encoding) =>
        encoding != DicomEncoding.ImplicitLittleEndian && (element.Form & ElementForm.ImplicitHeader) == 0;

    /// <summary>Of an element in explicit VR: the VR to write; a value that a 16-bit length can't tell becomes UN (PS3.5 §6.2.2).</summary>
    private static DicomVr WrittenVr(DicomElement element) =>
        !element.Vr.Is32BitLength && element.Value.Length > ushort.MaxValue ? DicomVr.UN : element.Vr;

    private static DicomEncoding ItemEncoding(DicomElement element, DicomEncoding encoding) =>
        (element.Form & ElementForm.ImplicitItems) != 0 ? DicomEncoding.ImplicitLittleEndian : encoding;

    private static bool IsUndefined(DicomElement element) => (element.Form & ElementForm.UndefinedLength) != 0;

    private static int HeaderLength(DicomElement element, DicomEncoding encoding) =>
        HasHeaderWithVr(element, encoding) && !HasUnknownVr(element) && WrittenVr(element).Is32BitLength ? 12 : 8;

    private static bool HasUnknownVr(DicomElement element) =>
        (element.Form & ElementForm.VrUnknown) != 0 && element.Value.Length <= ushort.MaxValue;

    private static uint Checked(long length, DicomTag tag) => length < Undefined
        ? (uint)length
        : throw new DicomException(DicomError.Unwritable, "Longer than 32 bits can tell", tag);

    private long Measure(DicomDataset dataset, DicomEncoding encoding, int depth)
    {
        var length = 0L;
        foreach (var element in dataset)
        {
            length += Measure(element, encoding, depth);
        }

        return length;
    }

    private long Measure(DicomElement element, DicomEncoding encoding, int depth)
    {
        var length = (long)HeaderLength(element, encoding);
        if (element.Bulk is not null)
        {
            throw new DicomException(DicomError.Unwritable, "The value was not loaded", element.Tag);
        }

        if (element.Fragments is { } fragments)
        {
            return length + fragments.Sum(f => 8L + f.Length) + 8;
        }

        if (element.ItemList is not { } items)
        {
            return length + element.Value.Length;
        }

        if (depth >= MaxDepth)
        {
            throw new DicomException(DicomError.Unwritable, $"More than {MaxDepth} sequences inside one another", element.Tag);
        }

        // The place in the list is taken before the items' own, since the sequence's header is written before theirs.
        var itemEncoding = ItemEncoding(element, encoding);
        var content = 0L;
        var place = Reserve();
        foreach (var item in items)
        {
            var itemPlace = Reserve();
            var itemLength = Measure(item, itemEncoding, depth + 1);
            _lengths[itemPlace] = itemLength;
            content += 8 + itemLength + (item.UndefinedLength ? 8 : 0);
        }

        _lengths[place] = content;
        return length + content + (IsUndefined(element) ? 8 : 0);
    }

    private int Reserve()
    {
        _lengths.Add(0);
        return _lengths.Count - 1;
    }

    private void WriteElements(DicomDataset dataset, DicomEncoding encoding)
    {
        for (var i = 0; i < dataset.Count; i++)
        {
            var element = dataset[i];
            if (element.Tag.IsGroupLength && dataset.IsChanged && element.Value.Length == 4)
            {
                var value = new byte[4];
                BinaryPrimitives.WriteUInt32LittleEndian(value, Checked(GroupLength(dataset, encoding, i + 1, element.Tag.Group), element.Tag));
                WriteElement(new DicomElement(element.Tag, element.Vr, value, null, element.Form), encoding);
                continue;
            }

            WriteElement(element, encoding);
        }
    }

    private void WriteElement(DicomElement element, DicomEncoding encoding)
    {
        var big = encoding == DicomEncoding.ExplicitBigEndian;
        if (element.ItemList is { } items)
        {
            WriteSequence(element, items, encoding);
            return;
        }

        if (element.Fragments is { } fragments)
        {
            WriteHeader(element, encoding, Undefined);
            foreach (var fragment in fragments)
            {
                _to.WriteTag(Item, big);
                _to.WriteUInt32(Checked(fragment.Length, element.Tag), big);
                _to.Write(fragment);
            }

            _to.WriteTag(SequenceDelimiter, big);
            _to.WriteUInt32(0, big);
            return;
        }

        WriteHeader(element, encoding, Checked(element.Value.Length, element.Tag));
        if (big && element.Vr.UnitBytes > 1)
        {
            var swapped = element.Value.ToArray();
            ElementValues.SwapBytes(swapped, element.Vr.UnitBytes);
            _to.Write(swapped);
        }
        else
        {
            _to.Write(element.Value);
        }
    }

    private void WriteSequence(DicomElement element, List<DicomDataset> items, DicomEncoding encoding)
    {
        var content = _lengths[_nextLength++];
        var itemEncoding = ItemEncoding(element, encoding);
        var big = itemEncoding == DicomEncoding.ExplicitBigEndian;
        WriteHeader(element, encoding, IsUndefined(element) ? Undefined : Checked(content, element.Tag));
        foreach (var item in items)
        {
            var length = _lengths[_nextLength++];
            _to.WriteTag(Item, big);
            _to.WriteUInt32(item.UndefinedLength ? Undefined : Checked(length, element.Tag), big);
            WriteElements(item, itemEncoding);
            if (item.UndefinedLength)
            {
                _to.WriteTag(ItemDelimiter, big);
                _to.WriteUInt32(0, big);
            }
        }

        if (IsUndefined(element))
        {
            _to.WriteTag(SequenceDelimiter, big);
            _to.WriteUInt32(0, big);
        }
    }

    private void WriteHeader(DicomElement element, DicomEncoding encoding, uint length)
    {
        var big = encoding == DicomEncoding.ExplicitBigEndian;
        _to.WriteTag(element.Tag, big);
        if (!HasHeaderWithVr(element, encoding))
        {
            _to.WriteUInt32(length, big);
            return;
        }

        var vr = WrittenVr(element);
        var code = !HasUnknownVr(element) ? vr.Code : (element.Form & ElementForm.VrUnknown) switch
        {
            ElementForm.VrSpaces => "  ",
            ElementForm.VrQuestionMarks => "??",
            _ => "\0\0",
        };
        var letters = _to.Reserve(2);
        letters[0] = (byte)code[0];
        letters[1] = (byte)code[1];
        if (vr.Is32BitLength && !HasUnknownVr(element))
        {
            _to.WriteUInt16(0, big);
            _to.WriteUInt32(length, big);
        }
        else
        {
            _to.WriteUInt16((ushort)length, big);
        }
    }
}
