using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using Platform.Contracts;

namespace Platform.Inference.Packages;

/// <summary>
/// Reads a package's zip in its plainest form alone: files end to end, one directory that says the same, nothing between or behind.
/// So every reader of zips finds the same files in it. Memory is taken for bytes that arrive, never for a declared length.
/// </summary>
internal static class PackageZip
{
    /// <summary>Bytes of a package, and of its files together.</summary>
    public const long MaxBytes = 1L << 30;

    private const int MaxEntries = 10_000;
    private const int MaxRatio = 100;
    private const long FreeOfRatio = 1 << 20; // a few small files may well compress better than 100:1
    private const int MaxDirectoryBytes = 8 << 20;
    private const int EndBytes = 22;
    private const int RecordBytes = 46;
    private const int LocalBytes = 30;
    private const int UnicodePath = 0x7075;
    private const ushort HasDescriptor = 1 << 3;

    private static ReadOnlySpan<byte> EndMark => "PK\x05\x06"u8;

    private static ReadOnlySpan<byte> RecordMark => "PK\x01\x02"u8;

    private static ReadOnlySpan<byte> LocalMark => "PK\x03\x04"u8;

    /// <summary>All files by name.</summary>
    /// <param name="zip">Seekable.</param>
    /// <exception cref="PackageRefusedException">Not a usable zip; the code is <c>not-a-zip</c> or one that begins with <c>zip-</c>.</exception>
    public static async Task<Dictionary<string, byte[]>> ReadAsync(Stream zip, CancellationToken ct)
    {
        var records = await ReadDirectoryAsync(zip, ct);
        CheckNames(records);
        CheckSizes(records);
        await CheckLayoutAsync(zip, records, ct);

        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var record in records.Where(r => !r.IsFolder))
        {
            files.Add(record.Name, await ReadFileAsync(zip, record, ct));
        }

        return files;
    }

    private static async Task<List<Record>> ReadDirectoryAsync(Stream zip, CancellationToken ct)
    {
        var end = await ReadAtAsync(zip, Math.Max(0, zip.Length - EndBytes), EndBytes, ct);
        if (end.Length < EndBytes || !end.AsSpan().StartsWith(EndMark) || U16(end, 20) != 0)
        {
            var tail = await ReadAtAsync(zip, Math.Max(0, zip.Length - (EndBytes + ushort.MaxValue)), EndBytes + ushort.MaxValue, ct);
            throw tail.AsSpan().LastIndexOf(EndMark) < 0
                ? new PackageRefusedException("not-a-zip", "The package is not a zip, or is cut off; pack or send it again.")
                : Structure();
        }

        var (count, size, start) = (U16(end, 10), U32(end, 12), U32(end, 16));
        if (count > MaxEntries || size > MaxDirectoryBytes)
        {
            throw new PackageRefusedException("zip-entries", $"The package has more than {MaxEntries} files.");
        }

        if (U32(end, 4) != 0 || U16(end, 8) != count || start + size != zip.Length - EndBytes)
        {
            throw Structure();
        }

        var directory = await ReadAtAsync(zip, start, (int)size, ct);
        var records = new List<Record>(count);
        var position = 0;
        for (var i = 0; i < count; i++)
        {
            records.Add(ReadRecord(directory, ref position));
        }

        return position == directory.Length ? records : throw Structure();
    }

    private static Record ReadRecord(byte[] directory, ref int position)
    {
        var rest = directory.AsSpan(position);
        if (rest.Length < RecordBytes || !rest.StartsWith(RecordMark))
        {
            throw Structure();
        }

        var (name, extra, comment) = (U16(rest, 28), U16(rest, 30), U16(rest, 32));
        var length = RecordBytes + name + extra + comment;
        if (rest.Length < length)
        {
            throw Structure();
        }

        CheckExtra(rest.Slice(RecordBytes + name, extra));
        var unixMode = rest[5] == 3 ? U16(rest, 40) & 0xF000 : 0; // PKWARE APPNOTE §4.4.2: made on Unix, file mode in the upper half
        var record = new Record(
            Encoding.Latin1.GetString(rest.Slice(RecordBytes, name)),
            U16(rest, 8), U16(rest, 10), U32(rest, 16), U32(rest, 20), U32(rest, 24), U32(rest, 42));
        Check(record, unixMode, disk: U16(rest, 34));
        position += length;
        return record;
    }

    private static void Check(Record record, int unixMode, int disk)
    {
        if ((record.Flags & 0x2041) != 0 || record.Method == 99)
        {
            throw new PackageRefusedException("zip-encrypted", "A file of the package is encrypted; pack it without a password.");
        }

        if (record.Method is not (0 or 8))
        {
            throw new PackageRefusedException("zip-method", "A file of the package is compressed in another way than stored or deflate.");
        }

        if (unixMode is not (0 or 0x8000) && !(unixMode == 0x4000 && record.IsFolder))
        {
            throw new PackageRefusedException("zip-link", "The package holds a link or a device in place of a file.");
        }

        if (disk != 0 || (record.Method == 0 && record.Packed != record.Length) || (record.IsFolder && record.Length != 0))
        {
            throw Structure();
        }
    }

    private static void CheckExtra(ReadOnlySpan<byte> extra)
    {
        while (extra.Length > 0)
        {
            // The Unicode path extra field gives the file another name, which some readers take.
            if (extra.Length < 4 || U16(extra, 2) > extra.Length - 4 || U16(extra, 0) == UnicodePath)
            {
                throw Structure();
            }

            extra = extra[(4 + U16(extra, 2))..];
        }
    }

    private static void CheckNames(List<Record> records)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var record in records)
        {
            if (record.Name.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
            {
                throw Nested();
            }

            if (!IsExpected(record.Name))
            {
                throw new PackageRefusedException(
                    "zip-name", "The package may hold manifest.json, model.onnx, card.md and files under golden/ only.");
            }

            if (!seen.Add(record.Name.TrimEnd('/')))
            {
                throw new PackageRefusedException("zip-duplicate", "The package holds two files of one name, or of names that differ in case alone.");
            }
        }
    }

    /// <summary>A fixed set of names, and below golden/ plain ones: letters, digits, and . - _ that lead nowhere else.</summary>
    private static bool IsExpected(string name) =>
        name is ModelPackageZip.ManifestFile or ModelPackageZip.ModelFile or ModelPackageZip.CardFile
        || (name.StartsWith(ModelPackageZip.GoldenFolder + "/", StringComparison.Ordinal) && name.Length <= 256
            && name.TrimEnd('/').Split('/').All(part => part.Length > 0 && part[0] != '.'
                && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')));

    private static void CheckSizes(List<Record> records)
    {
        if (records.Sum(r => r.Length) > MaxBytes || records.Any(r => r.Length > FreeOfRatio + (MaxRatio * r.Packed)))
        {
            throw Ratio();
        }
    }

    /// <summary>Files lie end to end from the first byte to the directory, and each says of itself what the directory says.</summary>
    private static async Task CheckLayoutAsync(Stream zip, List<Record> records, CancellationToken ct)
    {
        var at = 0L;
        foreach (var record in records.OrderBy(r => r.Offset))
        {
            var local = await ReadAtAsync(zip, record.Offset, LocalBytes, ct);
            if (record.Offset != at || local.Length < LocalBytes || !local.AsSpan().StartsWith(LocalMark)
                || U16(local, 6) != record.Flags || U16(local, 8) != record.Method)
            {
                throw Structure();
            }

            var hasDescriptor = (record.Flags & HasDescriptor) != 0;
            if (!hasDescriptor && (U32(local, 14) != record.Crc || U32(local, 18) != record.Packed || U32(local, 22) != record.Length))
            {
                throw Structure();
            }

            var (name, extra) = (U16(local, 26), U16(local, 28));
            var names = await ReadAtAsync(zip, record.Offset + LocalBytes, name + extra, ct);
            if (names.Length < name + extra || Encoding.Latin1.GetString(names, 0, name) != record.Name)
            {
                throw Structure();
            }

            CheckExtra(names.AsSpan(name));
            record.Data = record.Offset + LocalBytes + name + extra;
            at = record.Data + record.Packed;
            if (hasDescriptor)
            {
                var mark = await ReadAtAsync(zip, at, 4, ct);
                at += mark.AsSpan().SequenceEqual("PK\x07\x08"u8) ? 16 : 12;
            }
        }

        var directory = await ReadAtAsync(zip, at, 4, ct);
        if (!directory.AsSpan().SequenceEqual(records.Count > 0 ? RecordMark : EndMark))
        {
            throw Structure();
        }
    }

    private static async Task<byte[]> ReadFileAsync(Stream zip, Record record, CancellationToken ct)
    {
        zip.Position = record.Data;
        await using var packed = new Part(zip, record.Packed);
        await using Stream from = record.Method == 0 ? packed : new DeflateStream(packed, CompressionMode.Decompress);
        using var bytes = new MemoryStream((int)Math.Min(record.Length, FreeOfRatio));
        var crc = new Crc32();
        var buffer = new byte[81920];
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer, ct)) > 0)
            {
                if (bytes.Length + read > record.Length)
                {
                    throw Ratio();
                }

                if (bytes.Length == 0 && buffer.AsSpan(0, read).StartsWith(LocalMark))
                {
                    throw Nested();
                }

                crc.Append(buffer.AsSpan(0, read));
                await bytes.WriteAsync(buffer.AsMemory(0, read), ct);
            }
        }
        catch (InvalidDataException)
        {
            throw Damaged();
        }

        return bytes.Length == record.Length && crc.GetCurrentHashAsUInt32() == record.Crc ? bytes.ToArray() : throw Damaged();
    }

    /// <summary>Up to so many bytes from there; fewer at the end of the stream.</summary>
    private static async Task<byte[]> ReadAtAsync(Stream zip, long position, int count, CancellationToken ct)
    {
        if (position >= zip.Length)
        {
            return [];
        }

        var bytes = new byte[Math.Min(count, zip.Length - position)];
        zip.Position = position;
        await zip.ReadExactlyAsync(bytes, ct);
        return bytes;
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static PackageRefusedException Structure() => new(
        "zip-structure", "The package's zip says two things of itself, or holds bytes that belong to no file; pack it again.");

    private static PackageRefusedException Ratio() => new("zip-ratio", "The package inflates to more than a package may.");

    private static PackageRefusedException Nested() => new("zip-nested", "The package holds a zip within; put its files there as they are.");

    private static PackageRefusedException Damaged() => new("zip-damaged", "A file of the package is damaged; pack or send it again.");

    private sealed record Record(string Name, ushort Flags, ushort Method, uint Crc, long Packed, long Length, long Offset)
    {
        /// <summary>Where its bytes begin.</summary>
        public long Data { get; set; }

        public bool IsFolder => Name.EndsWith('/');
    }

    /// <summary>So many bytes of a stream from where it is; a reader that reads ahead meets their end.</summary>
    private sealed class Part(Stream whole, long length) : Stream
    {
        private long _left = length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var read = whole.Read(buffer[..(int)Math.Min(buffer.Length, _left)]);
            _left -= read;
            return read;
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await whole.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
            _left -= read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
