using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Platform.Dicom.Network;
using Platform.Dicom.Objects;
using Platform.Dicom.Pixels;
using Platform.Dicom.Volumes;
using Platform.UnitTests.Dicom.Pixels;
using Platform.UnitTests.Dicom.Volumes;

namespace Platform.UnitTests.Dicom;

/// <summary>
/// Small inputs that ask for much: by name, what makes the bytes and gives back what reads them. Those in <see cref="Refused"/> have an
/// exception as their end; those in <see cref="Harmless"/> are read, in the same bounds.
/// </summary>
internal static class Bombs
{
    private const string Explicit = "1.2.840.10008.1.2.1";
    private const string Implicit = "1.2.840.10008.1.2";
    private const string BigEndian = "1.2.840.10008.1.2.2";
    private const string Deflated = "1.2.840.10008.1.2.1.99";
    private const string Baseline = "1.2.840.10008.1.2.4.50";
    private const int Many = 1_000_100;
    private const int Side = 16384;

    public static IReadOnlyDictionary<string, Func<Action>> Refused { get; } = new Dictionary<string, Func<Action>>(StringComparer.Ordinal)
    {
        // :: Depth
        ["1,000 sequences deep"] = () => Whole(Deep(Explicit, DicomEncoding.ExplicitLittleEndian, 1000, 0x00081115, "SQ")),
        ["1,000 sequences deep, implicit"] = () => Whole(Deep(Implicit, DicomEncoding.ImplicitLittleEndian, 1000, 0x00081115, "SQ")),
        ["1,000 sequences deep, big endian"] = () => Whole(Deep(BigEndian, DicomEncoding.ExplicitBigEndian, 1000, 0x00081115, "SQ")),
        ["100,000 sequences deep"] = () => Whole(Deep(Explicit, DicomEncoding.ExplicitLittleEndian, 100_000, 0x00081115, "SQ")),
        ["1,000 private sequences deep"] = () => Whole(Deep(Explicit, DicomEncoding.ExplicitLittleEndian, 1000, 0x00091001, "SQ")),
        ["1,000 deep, implicit items in UN"] = () => Whole(
            [.. File().Header(0x00091001, "UN", RawDicom.Undefined).Item(RawDicom.Undefined).ToArray(),
                .. Nest(new RawDicom(DicomEncoding.ImplicitLittleEndian), 1000, 0x00091001, "SQ").ToArray()]),
        ["1,000 deep, lengths defined"] = () => Whole(DeepDefined(1000, "SQ")),
        ["1,000 deep, UN of defined length that is a sequence"] = () => Whole(DeepDefined(1000, "UN")),
        ["1,000 deep, streamed"] = () => Streamed(Deep(Explicit, DicomEncoding.ExplicitLittleEndian, 1000, 0x00081115, "SQ")),
        ["1,000 deep behind the pixels"] = () => Streamed(
            [.. File().Element(0x7FE00010, "OW", 0, 0).ToArray(), .. Nest(new RawDicom(), 1000, 0xFFFA0010, "SQ").ToArray()]),
        ["1,000 deep, deflated"] = () => Whole(Deflate(Nest(new RawDicom(), 1000, 0x00081115, "SQ").ToArray())),

        // :: Length
        ["a value of 17 MiB"] = () => Whole(File().Element(0x00091001, "UN", new byte[17 << 20]).ToArray()),
        ["a value of 17 MiB, streamed"] = () => Streamed(File().Element(0x00091001, "UN", new byte[17 << 20]).ToArray()),
        ["five values of 15 MiB"] = () => Whole(Loop(5, i => new RawDicom().Element(0x00091001 + i, "UN", new byte[15 << 20]))),
        ["pixels of 4 GiB that do not come"] = () => Whole(File().Header(0x7FE00010, "OW", 0xFFFFFFF0).Raw(new byte[10]).ToArray()),
        ["pixels of 4 GiB that do not come, streamed"] = () =>
            Streamed(File().Header(0x7FE00010, "OW", 0xFFFFFFF0).Raw(new byte[10]).ToArray()),
        ["a text of 2 GiB that does not come"] = () => Whole(File().Header(0x0040A160, "UT", 0x7FFFFFFE).Raw(32).ToArray()),
        ["a document of 2 GiB that does not come, streamed"] = () =>
            Streamed(File().Header(0x00420011, "OB", 0x7FFFFFFE).Raw(32).ToArray()),
        ["a sequence longer than the file"] = () => Whole(File().Header(0x00081115, "SQ", 0x7FFFFFF0).Item(0).ToArray()),
        ["an item longer than its sequence"] = () => Whole(File().Header(0x00081115, "SQ", 16).Item(0xFFFFFF00).Raw(new byte[8]).ToArray()),
        ["a value longer than its item"] = () =>
            Whole(File().Header(0x00081115, "SQ", 24).Item(16).Header(0x00081150, "UN", 0xFFFFFFFE).Raw(new byte[8]).ToArray()),
        ["private information of 4 GiB in the meta header"] = () => Whole(File().Header(0x00020102, "OB", 0xFFFFFFF0).ToArray()),
        ["private information of 17 MiB in the meta header"] = () => Whole(Meta(0x00020102, "OB", new byte[17 << 20])),
        ["group lengths that lie, then nothing"] = () =>
            Whole(Meta(0x00020000, "UL", 0xFF, 0xFF, 0xFF, 0x7F).Concat<byte>([8, 0, 0, 0, 85, 76, 4, 0]).ToArray()),

        // :: Numbers
        ["a million empty items"] = () => Whole(Repeat(File().Header(0x00081115, "SQ", RawDicom.Undefined), new RawDicom().Item(0), Many)),
        ["a million items with an end each"] = () => Whole(
            Repeat(File().Header(0x00081115, "SQ", RawDicom.Undefined), new RawDicom().Item(RawDicom.Undefined).EndItem(), Many)),
        ["a million empty elements"] = () => Whole(Loop(Many, Empty)),
        ["a million empty elements, deflated"] = () => Whole(Deflate(Loop(Many, Empty, isFile: false))),
        ["a million empty fragments"] = () => Whole(Repeat(File(Baseline).Header(0x7FE00010, "OB", RawDicom.Undefined), new RawDicom().Item(0), Many)),
        ["a million empty fragments, streamed"] = () => Streamed(
            Repeat(File(Baseline).Header(0x7FE00010, "OB", RawDicom.Undefined), new RawDicom().Item(0), Many)),
        ["a million empty items behind the pixels"] = () => Streamed(Repeat(
            File().Element(0x7FE00010, "OW", 0, 0).Header(0xFFFA0010, "SQ", RawDicom.Undefined), new RawDicom().Item(0), Many)),
        ["a million empty elements in the meta header"] = () => Whole(Repeat(File(), new RawDicom().Header(0x00020013, "SH", 0), Many)),
        ["half a million in the meta header, half in the data set"] = () => Whole(
            [.. Repeat(RawDicom.File(Explicit), new RawDicom().Header(0x00020013, "SH", 0), Many / 2), .. Loop(Many / 2, Empty, isFile: false)]),
        ["a tag a million times"] = () => Whole(Repeat(File(), new RawDicom().Header(0x00080060, "CS", 0), Many)),
        ["empty sequences of empty sequences"] = () => Whole(Repeat(
            File().Header(0x00081115, "SQ", RawDicom.Undefined),
            new RawDicom().Item(RawDicom.Undefined).Header(0x00081199, "SQ", 0).EndItem(), Many / 2)),

        // :: Deflate
        ["600 MiB of NULs"] = () => Whole(Zeros(0x7FE00010, "OW", 600)),
        ["600 MiB of NULs, streamed"] = () => Streamed(Zeros(0x7FE00010, "OW", 600)),
        ["a deflated text of 40 MiB"] = () => Whole(Zeros(0x0040A160, "UT", 40)),
        ["deflate that breaks off"] = () => Whole(Zeros(0x7FE00010, "OW", 1)[..^40]),
        ["deflate that is none"] = () => Whole(RawDicom.File(Deflated).Raw(Enumerable.Repeat((byte)0xFF, 1 << 20).ToArray()).ToArray()),
        ["a deflated frame that fills a hundredth"] = () => Frame("1.2.840.10008.1.2.8.1", Inflated(1 << 20), 8192, 8192),
        ["a deflated frame of 20 bytes for 256 Mpx"] = () => Frame("1.2.840.10008.1.2.8.1", Inflated(1000), Side, Side),

        // :: Dimensions
        ["65,535 x 65,535 pixels"] = () => Native(65535, 65535),
        ["two billion frames"] = () => Native(512, 512, frames: int.MaxValue),
        ["rows beyond 16 bits"] = () => Native(int.MaxValue, int.MaxValue),
        ["rows times columns that wrap to 0"] = () => Native(1 << 16, 1 << 16),
        ["65,535 samples a pixel"] = () => Native(512, 512, samples: 65535),
        ["no rows"] = () => Native(0, 512),
        ["four samples of 32 bits in 256 Mpx"] = () => Native(Side, Side, bits: 32, samples: 4),
        ["256 Mpx in ten bytes"] = () => Native(Side, Side),
        ["64 Mpx in ten bytes, as numbers"] = () => Single(8192, 8192),

        // :: Fragments and offset tables
        ["a thousand frames in one fragment"] = () => Frame(Baseline, [0xFF, 0xD8, 0xFF, 0xD9], 8, 8, frames: 1000),
        ["a fragment of undefined length"] = () => Whole(
            File(Baseline).Header(0x7FE00010, "OB", RawDicom.Undefined).Item(0).Item(RawDicom.Undefined).EndSequence().ToArray()),
        ["a fragment of 4 GiB that does not come"] = () => Whole(
            File(Baseline).Header(0x7FE00010, "OB", RawDicom.Undefined).Item(0).Item(0xFFFFFFFE).Raw(0xFF, 0xD8).ToArray()),
        ["a fragment of 4 GiB that does not come, streamed"] = () => Streamed(
            File(Baseline).Header(0x7FE00010, "OB", RawDicom.Undefined).Item(0).Item(0xFFFFFFFE).Raw(0xFF, 0xD8).ToArray()),
        ["offsets that meet no fragment"] = () => Offsets([0xFE, 0xFF, 0xFF, 0xFF, 0xFD, 0xFF, 0xFF, 0xFF], []),
        ["extended offsets of 64 bits"] = () => Offsets([], [.. Enumerable.Repeat((byte)0xFF, 16)]),
        ["a million fragments, two frames, no beginnings"] = () => Fragments(500_000),

        // :: Codestreams
        ["JPEG of 65,535 x 65,535 for 8 x 8"] = () => Frame(Baseline, Jpeg(0xC0, 8, 65535, 65535), 8, 8),
        ["JPEG baseline of 256 Mpx in 100 bytes"] = () => Frame(Baseline, Jpeg(0xC0, 8, Side, Side), Side, Side),
        ["JPEG extended of 256 Mpx in 100 bytes"] = () => Frame("1.2.840.10008.1.2.4.51", Jpeg(0xC1, 12, Side, Side), Side, Side, bits: 16),
        ["JPEG progressive of 256 Mpx in 100 bytes"] = () => Frame("1.2.840.10008.1.2.4.51", Jpeg(0xC2, 8, Side, Side), Side, Side),
        ["JPEG lossless of 256 Mpx in 100 bytes"] = () => Frame("1.2.840.10008.1.2.4.70", Jpeg(0xC3, 16, Side, Side), Side, Side, bits: 16),
        ["JPEG-LS of 256 Mpx in 100 bytes"] = () => Frame("1.2.840.10008.1.2.4.80", Jpeg(0xF7, 16, Side, Side), Side, Side, bits: 16),
        ["JPEG-LS of 65,535 x 65,535 for 8 x 8"] = () => Frame("1.2.840.10008.1.2.4.80", Jpeg(0xF7, 8, 65535, 65535), 8, 8),
        ["JPEG without a number of lines"] = () => Frame(Baseline, Jpeg(0xC0, 8, 0, 8), 8, 8),
        ["JPEG of 255 components"] = () => Frame(Baseline, Jpeg(0xC0, 8, 8, 8, components: 255), 8, 8),
        ["JPEG of a million fill bytes"] = () => Frame(Baseline, [0xFF, 0xD8, .. Enumerable.Repeat((byte)0xFF, 1 << 20)], 8, 8),
        ["JPEG of 100,000 comments"] = () => Frame(Baseline, [0xFF, 0xD8, .. Repeat([], [0xFF, 0xFE, 0, 2], 100_000)], 8, 8),
        ["JPEG of 100,000 scans"] = () => Frame(
            Baseline, [.. Jpeg(0xC2, 8, 8, 8), .. Repeat([], [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0], 100_000), 0xFF, 0xD9], 8, 8),
        ["JPEG of a Huffman table without codes"] = () => Frame(
            Baseline, [0xFF, 0xD8, 0xFF, 0xC4, 0, 19, .. new byte[17], .. Jpeg(0xC0, 8, 8, 8)[2..]], 8, 8),
        ["JPEG of a Huffman table with too many codes"] = () => Frame(
            Baseline, [0xFF, 0xD8, 0xFF, 0xC4, 0, 22, 0, 3, .. new byte[15], 0, 1, 2, .. Jpeg(0xC0, 8, 8, 8)[2..]], 8, 8),
        ["JPEG of a segment past the end"] = () => Frame(Baseline, [0xFF, 0xD8, 0xFF, 0xE1, 0xFF, 0xFF, 1], 8, 8),
        ["JPEG of two frames"] = () => Frame(Baseline, [.. Jpeg(0xC0, 8, 8, 8)[..15], .. Jpeg(0xC0, 8, 8, 8)[2..]], 8, 8),
        ["JPEG 2000 of 256 Mpx in 100 bytes"] = () => Jpeg2000(new J2k { Columns = Side, Rows = Side }),
        ["HTJ2K of 256 Mpx in 100 bytes"] = () => Jpeg2000(new J2k { Columns = Side, Rows = Side }, "1.2.840.10008.1.2.4.201"),
        ["JPEG 2000 of 4 G x 4 G"] = () => Jpeg2000(new J2k { Columns = 0xFFFFFFFF, Rows = 0xFFFFFFFF }),
        ["JPEG 2000 of 65,535 layers"] = () => Jpeg2000(new J2k { Layers = 65535 }),
        ["JPEG 2000 of precincts of one pixel"] = () => Jpeg2000(new J2k { Precincts = 0x00 }),
        ["JPEG 2000 of precincts of one pixel, in one component"] = () => Jpeg2000(new J2k { ComponentPrecincts = 0x00 }),
        ["JPEG 2000 of precincts of one pixel, in one tile"] = () => Jpeg2000(new J2k { TilePrecincts = 0x00 }),
        ["JPEG 2000 of code-blocks of 4 x 4"] = () => Jpeg2000(new J2k { Columns = 4096, Rows = 4096, BlockExponent = 0 }),
        ["JPEG 2000 of a tile for each pixel"] = () => Jpeg2000(new J2k { TileSide = 1 }),
        ["JPEG 2000 of 16,384 components"] = () => Jpeg2000(new J2k { Components = 16384 }),
        ["JPEG 2000 inside endless boxes"] = () => Frame(
            "1.2.840.10008.1.2.4.90", [0, 0, 0, 12, 0x6A, 0x50, 0x20, 0x20, 13, 10, 0x87, 10, .. Repeat([], [0, 0, 0, 8, 1, 2, 3, 4], 100_000)], 8, 8),
        ["RLE of 256 Mpx in 100 bytes"] = () => Frame("1.2.840.10008.1.2.5", Rle(1, 64), Side, Side),
        ["RLE of a segment outside its frame"] = () => Frame("1.2.840.10008.1.2.5", Rle(1, 0xFFFFFFF0), 8, 8),
        ["RLE of four billion segments"] = () => Frame("1.2.840.10008.1.2.5", Rle(0xFFFFFFFF, 64), 8, 8),
        ["RLE of a megabyte of no-operations"] = () => Frame(
            "1.2.840.10008.1.2.5", [.. Rle(1, 64), .. Enumerable.Repeat((byte)0x80, 1 << 20)], 8, 8),

        // :: Lookup tables
        ["a modality table of 65,536 entries in two bytes"] = () => Lut([0, 0, 16], isWide: false),
        ["a modality table of a descriptor beyond 16 bits"] = () => Lut([65536, 0, 16], isWide: true),
        ["a palette of 65,536 entries in two bytes"] = Palette,

        // :: DICOM JSON
        ["JSON of 1,000 sequences"] = () => Json(
            string.Concat(Enumerable.Repeat("{\"00081115\":{\"vr\":\"SQ\",\"Value\":[", 1000)) + string.Concat(Enumerable.Repeat("]}}", 1000))),
        ["JSON of 65 sequences"] = () => Json(
            string.Concat(Enumerable.Repeat("{\"00081115\":{\"vr\":\"SQ\",\"Value\":[", 65)) + "{}" + string.Concat(Enumerable.Repeat("]}}", 65))),
        ["JSON of a million brackets"] = () => Json(new string('[', 1 << 20)),
        ["JSON of a million empty items"] = () => Json(
            $"{{\"00081115\":{{\"vr\":\"SQ\",\"Value\":[{string.Join(',', Enumerable.Repeat("{}", Many))}]}}}}"),
        ["JSON of a million values"] = () => Json(
            $"{{\"00280030\":{{\"vr\":\"DS\",\"Value\":[{string.Join(',', Enumerable.Repeat("0", Many))}]}}}}"),
        ["JSON of binary that is none"] = () => Json($"{{\"7FE00010\":{{\"vr\":\"OW\",\"InlineBinary\":\"{new string('A', 8 << 20)}*\"}}}}"),
        ["JSON of a number of a million digits"] = () => Json($"{{\"00280030\":{{\"vr\":\"DS\",\"Value\":[{new string('9', 1 << 20)}]}}}}"),
        ["JSON of one tag 100,000 times"] = () => Json(
            $"{{{string.Join(',', Enumerable.Repeat("\"00100020\":{\"vr\":\"LO\"}", 100_000))}}}"),

        // :: Objects
        ["a report of 200,000 empty items"] = () => Report("CONTAINER", 200_000),
        ["a report of 200,000 items whose root is no container"] = () => Report("TEXT", 200_000),
        ["a segmentation with frames a light year apart"] = () => Segmentation(9.4e15, 2),
        ["a segmentation with frames 1,000 km apart"] = () => Segmentation(1e9, 2),
        ["a segmentation of two billion frames"] = () => Segmentation(1, int.MaxValue),

        // :: Geometry
        ["positions of 1E308"] = () => Geometry(h => h.Set(DicomTags.ImagePositionPatient, 1e308, 1e308, 1e308)),
        ["an orientation of nothing"] = () => Geometry(h => h.Set(DicomTags.ImageOrientationPatient, 0.0, 0, 0, 0, 0, 0)),
        ["a spacing of 1E-300"] = () => Geometry(h => h.Set(DicomTags.PixelSpacing, DicomVr.DS, "1E-300", "-1")),
        ["a volume of 65,535 x 65,535"] = () => Geometry(h =>
        {
            h.Set(DicomTags.Rows, 65535L);
            h.Set(DicomTags.Columns, 65535L);
        }),
        ["two billion frames without a place"] = () => Geometry(h =>
        {
            h.Set(DicomTags.NumberOfFrames, (long)int.MaxValue);
            h.SetSequence(DicomTags.SharedFunctionalGroupsSequence, new DicomDataset());
        }),
        ["20,000 frames of one spacing of 32,000 values"] = () => ManyFrames(inStacks: false),
        ["20,000 frames of one stack of 32,000 names"] = () => ManyFrames(inStacks: true),
        ["two slices of 256 Mpx without pixels"] = Volume,

        // :: Network
        ["a request of 4,000 contexts"] = () => Request([0x20, 0, 0, 29, 1, 0, 0, 0, 0x30, 0, 0, 7, .. "1.2.840"u8, 0x40, 0, 0, 10, .. "1.2.840.10"u8], 4000),
        ["a request of 20,000 empty items"] = () => Request([0x99, 0, 0, 0], 20_000),
        ["a request of 300 roles"] = () => Request(
            [0x50, 0, 9, 96, .. Repeat([], [0x54, 0, 0, 4, 0, 0, 0, 0], 300)], 1),
        ["an item past the end of its request"] = () => Request([0x20, 0, 0xFF, 0xFF, 1], 1),
        ["data of 4 GiB in a PDU of 16 bytes"] = () => Refuses(() => PduParser.CheckData([0xFF, 0xFF, 0xFF, 0xFF, .. new byte[12]])),
        ["100,000 empty values in a PDU"] = () => Refuses(() => PduParser.CheckData(new byte[400_000])),
        ["a command element of 4 GiB"] = () => Refuses(() => CommandSet.Parse([0, 0, 0, 1, 0xFE, 0xFF, 0xFF, 0xFF])),
        ["a command element 100,000 times"] = () => Refuses(() => CommandSet.Parse(Repeat([], [0, 0, 2, 0, 0, 0, 0, 0], 100_000))),
    };

    public static IReadOnlyDictionary<string, Func<Action>> Harmless { get; } = new Dictionary<string, Func<Action>>(StringComparer.Ordinal)
    {
        ["a group length that lies"] = () => Whole(File().UInt32(0x00080000, "UL", 0xFFFFFFFF).Text(0x00080060, "CS", "CT").ToArray()),
        ["nothing behind the meta header"] = () => Whole(RawDicom.File(Explicit).ToArray()),
        ["1 MiB of NULs behind the data set"] = () => Whole([.. File().Text(0x00080060, "CS", "CT").ToArray(), .. new byte[1 << 20]]),
        ["JSON of 50,000 members backwards"] = () => Json(
            $"{{{string.Join(',', Enumerable.Range(0, 50_000).Reverse().Select(i => $"\"{0x00110000 + ((i >> 12) << 17) + 0x1000 + (i & 0xFFF):X8}\":{{\"vr\":\"LO\"}}"))}}}"),
        ["200,000 private elements to remove"] = () => Deidentified(Loop(200_000, Empty)),
        ["100,000 items 60 deep to verify"] = () => Verified(60, 100_000),
        ["4,000 group lengths to write"] = GroupLengths,
        ["a character set of 30,000 terms"] = () => CharacterSet(string.Join('\\', Enumerable.Repeat("ISO 2022 IR 87", 30_000))),
        ["a text of a million escapes"] = () => Escapes(1 << 20),
    };

    // :: What reads

    private static Action Whole(byte[] bytes) => () => DicomFile.Read(bytes);

    private static Action Streamed(byte[] bytes) => () =>
    {
        using var stream = new TrickleStream(bytes, 4096);
        using var header = DicomStreamReader.ReadHeaderAsync(stream, null, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        using var rest = PixelDataScanner.Wrap(header.Rest, header.File.Encoding);
        rest.CopyTo(Stream.Null);
    };

    private static Action Json(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        return () => DicomJson.Read(bytes);
    }

    private static Action Refuses(Action read) => read;

    private static Action Request(byte[] item, int count)
    {
        byte[] head = [0, 1, 0, 0, .. Encoding.ASCII.GetBytes("STORE".PadRight(16)), .. Encoding.ASCII.GetBytes("SCANNER".PadRight(16)), .. new byte[32]];
        var body = Repeat(head, item, count);
        return () => PduParser.Request(body, DicomNetworkBudgets.Default);
    }

    private static Action Native(int rows, int columns, int bits = 8, int samples = 1, int frames = 1)
    {
        var dataset = Described(rows, columns, bits, samples, frames);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[10]);
        return () => new FrameDecoder(dataset, DicomTransferSyntax.ExplicitLittleEndian).Decode(0);
    }

    private static Action Single(int rows, int columns)
    {
        var dataset = Described(rows, columns, 8, 1, 1);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[10]);
        var decoder = new FrameDecoder(dataset, DicomTransferSyntax.ExplicitLittleEndian);
        var values = GC.AllocateUninitializedArray<float>(rows * columns);
        return () => decoder.DecodeToSingle(0, values);
    }

    private static Action Frame(string syntax, byte[] codestream, int rows, int columns, int bits = 8, int frames = 1, int samples = 1)
    {
        var dataset = Described(rows, columns, bits, samples, frames);
        return () => Frames.Encapsulated(dataset, DicomTransferSyntax.Find(syntax)!, codestream).Decode(0);
    }

    private static Action Offsets(byte[] basic, byte[] extended)
    {
        var dataset = Described(8, 8, 8, 1, 2);
        dataset.Set(DicomTags.ExtendedOffsetTable, DicomVr.OV, extended);
        return () => Frames.WithOffsets(dataset, DicomTransferSyntax.RleLossless, basic, [new byte[64], new byte[64], new byte[64]]).Decode(0);
    }

    private static Action Fragments(int count)
    {
        var dataset = Described(8, 8, 8, 1, 2);
        var empty = ReadOnlyMemory<byte>.Empty;
        dataset.Set(DicomElement.Encapsulated(DicomTags.PixelData, DicomVr.OB, Enumerable.Repeat(empty, count)));
        return () => new FrameDecoder(dataset, DicomTransferSyntax.JpegBaseline).Decode(0);
    }

    private static Action Jpeg2000(J2k header, string syntax = "1.2.840.10008.1.2.4.90") => Frame(
        syntax, header.ToArray(), (int)Math.Min(header.Rows, Side), (int)Math.Min(header.Columns, Side));

    private static Action Lut(long[] descriptor, bool isWide)
    {
        var dataset = Described(8, 8, 8, 1, 1);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[64]);
        var lut = new DicomDataset();
        lut.Set(DicomTags.LUTDescriptor, isWide ? DicomVr.UL : DicomVr.US, [.. descriptor.Select(d => d.ToString(System.Globalization.CultureInfo.InvariantCulture))]);
        lut.Set(DicomTags.LUTData, DicomVr.OW, new byte[2]);
        dataset.SetSequence(DicomTags.ModalityLUTSequence, lut);
        return () => new FrameDecoder(dataset, DicomTransferSyntax.ExplicitLittleEndian).DecodeToSingle(0, new float[64]);
    }

    private static Action Palette()
    {
        var dataset = Described(8, 8, 8, 1, 1);
        dataset.Set(DicomTags.PhotometricInterpretation, "PALETTE COLOR");
        dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[64]);
        dataset.Set(DicomTags.RedPaletteColorLookupTableDescriptor, DicomVr.US, "0", "0", "16");
        dataset.Set(DicomTags.RedPaletteColorLookupTableData, DicomVr.OW, new byte[2]);
        return () => new FrameDecoder(dataset, DicomTransferSyntax.ExplicitLittleEndian).DecodeToRgb(0, new byte[192]);
    }

    private static Action Report(string root, int items)
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.ValueType, root);
        dataset.SetSequence(DicomTags.ContentSequence, Enumerable.Range(0, items).Select(_ => new DicomDataset()));
        return () => MeasurementReportReader.Read(dataset);
    }

    private static Action Segmentation(double apart, int frames)
    {
        var code = new CodedConcept("4421005", "SCT", "Hippocampus");
        var dataset = Described(16, 16, 1, 1, frames);
        foreach (var element in Phantom.Header(new(0, 0, 0)).Where(e => !dataset.Contains(e.Tag)))
        {
            dataset.Set(element);
        }

        dataset.Set(DicomTags.SegmentationType, "BINARY");
        var segment = new DicomDataset();
        segment.Set(DicomTags.SegmentNumber, 1L);
        segment.Set(DicomTags.SegmentLabel, "one");
        segment.SetSequence(DicomTags.SegmentedPropertyTypeCodeSequence, code.ToItem());
        segment.SetSequence(DicomTags.SegmentedPropertyCategoryCodeSequence, code.ToItem());
        dataset.SetSequence(DicomTags.SegmentSequence, segment);
        var measures = new DicomDataset();
        measures.Set(DicomTags.PixelSpacing, 1.0, 1.0);
        measures.Set(DicomTags.SpacingBetweenSlices, 1.0);
        var shared = new DicomDataset();
        shared.SetSequence(DicomTags.PixelMeasuresSequence, measures);
        dataset.SetSequence(DicomTags.SharedFunctionalGroupsSequence, shared);
        dataset.SetSequence(DicomTags.PerFrameFunctionalGroupsSequence, new[] { 0, apart }.Select(z =>
        {
            var position = new DicomDataset();
            position.Set(DicomTags.ImagePositionPatient, 0.0, 0, z);
            var item = new DicomDataset();
            item.SetSequence(DicomTags.PlanePositionSequence, position);
            return item;
        }));
        dataset.Set(DicomTags.PixelData, DicomVr.OB, new byte[64]);
        var file = new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
        return () => SegmentationReader.Read(file);
    }

    private static Action Geometry(Action<DicomDataset> change)
    {
        var headers = Phantom.Headers([0, 2]);
        headers.ForEach(change);
        return () => Throw(SeriesGeometry.Read(headers).Refusal);
    }

    private static Action ManyFrames(bool inStacks)
    {
        var header = Phantom.Header(new(0, 0, 0));
        header.Set(DicomTags.NumberOfFrames, 20_000L);
        string[] many = [.. Enumerable.Repeat("1", 32_000)];
        header.Set(DicomTags.PixelSpacing, DicomVr.DS, inStacks ? ["1", "1"] : many);
        var content = new DicomDataset();
        content.Set(DicomTags.StackID, DicomVr.SH, inStacks ? many : ["1"]);
        var shared = new DicomDataset();
        shared.SetSequence(DicomTags.FrameContentSequence, content);
        header.SetSequence(DicomTags.SharedFunctionalGroupsSequence, shared);
        header.SetSequence(DicomTags.PerFrameFunctionalGroupsSequence, Enumerable.Range(0, 20_000).Select(_ => new DicomDataset()));
        return () => Throw(SeriesGeometry.Read([header]).Refusal);
    }

    private static Action Volume()
    {
        var files = Phantom.Headers([0, 2]).ConvertAll(h =>
        {
            var dataset = Described(Side, Side, 16, 1, 1);
            foreach (var element in h.Where(e => !dataset.Contains(e.Tag) || e.Tag == DicomTags.SOPInstanceUID))
            {
                dataset.Set(element);
            }

            dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[16]);
            return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
        });
        return () => Throw(DicomVolume.Build(files, CancellationToken.None).Refusal);
    }

    private static Action Deidentified(byte[] bytes)
    {
        var file = DicomFile.Read(bytes);
        return () => new Deidentifier(new DeidentificationKeys(new byte[32])).Apply(file.Dataset);
    }

    private static Action Verified(int depth, int items)
    {
        var inner = Enumerable.Range(0, items).Select(_ => new DicomDataset()).ToArray();
        for (var i = 0; i < depth; i++)
        {
            var around = new DicomDataset();
            around.SetSequence(DicomTags.ReferencedSeriesSequence, inner);
            inner = [around];
        }

        return () => DeidentificationVerifier.Check(inner[0]);
    }

    private static Action GroupLengths()
    {
        var dataset = new DicomDataset();
        for (var group = 0x0011u; group < 0x0011 + 8000; group += 2)
        {
            dataset.Set(new DicomTag(group << 16), DicomVr.UL, new byte[4]);
            for (var i = 0u; i < 25; i++)
            {
                dataset.Set(new DicomTag((group << 16) + 0x1000 + i), DicomVr.UN, ReadOnlyMemory<byte>.Empty);
            }
        }

        var file = new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
        return () => file.Write(Stream.Null);
    }

    private static Action CharacterSet(string terms)
    {
        var file = DicomFile.Read(
            RawDicom.File(Implicit, DicomEncoding.ImplicitLittleEndian).Text(0x00080005, "CS", terms + " ").Text(0x00100010, "PN", "\u001b$B;3\u00fb").ToArray());
        return () => file.Dataset.GetString(DicomTags.PatientName);
    }

    private static Action Escapes(int count)
    {
        var text = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("\u001b$)C\u00fb\u00f3", count / 8)));
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SpecificCharacterSet, "", "ISO 2022 IR 149");
        dataset.Set(DicomTags.TextValue, DicomVr.UT, text);
        return () => dataset.GetString(DicomTags.TextValue);
    }

    private static void Throw(VolumeRefusal? refusal)
    {
        if (refusal is { } reason)
        {
            throw new DicomException(DicomError.InvalidValue, reason.Code());
        }
    }

    // :: What is read

    private static RawDicom File(string syntax = Explicit) => RawDicom.File(syntax);

    private static byte[] Meta(uint tag, string vr, params byte[] value) => File().Element(tag, vr, value).ToArray();

    private static DicomDataset Described(int rows, int columns, int bits, int samples, int frames)
    {
        var dataset = Frames.Dataset(8, 8, bits, samples: samples, photometric: samples == 3 ? "RGB" : "MONOCHROME2", frames: frames);
        Number(DicomTags.Rows, rows);
        Number(DicomTags.Columns, columns);
        return dataset;

        void Number(DicomTag tag, int value)
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            dataset.Set(tag, DicomVr.UL, bytes);
        }
    }

    private static byte[] Deep(string syntax, DicomEncoding encoding, int depth, uint tag, string vr) =>
        Nest(RawDicom.File(syntax, encoding), depth, tag, vr).ToArray();

    private static RawDicom Nest(RawDicom to, int depth, uint tag, string vr)
    {
        for (var i = 0; i < depth; i++)
        {
            to.Header(tag, vr, RawDicom.Undefined).Item(RawDicom.Undefined);
        }

        return to;
    }

    private static byte[] DeepDefined(int depth, string vr)
    {
        byte[] inner = [];
        for (var i = 0; i < depth; i++)
        {
            // Inside UN everything is implicit (PS3.5 §6.2.2).
            var isInner = vr == "UN" && i < depth - 1;
            inner = new RawDicom(isInner ? DicomEncoding.ImplicitLittleEndian : DicomEncoding.ExplicitLittleEndian)
                .Header(0x00081115, vr, (uint)inner.Length + 8).Item((uint)inner.Length).Raw(inner).ToArray();
        }

        return [.. File().ToArray(), .. inner];
    }

    /// <summary>Empty elements of private groups, each of another tag.</summary>
    private static RawDicom Empty(uint i) => new RawDicom().Header(0x00110000 + ((i / 0xEFFF) << 17) + 0x1000 + (i % 0xEFFF), "LO", 0);

    private static byte[] Loop(int count, Func<uint, RawDicom> make, bool isFile = true)
    {
        using var bytes = new MemoryStream();
        bytes.Write(isFile ? File().ToArray() : []);
        for (var i = 0u; i < count; i++)
        {
            bytes.Write(make(i).ToArray());
        }

        return bytes.ToArray();
    }

    private static byte[] Repeat(RawDicom head, RawDicom unit, int count) => Repeat(head.ToArray(), unit.ToArray(), count);

    private static byte[] Repeat(byte[] head, byte[] unit, int count)
    {
        var bytes = new byte[head.Length + (unit.Length * count)];
        head.CopyTo(bytes, 0);
        for (var i = 0; i < count; i++)
        {
            unit.CopyTo(bytes, head.Length + (i * unit.Length));
        }

        return bytes;
    }

    private static byte[] Deflate(byte[] dataset)
    {
        using var to = new MemoryStream();
        using (var deflate = new DeflateStream(to, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(dataset);
        }

        return RawDicom.File(Deflated).Raw(to.ToArray()).ToArray();
    }

    private static byte[] Zeros(uint tag, string vr, int mebibytes)
    {
        using var to = new MemoryStream();
        using (var deflate = new DeflateStream(to, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(new RawDicom().Header(tag, vr, (uint)mebibytes << 20).ToArray());
            var zeros = new byte[1 << 20];
            for (var i = 0; i < mebibytes; i++)
            {
                deflate.Write(zeros);
            }
        }

        return RawDicom.File(Deflated).Raw(to.ToArray()).ToArray();
    }

    private static byte[] Inflated(int zeros)
    {
        using var to = new MemoryStream();
        using (var deflate = new DeflateStream(to, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(new byte[zeros]);
        }

        return to.ToArray();
    }

    private static byte[] Jpeg(byte frame, int precision, int rows, int columns, int components = 1) =>
    [
        0xFF, 0xD8, 0xFF, frame, .. Big16(8 + (3 * components)), (byte)precision, .. Big16(rows), .. Big16(columns), (byte)components,
        .. Enumerable.Range(1, components).SelectMany(c => new byte[] { (byte)c, 0x11, 0 }),
        0xFF, 0xDA, 0, 8, 1, 1, 0, frame == 0xC3 ? (byte)1 : (byte)0, frame is 0xC3 or 0xF7 ? (byte)0 : (byte)63, 0, .. new byte[60], 0xFF, 0xD9,
    ];

    private static byte[] Rle(uint segments, uint offset)
    {
        var frame = new byte[100];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, segments);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(4), offset);
        frame.AsSpan(64).Fill(0x80);
        return frame;
    }

    private static byte[] Big16(int value) => [(byte)(value >> 8), (byte)value];

    private static byte[] Big32(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    /// <summary>A JPEG 2000 codestream of headers, with one empty tile-part.</summary>
    private sealed record J2k
    {
        public uint Columns { get; init; } = 4096;

        public uint Rows { get; init; } = 4096;

        public uint TileSide { get; init; } = 0xFFFFFFFF;

        public int Components { get; init; } = 1;

        public int Layers { get; init; } = 1;

        public byte BlockExponent { get; init; } = 4;

        public byte? Precincts { get; init; }

        public byte? ComponentPrecincts { get; init; }

        public byte? TilePrecincts { get; init; }

        public byte[] ToArray() =>
        [
            0xFF, 0x4F, .. Segment(0x51,
            [
                0, 0, .. Big32(Columns), .. Big32(Rows), .. new byte[8], .. Big32(TileSide), .. Big32(TileSide), .. new byte[8], .. Big16(Components),
                .. Enumerable.Repeat(new byte[] { 7, 1, 1 }, Math.Min(Components, 16384)).SelectMany(c => c),
            ]),
            .. Segment(0x52, [Has(Precincts), 0, .. Big16(Layers), 0, 0, BlockExponent, BlockExponent, 0, 1, .. Of(Precincts)]),
            .. ComponentPrecincts is null ? [] : Segment(0x53, [0, 1, 0, BlockExponent, BlockExponent, 0, 1, .. Of(ComponentPrecincts)]),
            .. Segment(0x5C, [0x40, 0x40]),
            .. Segment(0x90, [0, 0, 0, 0, 0, 0, 0, 1]),
            .. TilePrecincts is null ? [] : Segment(0x52, [1, 0, .. Big16(1), 0, 0, BlockExponent, BlockExponent, 0, 1, .. Of(TilePrecincts)]),
            0xFF, 0x93, 0, 0, 0xFF, 0xD9,
        ];

        private static byte Has(byte? precincts) => precincts is null ? (byte)0 : (byte)1;

        private static byte[] Of(byte? precincts) => precincts is { } exponents ? [exponents] : [];

        private static byte[] Segment(byte marker, byte[] content) => [0xFF, marker, .. Big16(content.Length + 2), .. content];
    }
}
