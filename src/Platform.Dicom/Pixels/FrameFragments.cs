using System.Buffers.Binary;

namespace Platform.Dicom.Pixels;

/// <summary>
/// Which fragments make which frame (PS3.5 §A.4): by the extended offset table, the basic offset table, one fragment a frame, or,
/// where the tables are empty or wrong, by the start of each codestream.
/// </summary>
internal sealed class FrameFragments
{
    private const int ItemHeaderBytes = 8;

    private readonly ReadOnlyMemory<byte>[] _fragments;

    /// <summary>Index of each frame's first fragment, and the number of fragments at the end.</summary>
    private readonly int[] _firstOfFrame;

    private FrameFragments(ReadOnlyMemory<byte>[] fragments, int[] firstOfFrame)
    {
        _fragments = fragments;
        _firstOfFrame = firstOfFrame;
    }

    /// <summary>The bytes of a frame (from 0), without a copy where the frame is one fragment.</summary>
    public ReadOnlyMemory<byte> this[int frame]
    {
        get
        {
            var (first, next) = (_firstOfFrame[frame], _firstOfFrame[frame + 1]);
            if (next == first + 1)
            {
                return _fragments[first];
            }

            var bytes = new byte[checked((int)_fragments[first..next].Sum(f => (long)f.Length))];
            var to = 0;
            foreach (var fragment in _fragments.AsSpan(first, next - first))
            {
                fragment.Span.CopyTo(bytes.AsSpan(to));
                to += fragment.Length;
            }

            return bytes;
        }
    }

    /// <summary>Divides the items of encapsulated Pixel Data, the first of which is the basic offset table.</summary>
    public static FrameFragments Of(
        DicomDataset dataset, IReadOnlyList<ReadOnlyMemory<byte>> items, int frames, DicomTransferSyntax syntax)
    {
        if (items.Count < 2)
        {
            throw PixelErrors.Corrupt("The encapsulated pixel data has no fragments");
        }

        var fragments = items.Skip(1).ToArray();
        if (frames == 1)
        {
            return new(fragments, [0, fragments.Length]);
        }

        // Declared frames beyond the fragments received cost nothing.
        if (frames > fragments.Length)
        {
            throw PixelErrors.Corrupt("There are fewer fragments than frames");
        }

        var firstOfFrame = ByOffsets(fragments, frames, Offsets64(dataset.GetBytes(DicomTags.ExtendedOffsetTable).Span, frames))
            ?? ByOffsets(fragments, frames, Offsets32(items[0].Span, frames))
            ?? (fragments.Length == frames ? [.. Enumerable.Range(0, frames + 1)] : ByStarts(fragments, frames, syntax))
            ?? throw PixelErrors.Corrupt("The fragments can't be divided among the frames");
        return new(fragments, firstOfFrame);
    }

    private static ulong[] Offsets64(ReadOnlySpan<byte> table, int frames)
    {
        var offsets = new ulong[table.Length / 8 >= frames ? frames : 0];
        for (var i = 0; i < offsets.Length; i++)
        {
            offsets[i] = BinaryPrimitives.ReadUInt64LittleEndian(table[(8 * i)..]);
        }

        return offsets;
    }

    private static ulong[] Offsets32(ReadOnlySpan<byte> table, int frames)
    {
        var offsets = new ulong[table.Length / 4 >= frames ? frames : 0];
        for (var i = 0; i < offsets.Length; i++)
        {
            offsets[i] = BinaryPrimitives.ReadUInt32LittleEndian(table[(4 * i)..]);
        }

        return offsets;
    }

    // An offset counts from the first fragment's item tag. A table that does not meet item tags is not believed.
    private static int[]? ByOffsets(ReadOnlyMemory<byte>[] fragments, int frames, ulong[] offsets)
    {
        if (offsets.Length != frames)
        {
            return null;
        }

        var firstOfFrame = new int[frames + 1];
        var fragment = 0;
        ulong at = 0;
        for (var frame = 0; frame < frames; frame++)
        {
            while (fragment < fragments.Length && at < offsets[frame])
            {
                at += ItemHeaderBytes + (ulong)fragments[fragment++].Length;
            }

            if (fragment == fragments.Length || at != offsets[frame] || (frame > 0 && firstOfFrame[frame - 1] == fragment))
            {
                return null;
            }

            firstOfFrame[frame] = fragment;
        }

        firstOfFrame[frames] = fragments.Length;
        return firstOfFrame[0] == 0 ? firstOfFrame : null;
    }

    private static int[]? ByStarts(ReadOnlyMemory<byte>[] fragments, int frames, DicomTransferSyntax syntax)
    {
        if (syntax == DicomTransferSyntax.RleLossless)
        {
            return null; // PS3.5 §A.4.2: one fragment a frame
        }

        var starts = new List<int>(frames + 1);
        for (var i = 0; i < fragments.Length; i++)
        {
            // SOI (JPEG, JPEG-LS), SOC and SIZ (JPEG 2000), or the signature box of a JP2 file.
            if (fragments[i].Span is [0xFF, 0xD8, 0xFF, ..] or [0xFF, 0x4F, 0xFF, 0x51, ..] or [0, 0, 0, 0x0C, 0x6A, 0x50, ..])
            {
                starts.Add(i);
            }
        }

        if (starts.Count != frames || starts[0] != 0)
        {
            return null;
        }

        starts.Add(fragments.Length);
        return [.. starts];
    }
}
