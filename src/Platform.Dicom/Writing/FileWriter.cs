using System.Buffers.Binary;
using System.IO.Compression;

namespace Platform.Dicom.Writing;

/// <summary>Writes preamble, meta header and data set (PS3.10 §7), then what is still a stream.</summary>
internal static class FileWriter
{
    private const int CopyBytes = 80 << 10;

    /// <summary>Without <paramref name="isAsync"/> the task is complete on return.</summary>
    internal static async ValueTask WriteAsync(DicomFile file, Stream destination, Stream? rest, bool isAsync, CancellationToken ct)
    {
        if (file.Dataset.IsChanged || file.Meta.IsChanged)
        {
            file.CompleteMeta();
        }

        var head = new SegmentBuffer();
        if (!file.Preamble.IsEmpty)
        {
            head.Write(file.Preamble);
            "DICM"u8.CopyTo(head.Reserve(4));
        }

        if (file.Meta.IsChanged && file.Meta.Count > 0)
        {
            var length = new byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(
                length, (uint)DatasetWriter.GroupLength(file.Meta, DicomEncoding.ExplicitLittleEndian, 0x0002));
            file.Meta.Set(DicomTags.FileMetaInformationGroupLength, DicomVr.UL, length);
        }

        DatasetWriter.Write(file.Meta, DicomEncoding.ExplicitLittleEndian, head);
        if (!file.Syntax.IsDeflated)
        {
            DatasetWriter.Write(file.Dataset, file.Encoding, head);
            await WriteAsync(head, destination, isAsync, ct);
            await CopyAsync(rest, destination, ct);
            await WriteZerosAsync(file.TrailingZeroBytes, destination, isAsync, ct);
            return;
        }

        await WriteAsync(head, destination, isAsync, ct);
        var body = new SegmentBuffer();
        DatasetWriter.Write(file.Dataset, file.Encoding, body);
        var counted = new CountingStream(destination);
        await using (var deflate = new DeflateStream(counted, CompressionLevel.Optimal, leaveOpen: true))
        {
            await WriteAsync(body, deflate, isAsync, ct);
            await CopyAsync(rest, deflate, ct);
            await WriteZerosAsync(file.TrailingZeroBytes, deflate, isAsync, ct);
        }

        // PS3.5 §A.5: a deflated data set of odd length is padded.
        await WriteZerosAsync(counted.Written & 1, destination, isAsync, ct);
    }

    private static async ValueTask WriteAsync(SegmentBuffer buffer, Stream to, bool isAsync, CancellationToken ct)
    {
        foreach (var segment in buffer.Segments)
        {
            if (isAsync)
            {
                await to.WriteAsync(segment, ct);
            }
            else
            {
                to.Write(segment.Span);
            }
        }

        buffer.GiveBack();
    }

    private static async ValueTask CopyAsync(Stream? from, Stream to, CancellationToken ct)
    {
        if (from is null)
        {
            return;
        }

        // A rest is only ever a header's, which is written asynchronously.
        await from.CopyToAsync(to, CopyBytes, ct);
    }

    private static async ValueTask WriteZerosAsync(long count, Stream to, bool isAsync, CancellationToken ct)
    {
        while (count > 0)
        {
            var zeros = new byte[Math.Min(count, CopyBytes)];
            if (isAsync)
            {
                await to.WriteAsync(zeros, ct);
            }
            else
            {
                to.Write(zeros);
            }

            count -= zeros.Length;
        }
    }
}
