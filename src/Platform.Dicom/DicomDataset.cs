using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Platform.Dicom.CharacterSets;

namespace Platform.Dicom;

/// <summary>A data set (PS3.5 §7): elements in ascending order of tag, each tag at most once. Not safe for concurrent change.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "Data set is the standard's word.")]
[SuppressMessage("Design", "CA1043", Justification = "A tag is what a data set is indexed by.")]
public sealed partial class DicomDataset : IReadOnlyCollection<DicomElement>
{
    private DicomElement[] _elements = [];
    private int _count;
    private bool _unsorted;

    /// <summary>Nothing, the parent, or a <see cref="Context"/>: a million empty items must not cost a field more.</summary>
    private object? _context;

    public int Count => _count;

    /// <summary>The data set whose sequence this is an item of; null for a root.</summary>
    public DicomDataset? Parent => _context as DicomDataset ?? (_context as Context)?.Parent;

    /// <summary>The item was written with undefined length.</summary>
    internal bool UndefinedLength { get; set; }

    /// <summary>Elements were set or removed since it was read.</summary>
    internal bool IsChanged { get; private set; }

    /// <summary>The element of a tag; null if absent.</summary>
    public DicomElement? this[DicomTag tag]
    {
        get
        {
            var index = IndexOf(tag);
            return index < 0 ? null : _elements[index];
        }
    }

    /// <summary>The element at a position in tag order.</summary>
    public DicomElement this[int index] => index < _count ? _elements[index] : throw new ArgumentOutOfRangeException(nameof(index));

    public bool Contains(DicomTag tag) => IndexOf(tag) >= 0;

    public bool TryGet(DicomTag tag, [NotNullWhen(true)] out DicomElement? element) => (element = this[tag]) is not null;

    /// <summary>Puts an element in its place, over one of the same tag; the items of a sequence become this data set's.</summary>
    public void Set(DicomElement element)
    {
        foreach (var item in element.ItemList ?? [])
        {
            item.AttachTo(this);
        }

        IsChanged = true;
        if (element.Tag == DicomTags.SpecificCharacterSet)
        {
            ForgetCharacterSet();
        }

        if (_count == 0 || _elements[_count - 1].Tag < element.Tag)
        {
            Append(element);
            return;
        }

        var index = IndexOf(element.Tag);
        if (index >= 0)
        {
            _elements[index] = element;
            return;
        }

        index = ~index;
        Grow();
        Array.Copy(_elements, index, _elements, index + 1, _count - index);
        _elements[index] = element;
        _count++;
    }

    /// <summary>Takes an element out; false if it was absent.</summary>
    public bool Remove(DicomTag tag)
    {
        var index = IndexOf(tag);
        if (index < 0)
        {
            return false;
        }

        IsChanged = true;
        if (tag == DicomTags.SpecificCharacterSet)
        {
            ForgetCharacterSet();
        }

        _count--;
        Array.Copy(_elements, index + 1, _elements, index, _count - index);
        _elements[_count] = null!;
        return true;
    }

    /// <summary>Takes out every element of which the claim is true; how many there were.</summary>
    public int RemoveWhere(Func<DicomElement, bool> match)
    {
        var kept = 0;
        for (var i = 0; i < _count; i++)
        {
            if (!match(_elements[i]))
            {
                _elements[kept++] = _elements[i];
            }
        }

        var removed = _count - kept;
        if (removed > 0)
        {
            Array.Clear(_elements, kept, removed);
            _count = kept;
            IsChanged = true;
            ForgetCharacterSet();
        }

        return removed;
    }

    /// <summary>The elements at this moment: the data set may be changed while they are walked.</summary>
    public DicomElement[] ToArray() => _elements[.._count];

    public IEnumerator<DicomElement> GetEnumerator()
    {
        for (var i = 0; i < _count; i++)
        {
            yield return _elements[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Adds what a reader met, in the order of the bytes; <see cref="Seal"/> then orders it.</summary>
    internal void Append(DicomElement element)
    {
        _unsorted |= _count > 0 && element.Tag <= _elements[_count - 1].Tag;
        Grow();
        _elements[_count++] = element;
    }

    /// <summary>Ends reading: orders the elements; a tag that comes twice is refused, unless it says the same both times.</summary>
    internal void Seal()
    {
        if (!_unsorted)
        {
            return;
        }

        Array.Sort(_elements, 0, _count, Comparer<DicomElement>.Create((a, b) => a.Tag.CompareTo(b.Tag)));
        var kept = 0;
        for (var i = 1; i < _count; i++)
        {
            var (last, next) = (_elements[kept], _elements[i]);
            if (last.Tag != next.Tag)
            {
                _elements[++kept] = next;
            }
            else if (last.Vr != next.Vr || last.HasContent || next.HasContent || !last.Value.Span.SequenceEqual(next.Value.Span))
            {
                throw new DicomException(DicomError.DuplicateElement, "The same tag comes twice in one data set", next.Tag);
            }
        }

        Array.Clear(_elements, kept + 1, _count - kept - 1);
        _count = kept + 1;
        _unsorted = false;
    }

    internal void Replace(int index, DicomElement element) => _elements[index] = element;

    internal void AttachTo(DicomDataset parent) => _context = parent;

    private void ForgetCharacterSet() => _context = Parent;

    private int IndexOf(DicomTag tag)
    {
        var low = 0;
        var high = _count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var found = _elements[middle].Tag.Value;
            if (found == tag.Value)
            {
                return middle;
            }

            (low, high) = found < tag.Value ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }

    private void Grow()
    {
        if (_count == _elements.Length)
        {
            Array.Resize(ref _elements, _count == 0 ? 1 : Math.Max(4, _count * 2));
        }
    }

    private sealed record Context(DicomDataset? Parent, SpecificCharacterSet CharacterSet);
}
