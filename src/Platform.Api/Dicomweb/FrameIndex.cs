using System.Buffers.Binary;
using Platform.Dicom;
using Platform.Hosting.Blobs;

namespace Platform.Api.Dicomweb;

/// <summary>A run of bytes in a blob.</summary>
internal readonly record struct ByteRange(long Offset, long Length);

/// <summary>Where the frames of a stored instance lie (PS3.5 §8.2 and §A.4).</summary>
internal static class FrameIndex
{
    private const int ItemHeaderBytes = 8;
    private const uint Item = 0xFFFEE000;

    /// <summary>The ranges of each frame; null when they can't be told apart.</summary>
    public static async Task<IReadOnlyList<ByteRange[]>?> FindAsync(
        BlobStore blobs, string blob, DicomHeader header, PixelDataLocation pixels, CancellationToken ct)
    {
        var frames = Math.Max(1, header.Dataset.GetInt32(DicomTags.NumberOfFrames) ?? 1);
        return pixels.Length is { } length
            ? Native(header, pixels.ValueOffset, length, frames)
            : await EncapsulatedAsync(blobs, blob, pixels.ValueOffset, frames, ct);
    }

    private static List<ByteRange[]>? Native(DicomHeader header, long offset, long length, int frames)
    {
        var dataset = header.Dataset;
        var bits = (long)(dataset.GetInt32(DicomTags.Rows) ?? 0) * (dataset.GetInt32(DicomTags.Columns) ?? 0)
            * (dataset.GetInt32(DicomTags.SamplesPerPixel) ?? 1) * (dataset.GetInt32(DicomTags.BitsAllocated) ?? 0);

        // Frames of single bits may begin inside a byte (PS3.5 §8.1.1), and sub-sampled chrominance is shorter than it says.
        var bytes = bits / 8;
        if (bits == 0 || bits % 8 != 0 || bytes * frames > length || bytes * frames < length - 1)
        {
            return null;
        }

        return [.. Enumerable.Range(0, frames).Select(frame => new[] { new ByteRange(offset + (frame * bytes), bytes) })];
    }

    private static async Task<IReadOnlyList<ByteRange[]>?> EncapsulatedAsync(
        BlobStore blobs, string blob, long offset, int frames, CancellationToken ct)
    {
        // :: Step 1: every fragment, the basic offset table being the first.
        await using var stream = await blobs.OpenReadAsync(blob, offset, null, ct)
            ?? throw new IOException("The blob vanished while it was read.");
        var fragments = new List<ByteRange>();
        byte[] table = [];
        var itemHeader = new byte[ItemHeaderBytes];
        var at = offset;
        while (true)
        {
            await stream.ReadExactlyAsync(itemHeader, ct);
            var tag = ((uint)BinaryPrimitives.ReadUInt16LittleEndian(itemHeader) << 16)
                | BinaryPrimitives.ReadUInt16LittleEndian(itemHeader.AsSpan(2));
            var length = BinaryPrimitives.ReadUInt32LittleEndian(itemHeader.AsSpan(4));
            at += ItemHeaderBytes;
            if (tag != Item)
            {
                break;
            }

            fragments.Add(new ByteRange(at, length));
            if (fragments.Count == 1 && length <= frames * 4L)
            {
                table = new byte[length];
                await stream.ReadExactlyAsync(table, ct);
            }
            else
            {
                await SkipAsync(stream, length, ct);
            }

            at += length;
        }

        // :: Step 2: fragments to frames: all to the only one, one to each, or by the table.
        var data = fragments.Skip(1).ToArray();
        if (frames == 1)
        {
            return [data];
        }

        if (data.Length == frames)
        {
            return [.. data.Select(fragment => new[] { fragment })];
        }

        return table.Length == frames * 4 && data.Length > 0 ? ByTable(table, data, frames) : null;
    }

    /// <summary>Offsets in the table are from the first fragment's item header on.</summary>
    private static List<ByteRange[]>? ByTable(byte[] table, ByteRange[] data, int frames)
    {
        var start = data[0].Offset - ItemHeaderBytes;
        var starts = Enumerable.Range(0, frames)
            .Select(frame => start + BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(frame * 4)))
            .Append(long.MaxValue)
            .ToArray();
        var ranges = Enumerable.Range(0, frames)
            .Select(f => data.Where(d => d.Offset > starts[f] && d.Offset - ItemHeaderBytes < starts[f + 1]).ToArray()).ToList();
        return ranges.TrueForAll(range => range.Length > 0) ? ranges : null;
    }

    private static async Task SkipAsync(Stream stream, long count, CancellationToken ct)
    {
        if (stream.CanSeek)
        {
            stream.Seek(count, SeekOrigin.Current);
            return;
        }

        var buffer = new byte[Math.Min(count, 64 << 10)];
        while (count > 0)
        {
            var part = (int)Math.Min(count, buffer.Length);
            await stream.ReadExactlyAsync(buffer.AsMemory(0, part), ct);
            count -= part;
        }
    }
}
