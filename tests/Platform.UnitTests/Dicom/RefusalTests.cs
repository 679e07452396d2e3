using System.Diagnostics;
using System.IO.Compression;
using Platform.Dicom;
using Xunit;

namespace Platform.UnitTests.Dicom;

public class RefusalTests
{
    private const string Explicit = "1.2.840.10008.1.2.1";
    private const string Deflated = "1.2.840.10008.1.2.1.99";

    private static RawDicom File(string uid = Explicit) => RawDicom.File(uid).Text(0x00080060, "CS", "CT");

    public static TheoryData<string, DicomError, byte[]> BadFiles => new()
    {
        { "nothing", DicomError.NotDicom, [] },
        { "some text", DicomError.NotDicom, "The quick brown fox jumps over the lazy dog, again and again."u8.ToArray() },
        { "a JPEG", DicomError.NotDicom, [0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 74, 70, 73, 70, 0, 1, 1, 0, 0, 1] },
        { "prefix at the start", DicomError.NotDicom, [.. "DICM"u8, .. new byte[300]] },
        { "cut in a header", DicomError.Truncated, File().Raw(0x10, 0, 0x10).ToArray() },
        { "cut in a long header", DicomError.Truncated, File().Raw(0xE0, 0x7F, 0x10, 0, (byte)'O', (byte)'W', 0, 0, 1).ToArray() },
        { "cut in a value", DicomError.Truncated, File().Header(0x00100010, "PN", 10).Raw(65, 66).ToArray() },
        { "cut in an item", DicomError.Truncated, File().Header(0x00081115, "SQ", RawDicom.Undefined).Item(RawDicom.Undefined).ToArray() },
        { "cut in a sequence", DicomError.Truncated, File().Header(0x00081115, "SQ", RawDicom.Undefined).Item(0).ToArray() },
        { "cut in fragments", DicomError.Truncated, File().Header(0x7FE00010, "OB", RawDicom.Undefined).Item(0).Item(8).Raw(1).ToArray() },
        { "cut before the delimiter", DicomError.Truncated, File().Header(0x7FE00010, "OB", RawDicom.Undefined).Item(0).ToArray() },
        { "an undefined text", DicomError.InvalidLength, File().Header(0x00204000, "UT", RawDicom.Undefined).Raw(new byte[20]).ToArray() },
        { "an undefined fragment", DicomError.InvalidLength, File().Header(0x7FE00010, "OB", RawDicom.Undefined).Item(RawDicom.Undefined).ToArray() },
        { "an element past its item", DicomError.LengthExceedsParent, File().Header(0x00081115, "SQ", 18).Item(10).Text(0x0020000E, "UI", "1.2.3\0").ToArray() },
        { "an item past its sequence", DicomError.LengthExceedsParent, File().Header(0x00081115, "SQ", 10).Item(20).Raw(new byte[40]).ToArray() },
        { "a header past its item", DicomError.LengthExceedsParent, File().Header(0x00081115, "SQ", 12).Item(4).Raw(new byte[40]).ToArray() },
        { "a VR of no standard", DicomError.InvalidVr, File().Text(0x00100010, "ZQ", "AB").ToArray() },
        { "an element in a sequence", DicomError.ExpectedItem, File().Header(0x00081115, "SQ", 10).Text(0x00100010, "PN", "AB").ToArray() },
        { "an element in fragments", DicomError.ExpectedItem, File().Header(0x7FE00010, "OB", RawDicom.Undefined).Text(0x00100010, "PN", "AB").ToArray() },
        { "an item in the root", DicomError.UnexpectedDelimiter, File().Item(0).ToArray() },
        { "a delimiter in an item of defined length", DicomError.UnexpectedDelimiter, File().Header(0x00081115, "SQ", 16).Item(8).EndItem().ToArray() },
        { "something behind NULs", DicomError.UnexpectedDelimiter, File().Raw(new byte[40]).Raw(1).ToArray() },
        { "a doubled element", DicomError.DuplicateElement, File().Text(0x00080060, "CS", "MR").ToArray() },
        { "a meta element in the data set", DicomError.OutOfOrder, File().Text(0x00020010, "UI", "1.2\0\0").ToArray() },
        { "a syntax of no standard", DicomError.UnknownTransferSyntax, File("1.2.3.4").ToArray() },
        { "noise for deflate", DicomError.CorruptDeflate, RawDicom.File(Deflated).Raw(Enumerable.Repeat((byte)0xFF, 99).ToArray()).ToArray() },
        { "a deflate that is cut", DicomError.Truncated, CutDeflate() },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public async Task Bad_bytes_are_refused_for_their_reason(string what, DicomError error, byte[] bytes)
    {
        var ct = TestContext.Current.CancellationToken;
        Assert.NotEmpty(what);
        Assert.Equal(error, Assert.Throws<DicomException>(() => DicomFile.Read(bytes)).Error);
        Assert.Equal(error, (await Assert.ThrowsAsync<DicomException>(async () => await DicomFile.ReadAsync(new TrickleStream(bytes), null, ct))).Error);
        Assert.Equal(error, (await Assert.ThrowsAsync<DicomException>(() => Through(bytes, ct))).Error);
    }

    [Fact]
    public void A_refusal_names_tag_and_offset_but_no_value()
    {
        var bytes = File().Header(0x00100010, "PN", 10).Raw("Doe"u8.ToArray()).ToArray();
        var refusal = Assert.Throws<DicomException>(() => DicomFile.Read(bytes));
        Assert.Equal((DicomTags.PatientName, bytes.Length - 11), (refusal.Tag, refusal.Offset));
        Assert.DoesNotContain("Doe", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mutants_are_read_alike_from_memory_and_stream_or_refused()
    {
        var ct = TestContext.Current.CancellationToken;
        var random = new Random(11);
        var seeds = new[]
        {
            File().Header(0x00081115, "SQ", RawDicom.Undefined).Item(RawDicom.Undefined).Text(0x0020000E, "UI", "1.2.3\0").EndItem()
                .Item(14).Text(0x0020000E, "UI", "1.2.4\0").EndSequence().Element(0x7FE00010, "OW", new byte[40]).ToArray(),
            File("1.2.840.10008.1.2.4.50").Header(0x7FE00010, "OB", RawDicom.Undefined).Item(0).Item(20).Raw(new byte[20])
                .EndSequence().Element(0xFFFCFFFC, "OB", new byte[8]).ToArray(),
        };
        var accepted = 0;
        for (var i = 0; i < 4000; i++)
        {
            var bytes = Mutant(seeds[i % seeds.Length], random);
            var file = Try(() => DicomFile.Read(bytes));
            DicomException? refusal = null;
            try
            {
                await Through(bytes, ct);
            }
            catch (DicomException e)
            {
                refusal = e;
            }

            Assert.True(file is null == refusal is not null || refusal?.Error == DicomError.OutOfOrder, $"mutant {i}");
            if (file is not null)
            {
                var written = file.ToArray();
                Assert.Equal(written, DicomFile.Read(written).ToArray());
                accepted++;
            }
        }

        Assert.InRange(accepted, 200, 3800);
    }

    public static TheoryData<string, string, byte[]> Bombs => new()
    {
        { "a thousand sequences deep, undefined", nameof(DicomBudgets.MaxDepth), Deep(1000, RawDicom.Undefined) },
        { "a value of 17 MiB", nameof(DicomBudgets.MaxValueBytes), File().Element(0x00091001, "UN", new byte[17 << 20]).ToArray() },
        { "five values of 15 MiB", nameof(DicomBudgets.MaxTotalValueBytes), Repeat(5, (f, i) => f.Element(0x00091001 + i, "UN", new byte[15 << 20])) },
        { "1.1 million empty items", nameof(DicomBudgets.MaxElements), Empties(1_100_000) },
        { "1.1 million empty elements", nameof(DicomBudgets.MaxElements), Repeat(1_100_000, (f, i) => f.Header(0x00110000 + ((i / 0xEFFF) << 17) + 0x1000 + (i % 0xEFFF), "LO", 0)) },
        { "600 MiB of NULs, deflated", nameof(DicomBudgets.MaxInflateRatio), DeflateBomb(600) },
    };

    [Theory]
    [MemberData(nameof(Bombs))]
    public void A_bomb_is_refused_by_the_budget_it_breaks(string what, string budget, byte[] bytes)
    {
        Assert.NotEmpty(what);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        var refusal = Assert.Throws<DicomException>(() => DicomFile.Read(bytes));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal((DicomError.OverBudget, budget), (refusal.Error, refusal.Budget));
        Assert.InRange(allocated, 0, 64L << 20);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5); // alone it takes well under one; the machine is shared
    }

    [Fact]
    public async Task A_declared_length_costs_nothing_before_its_bytes_come()
    {
        var bytes = File().Header(0x7FE00010, "OW", 0xFFFFFFF0).Raw(new byte[10]).ToArray();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(DicomError.Truncated, Assert.Throws<DicomException>(() => DicomFile.Read(bytes)).Error);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);

        var declared = File().Header(0x7FE00010, "OW", 0x7FFFFF00).Raw(new byte[10]).ToArray();
        before = GC.GetTotalAllocatedBytes(precise: true);
        var refusal = await Assert.ThrowsAsync<DicomException>(
            async () => await DicomFile.ReadAsync(new TrickleStream(declared), null, TestContext.Current.CancellationToken));
        Assert.Equal(DicomError.Truncated, refusal.Error);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 8 << 20); // other tests allocate too
    }

    [Fact]
    public async Task An_instance_over_its_budget_is_refused_as_it_streams()
    {
        var bytes = File().Element(0x7FE00010, "OW", new byte[100_000]).ToArray();
        var options = new DicomReadOptions { Budgets = new DicomBudgets { MaxInstanceBytes = 50_000 } };
        using var header = await DicomStreamReader.ReadHeaderAsync(new TrickleStream(bytes, 4000), options, TestContext.Current.CancellationToken);
        var refusal = await Assert.ThrowsAsync<DicomException>(() => header.Rest.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));
        Assert.Equal(nameof(DicomBudgets.MaxInstanceBytes), refusal.Budget);
    }

    private static DicomFile? Try(Func<DicomFile> read)
    {
        try
        {
            return read();
        }
        catch (DicomException)
        {
            return null;
        }
    }

    /// <summary>Changes, cuts out or doubles some bytes behind the meta header.</summary>
    private static byte[] Mutant(byte[] seed, Random random)
    {
        const int Header = 220;
        var bytes = seed.ToList();
        for (var i = random.Next(1, 5); i > 0 && bytes.Count > Header + 4; i--)
        {
            var at = random.Next(Header, bytes.Count);
            var count = random.Next(Math.Min(12, bytes.Count - at));
            switch (random.Next(4))
            {
                case 0:
                    bytes.RemoveRange(at, count);
                    break;
                case 1:
                    bytes.InsertRange(at, bytes.GetRange(at, count));
                    break;
                default:
                    bytes[at] = random.Next(3) == 0 ? (byte)0xFF : (byte)random.Next(256);
                    break;
            }
        }

        return [.. bytes];
    }

    private static async Task Through(byte[] bytes, CancellationToken ct)
    {
        using var header = await DicomStreamReader.ReadHeaderAsync(new TrickleStream(bytes), null, ct);
        await using var rest = PixelDataScanner.Wrap(header.Rest, header.File.Encoding);
        await header.WriteToAsync(Stream.Null, rest, ct);
    }

    private static byte[] Deep(int depth, uint length)
    {
        var file = File();
        for (var i = 0; i < depth; i++)
        {
            file.Header(0x00081115, "SQ", length).Item(length);
        }

        return file.ToArray();
    }

    private static byte[] Repeat(int count, Action<RawDicom, uint> add)
    {
        var file = File();
        for (var i = 0u; i < count; i++)
        {
            add(file, i);
        }

        return file.ToArray();
    }

    private static byte[] Empties(int count)
    {
        var file = File().Header(0x00081115, "SQ", RawDicom.Undefined);
        for (var i = 0; i < count; i++)
        {
            file.Item(0);
        }

        return file.EndSequence().ToArray();
    }

    private static byte[] DeflateBomb(int mebibytes)
    {
        using var deflated = new MemoryStream();
        using (var deflate = new DeflateStream(deflated, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(new RawDicom().Header(0x7FE00010, "OW", (uint)mebibytes << 20).ToArray());
            for (var i = 0; i < mebibytes; i++)
            {
                deflate.Write(new byte[1 << 20]);
            }
        }

        return RawDicom.File(Deflated).Raw(deflated.ToArray()).ToArray();
    }

    private static byte[] CutDeflate()
    {
        using var deflated = new MemoryStream();
        using (var deflate = new DeflateStream(deflated, CompressionLevel.Optimal, leaveOpen: true))
        {
            var noise = new byte[5000];
            new Random(1).NextBytes(noise);
            deflate.Write(new RawDicom().Text(0x00080060, "CS", "CT").Element(0x7FE00010, "OW", noise).ToArray());
        }

        return RawDicom.File(Deflated).Raw(deflated.ToArray()[..3000]).ToArray();
    }
}
