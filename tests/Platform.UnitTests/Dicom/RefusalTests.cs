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
