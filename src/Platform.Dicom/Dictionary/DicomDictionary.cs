using System.Collections.Frozen;

namespace Platform.Dicom;

/// <summary>The data dictionary of PS3.6 §6, PS3.7 Annex E and PS3.10 §7.1 (edition 2024e).</summary>
public static partial class DicomDictionary
{
    private const int SlotBits = 14;
    private const int SlotCount = 1 << SlotBits;

    private static readonly ulong[] Slots = MakeSlots();
    private static FrozenDictionary<string, int>? _byKeyword;

    private static FrozenDictionary<string, int> ByKeyword =>
        _byKeyword ??= Enumerable.Range(0, Tags.Length).ToFrozenDictionary(i => Texts.Keywords[i], i => i);

    /// <summary>How many rows the dictionary has; a repeating group is one row.</summary>
    public static int Count => Tags.Length;

    /// <summary>The row of a tag, also of the repeating groups 50xx, 60xx, 7Fxx and their like; null if it has none.</summary>
    public static DictionaryEntry? Find(DicomTag tag)
    {
        var index = IndexOf(tag.Value);
        return index < 0 ? null : Entry(index);
    }

    /// <summary>The row of a keyword such as PatientName; null if there is none.</summary>
    public static DictionaryEntry? Find(string keyword) => ByKeyword.TryGetValue(keyword, out var index) ? Entry(index) : null;

    /// <summary>The VR that a reader of implicit VR assumes; None if the dictionary has no row.</summary>
    /// <remarks>Where the dictionary allows several, the first that it names: see <see cref="DictionaryEntry.Vrs"/>.</remarks>
    public static DicomVr FindVr(DicomTag tag) => FindVrs(tag) is [var first, ..] ? first : DicomVr.None;

    /// <summary>The keyword of a tag; null if it has none.</summary>
    public static string? FindKeyword(DicomTag tag)
    {
        var index = IndexOf(tag.Value);
        return index < 0 ? null : Texts.Keywords[index];
    }

    /// <summary>Every row, fixed tags in ascending order first, then the repeating groups.</summary>
    public static IEnumerable<DictionaryEntry> All() => Enumerable.Range(0, Tags.Length).Select(Entry);

    internal static ReadOnlySpan<DicomVr> FindVrs(DicomTag tag)
    {
        var index = IndexOf(tag.Value);
        return index < 0 ? [] : VrSets[VrSetIndex[index]];
    }

    private static int IndexOf(uint tag)
    {
        var slots = Slots;
        for (var slot = Slot(tag); slots[slot] is var found and not 0; slot = (slot + 1) & (SlotCount - 1))
        {
            if ((uint)(found >> 32) == tag)
            {
                return (int)(found & 0xFFFF);
            }
        }

        var group = tag >> 16;
        if ((group & 1) == 1 || group is < 0x0020 or (> 0x0028 and < 0x1000) or (> 0x1010 and < 0x5000) or > 0x7FFF)
        {
            return -1; // no repeating group lies here, so the common unknown tag costs no walk
        }

        var masks = Masks;
        for (var i = 0; i < masks.Length; i++)
        {
            if ((tag & masks[i]) == Tags[FixedCount + i])
            {
                return FixedCount + i;
            }
        }

        return -1;
    }

    /// <summary>The fixed tags by hash, the row of each in the low 32 bits: every element of every file is looked up.</summary>
    private static ulong[] MakeSlots()
    {
        var slots = new ulong[SlotCount];
        for (var i = 0; i < FixedCount; i++)
        {
            var slot = Slot(Tags[i]);
            while (slots[slot] != 0)
            {
                slot = (slot + 1) & (SlotCount - 1);
            }

            slots[slot] = ((ulong)Tags[i] << 32) | (uint)i; // no tag is 0
        }

        return slots;
    }

    private static int Slot(uint tag) => (int)((tag * 0x9E3779B1) >> (32 - SlotBits));

    private static DictionaryEntry Entry(int index) => new(
        new DicomTag(Tags[index]),
        index < FixedCount ? uint.MaxValue : Masks[index - FixedCount],
        Texts.Keywords[index],
        Texts.Names[index],
        VrSets[VrSetIndex[index]],
        Multiplicities[Facts[index] & 0x7F],
        (Facts[index] & 0x80) != 0);
}

/// <summary>One row of the data dictionary. <c>Mask</c> has the bits of the tag that are fixed (all, but for repeating groups).</summary>
public sealed record DictionaryEntry(
    DicomTag Tag, uint Mask, string Keyword, string Name, IReadOnlyList<DicomVr> Vrs, string Vm, bool IsRetired)
{
    /// <summary>The VR, or the first of those that the standard allows ("US or SS", "OB or OW").</summary>
    public DicomVr Vr => Vrs.Count == 0 ? DicomVr.None : Vrs[0];
}
