using System.Diagnostics;
using System.IO.Compression;
using Platform.Dicom;
using Xunit;

namespace Platform.UnitTests.Dicom;

/// <summary>Measured alone: their time and memory are what is tested.</summary>
[CollectionDefinition(nameof(BombTests), DisableParallelization = true)]
[Collection(nameof(BombTests))]
public class BombTests
{
    private const string Explicit = "1.2.840.10008.1.2.1";
    private const string Deflated = "1.2.840.10008.1.2.1.99";

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
        DicomDictionary.FindVr(DicomTags.PixelData); // its table is made once in a process, and is no cost of these bytes
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

    private static RawDicom File() => RawDicom.File(Explicit).Text(0x00080060, "CS", "CT");

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
}
