using System.Buffers.Binary;

namespace Platform.Dicom.Pixels;

/// <summary>What the descriptor of a lookup table says (PS3.3 §C.7.6.3.1.5, §C.11.1.1.1), and its data.</summary>
/// <param name="Entries">1 to 65,536, which is written as 0.</param>
/// <param name="FirstMapped">The input value of the first entry; lower ones take the first entry, higher ones the last.</param>
/// <param name="Bits">Of an entry.</param>
internal readonly record struct LookupTable(int Entries, int FirstMapped, int Bits)
{
    /// <summary>Null unless there are three values.</summary>
    /// <param name="isSigned">Whether input values can be negative: a second value beyond 32,767 is one then, which the VR could not say.</param>
    public static LookupTable? Describe(DicomDataset dataset, DicomTag descriptor, bool isSigned)
    {
        if (dataset.GetInt32s(descriptor) is not [var entries, var first, var bits])
        {
            return null;
        }

        // A descriptor of VR SS makes large numbers of entries negative.
        return new((entries & 0xFFFF) is var n and > 0 ? n : 65536, isSigned ? (short)first : first, bits);
    }

    /// <summary>The entries as stored, in words or, where there are no more of them, in bytes; null where there are fewer.</summary>
    public ushort[]? Read(ReadOnlySpan<byte> data)
    {
        if (data.Length < Entries)
        {
            return null;
        }

        var isWide = data.Length >= 2 * Entries;
        var table = new ushort[Entries];
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = isWide ? BinaryPrimitives.ReadUInt16LittleEndian(data[(2 * i)..]) : data[i];
        }

        return table;
    }
}
