using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Platform.Dicom.Network;
using Platform.Dicom.Objects;
using Platform.Dicom.Pixels;
using Platform.Dicom.Volumes;
using Platform.Inference.Packages;
using Platform.UnitTests.Dicom;
using Platform.UnitTests.Dicom.Objects;
using Platform.UnitTests.Dicom.Pixels;
using Platform.UnitTests.Dicom.Volumes;
using Platform.UnitTests.Inference;
using Xunit;

namespace Platform.UnitTests.Fuzz;

/// <summary>Every reader of untrusted bytes below the API.</summary>
internal static class FuzzTargets
{
    /// <summary>
    /// Beyond parsing, which <see cref="Parse"/> holds to four bytes for each: what is asked for is made, and a value of two bytes
    /// becomes a string of thirty.
    /// </summary>
    private const long MaterialisedPerByte = 64;

    /// <summary>Bytes that parsing a data set may allocate: four for each byte of input beyond the first 8 MiB.</summary>
    private const long ParsedFreeBytes = 8 << 20;

    private static readonly DeidentificationKeys Keys = new(new byte[32]);

    /// <summary>A frame's first bytes say how it is described: syntax, rows, columns, samples and bits.</summary>
    private const int FrameHeader = 4;

    private static readonly string[] ManagedSyntaxes =
    [
        "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1", "1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51",
        "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",
    ];

    private static readonly string[] NativeSyntaxes = ["1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201"];

    private static readonly string[] ManifestWords =
    [
        "schema", "name", "model", "input", "window", "outputs", "golden", "intensity", "op", "clip", "segments", "label", "patch", "concept",
        "measurements", "of", "shape", "segmentation", "platform-model/1", "LPS", "gaussian", "\ud83d\ude00", "",
    ];

    private static readonly string[] JsonWords =
    [
        "00080005", "00080018", "00100010", "00081115", "7FE00010", "00091001", "vr", "Value", "InlineBinary", "BulkDataURI", "Alphabetic",
        "SQ", "PN", "DS", "UN", "IS", "FD", "AT", "UI", "Ä^Ö=山", "",
    ];

    private static readonly Dictionary<string, Func<FuzzTarget>> All = new(StringComparer.Ordinal)
    {
        ["dataset"] = () => Dicom("dataset", 200, ReadWhole),
        ["on-demand"] = () => Dicom("on-demand", 60, ReadOnDemand),
        ["stream"] = () => Dicom("stream", 100, ReadStreamed),
        ["values"] = () => Dicom("values", 100, ReadValues),
        ["json-write"] = () => Dicom("json-write", 60, WriteJson),
        ["deidentify"] = () => Dicom("deidentify", 60, Deidentify),
        ["geometry"] = () => Dicom("geometry", 40, ReadGeometry),
        ["render"] = () => Dicom("render", 40, Render) with { Seeds = [.. DicomSeeds(), .. Tables()] },
        ["report"] = () => Dicom("report", 30, b => MeasurementReportReader.Read(Parse(b).Dataset)) with { Seeds = [Report()] },
        ["segmentation"] = () => Dicom("segmentation", 30, b => SegmentationReader.Read(Parse(b), maxVoxels: 4 << 20)) with
        {
            Seeds = [Segmentation()],
        },
        ["segment-masks"] = () => Dicom("segment-masks", 15, b => SegmentationReader.ReadMasks(Parse(b), maxVoxels: 4 << 20)) with
        {
            Seeds = [Made.Fractional(FractionKind.Occupancy).ToArray(), Made.Segmentation().ToArray(), Made.LabelMap(9, inColour: true).ToArray()],
        },
        ["label-map"] = () => Dicom("label-map", 15, b => SegmentationReader.ReadWide(Parse(b), maxVoxels: 2 << 20)) with
        {
            Seeds = [Made.LabelMap(9, inColour: true).ToArray(), Made.LabelMap(300, inColour: false).ToArray()],
        },
        ["overlay"] = () => Dicom("overlay", 20, ReadOverlays) with { Seeds = Overlays() },
        ["palette"] = () => new("palette", Palettes(), ReadPalette, e => e is DicomException) { Share = 30, AllocatedPerByte = MaterialisedPerByte },
        ["series-parts"] = () => Dicom("series-parts", 20, ReadParts),
        ["json-read"] = () => new("json-read", JsonSeeds(), ReadJson, e => e is DicomException)
        {
            Share = 40,
            AllocatedPerByte = MaterialisedPerByte,
            MutateShape = (bytes, random) => new JsonMutator(random, JsonWords).Mutate(bytes),
            Tokens =
            [
                .. JsonWords.Where(w => w.Length > 0).Select(Encoding.UTF8.GetBytes), "\\ud800"u8.ToArray(), [0xC3, 0x28], [0xED, 0xA0, 0x80],
            ],
        },
        ["pdu"] = () => new("pdu", Pdus(), ReadPdu, e => e is DicomNetworkException)
        {
            Share = 80,
            Tokens = [[0x10, 0], [0x20, 0], [0x21, 0], [0x30, 0], [0x40, 0], [0x50, 0], [0x51, 0, 0, 4], [0x54, 0], [0x58, 0], [0xFF, 0xFF, 0xFF, 0xFF]],
        },
        ["frames"] = () => new("frames", ManagedFrames(), b => DecodeFrame(b, ManagedSyntaxes), e => e is DicomException)
        {
            Share = 60,
            Tokens = [.. new byte[] { 0xD8, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xDA, 0xDD, 0xD9, 0xDB }.Select(m => new byte[] { 0xFF, m })],
        },
        ["native-frames"] = () => new("native-frames", NativeFrames(), b => DecodeFrame(b, NativeSyntaxes), e => e is DicomException)
        {
            Share = 20,
            Tokens =
            [
                [0xFF, 0x4F, 0xFF, 0x51],
                .. new byte[] { 0x52, 0x53, 0x5C, 0x90, 0x93, 0xF7, 0xF8, 0xDA }.Select(m => new byte[] { 0xFF, m }),
            ],
        },
        ["onnx-graph"] = () => new("onnx-graph", [Model()], b => OnnxGraphCheck.ThrowIfRefused(b), e => e is PackageRefusedException)
        {
            Share = 20,
            Tokens = ["ai.onnx"u8.ToArray(), [0x3A], [0x0A], [0x2A], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0x80, 0x80]],
        },
        ["manifest"] = () => new("manifest", [Manifest()], b => ManifestCheck.Parse(b), e => e is PackageRefusedException)
        {
            Share = 20,
            MutateShape = (bytes, random) => new JsonMutator(random, ManifestWords).Mutate(bytes),
        },
        ["package"] = () => new("package", [Package()], OpenPackage, e => e is PackageRefusedException)
        {
            Share = 20,
            Tokens =
            [
                "PK\u0001\u0002"u8.ToArray(), "PK\u0003\u0004"u8.ToArray(), "PK\u0005\u0006"u8.ToArray(), "../"u8.ToArray(),
                "manifest.json"u8.ToArray(),
            ],
        },
    };

    /// <summary>Names of what may run in this process.</summary>
    public static IEnumerable<string> Managed => All.Keys.Where(name => !IsNative(name));

    /// <summary>Names of what calls libraries of the system: only in a child process.</summary>
    public static IEnumerable<string> Native => All.Keys.Where(IsNative);

    public static FuzzTarget Find(string name) => All[name]();

    private static bool IsNative(string name) => name.StartsWith("native-", StringComparison.Ordinal);

    private static FuzzTarget Dicom(string name, int share, Action<byte[]> execute) => new(name, DicomSeeds(), execute, e => e is DicomException)
    {
        Share = share,
        AllocatedPerByte = MaterialisedPerByte,
        MutateShape = DicomShapes.Change,
        Tokens = DicomShapes.Tokens,
    };

    /// <summary>The type of a PDU, or 0 for a command set, then its body.</summary>
    private static List<byte[]> Pdus()
    {
        var request = new AssociateRequest(
            1,
            "STORE",
            "SCANNER",
            DicomUids.ApplicationContext,
            [new(1, DicomUids.Verification, ["1.2.840.10008.1.2"]), new(3, DicomUids.CTImageStorage, ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.70"])],
            UserInformation.Own(16384));
        var accept = new AssociateAccept([new(1, ContextResult.Accepted, "1.2.840.10008.1.2")], UserInformation.Own(0));
        var identity = new byte[] { 0x53, 0, 0, 4, 0, 1, 0, 1, 0x54, 0, 0, 7, 0, 3, 49, 46, 50, 1, 0, 0x58, 0, 0, 6, 1, 0, 0, 1, 65, 0, 0 };
        return
        [
            [1, .. PduWriter.Request(request)[6..]],
            [1, .. PduWriter.Request(request)[6..], 0x50, 0, 0, (byte)identity.Length, .. identity],
            [2, .. PduWriter.Accept(request, accept)[6..]],
            [3, .. PduWriter.Reject(AssociationRejection.LocalLimit)[6..]],
            [4, 0, 0, 0, 4, 1, 3, 0, 0, 0, 0, 0, 2, 1, 2],
            [7, .. PduWriter.Abort(true, AbortReason.UnexpectedPdu)[6..]],
            [0, .. CommandSet.StoreRequest(1, DicomUids.CTImageStorage, "1.2.3").ToArray()],
        ];
    }

    // :: What is done with the bytes

    private static void ReadPdu(byte[] bytes)
    {
        var (type, body) = bytes is [var first, .. var rest] ? (first, rest) : ((byte)0, bytes);
        switch (type)
        {
            case 0:
                var command = CommandSet.Parse(body);
                CommandSet.Parse(CommandSet.Response(command, DimseStatus.CannotUnderstand, command.Text(0x0902)).ToArray());
                break;
            case 1:
                var request = PduParser.Request(body, DicomNetworkBudgets.Default);
                PduParser.Request(PduWriter.Request(request).AsSpan(6), DicomNetworkBudgets.Default);
                break;
            case 2:
                PduParser.Accept(body, DicomNetworkBudgets.Default);
                break;
            case 3:
                Assert.NotEmpty(PduParser.Reject(body).ToString());
                break;
            case 7:
                PduParser.Abort(body);
                break;
            default:
                PduParser.CheckData(body);
                break;
        }
    }

    /// <summary>Reads a file, and fails where that allocates more than it may.</summary>
    private static DicomFile Parse(byte[] bytes, DicomReadOptions? options = null)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            return DicomFile.Read(bytes, options);
        }
        finally
        {
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

            // Inflating has a budget of its own, which is not one of bytes received.
            var isDeflated = bytes.AsSpan(0, Math.Min(bytes.Length, 4096)).IndexOf("1.2.840.10008.1.2.1.99"u8) >= 0;
            Assert.True(isDeflated || allocated <= (4L * bytes.Length) + ParsedFreeBytes, $"Parsing allocates {allocated} bytes for {bytes.Length}.");
        }
    }

    private static void Render(byte[] bytes)
    {
        var file = Parse(bytes);
        if (file.Syntax.IsEncapsulated && file.Syntax != DicomTransferSyntax.RleLossless)
        {
            return; // libraries of the system decode some of them
        }

        var decoder = new FrameDecoder(file);
        var d = decoder.Description;
        if (d.PixelsPerFrame > 64 << 10)
        {
            decoder.Decode(0); // most are refused: they lack the bytes
            return;
        }

        if (d.SamplesPerPixel != 1 || d.Photometric == PhotometricInterpretation.PaletteColor)
        {
            decoder.DecodeToRgb(d.Frames - 1, new byte[3 * d.PixelsPerFrame]);
            return;
        }

        var values = new float[d.PixelsPerFrame];
        decoder.DecodeToSingle(d.Frames - 1, values);
        VoiTransform.Of(file.Dataset, d.Frames - 1)?.Apply(values, new byte[values.Length]);
    }

    private static void ReadWhole(byte[] bytes)
    {
        var file = Parse(bytes);
        byte[] written;
        try
        {
            written = file.ToArray();
        }
        catch (DicomException e) when (e.Error == DicomError.Unwritable)
        {
            return;
        }

        Assert.Equal(written, DicomFile.Read(written).ToArray());
    }

    /// <summary>Sequences that are read when they are asked for hold what they hold when they are read at once, and refuse the same.</summary>
    private static void ReadOnDemand(byte[] bytes)
    {
        var file = Parse(bytes, new DicomReadOptions { SequencesOnDemand = true });
        byte[] written;
        try
        {
            written = file.ToArray();
        }
        catch (DicomException e) when (e.Error == DicomError.Unwritable)
        {
            return;
        }

        Assert.Equal(DicomFile.Read(bytes).ToArray(), written);
    }

    private static void ReadStreamed(byte[] bytes)
    {
        using var stream = new TrickleStream(bytes, 4096);
        using var header = DicomStreamReader.ReadHeaderAsync(stream, null, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        using var rest = PixelDataScanner.Wrap(header.Rest, header.File.Encoding);
        using var copy = new MemoryStream();
        if (header.PixelData is null)
        {
            return;
        }

        header.WriteToAsync(copy, rest, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        var again = DicomFile.Read(copy.ToArray(), new DicomReadOptions { StopBeforePixelData = true });
        Assert.Equal(header.Dataset.Count, again.Dataset.Count);
    }

    private static void ReadValues(byte[] bytes)
    {
        var pending = new Stack<DicomDataset>([Parse(bytes).Dataset]);
        while (pending.TryPop(out var dataset))
        {
            foreach (var element in dataset)
            {
                var tag = element.Tag;
                _ = (dataset.GetStrings(tag), dataset.GetUid(tag), dataset.GetInt64s(tag), dataset.GetInt32(tag), dataset.GetDoubles(tag));
                _ = (dataset.GetDate(tag), dataset.GetTime(tag), dataset.GetPersonName(tag)?.GivenName, element.ToString());
                foreach (var item in element.Items ?? [])
                {
                    pending.Push(item);
                }
            }
        }
    }

    private static void WriteJson(byte[] bytes)
    {
        var dataset = Parse(bytes).Dataset;
        var json = ToJson(dataset);
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 1000 });
        Assert.Equal(dataset.Count(e => !e.Tag.IsGroupLength), document.RootElement.EnumerateObject().Count());
    }

    private static void ReadJson(byte[] bytes)
    {
        var dataset = DicomJson.Read(bytes);
        var again = ToJson(dataset);
        Assert.Equal(again, ToJson(DicomJson.Read(again)));
    }

    private static byte[] ToJson(DicomDataset dataset)
    {
        using var to = new MemoryStream();
        using (var writer = new Utf8JsonWriter(to))
        {
            DicomJson.Write(writer, dataset, _ => null);
        }

        return to.ToArray();
    }

    private static void Deidentify(byte[] bytes)
    {
        var file = Parse(bytes, new DicomReadOptions { StopBeforePixelData = true });
        if (Deidentifier.Refuse(file.Dataset) is not null)
        {
            return;
        }

        new Deidentifier(Keys).Apply(file.Dataset);
        Assert.Empty(DeidentificationVerifier.Check(file.Dataset));

        // Under the name of the patient stands the pseudonym of who is in the header.
        var pseudonym = file.Dataset.GetString(DicomTags.PatientID);
        Assert.Equal(pseudonym, file.Dataset.GetString(DicomTags.PatientName));
        Assert.Equal(file.Dataset.Count, DicomFile.Read(file.ToArray()).Dataset.Count);
    }

    private static void ReadGeometry(byte[] bytes)
    {
        var header = Parse(bytes).Dataset;
        _ = SeriesGeometry.Read([header]);
        _ = SeriesGeometry.Read([.. Phantom.Headers([0, 2, 4]), header]);
    }

    private static void ReadParts(byte[] bytes)
    {
        var header = Parse(bytes).Dataset;
        Assert.NotEmpty(SeriesGeometry.ReadAll([header]));
        Assert.NotEmpty(SeriesGeometry.ReadAll([.. Phantom.Headers([0, 2, 4]), header]));
    }

    private static void ReadOverlays(byte[] bytes)
    {
        foreach (var overlay in Overlay.Of(Parse(bytes)))
        {
            Assert.True(overlay.Mask(overlay.FirstImageFrame ?? 0) is not { } mask || mask.Length == overlay.Rows * overlay.Columns);
        }
    }

    /// <summary>Bits of an entry, entries, first value, then a segmented table.</summary>
    private static void ReadPalette(byte[] bytes)
    {
        if (bytes.Length < 4)
        {
            return;
        }

        var dataset = Frames.Dataset(1, 4, 8, photometric: "PALETTE COLOR");
        foreach (var colour in new[] { "Red", "Green", "Blue" })
        {
            dataset.Set(
                DicomTag.Parse($"{colour}PaletteColorLookupTableDescriptor"), DicomVr.US, new byte[] { bytes[0], bytes[1], bytes[2], 0, bytes[3], 0 });
            dataset.Set(DicomTag.Parse($"Segmented{colour}PaletteColorLookupTableData"), DicomVr.OW, bytes.AsMemory(4));
        }

        Frames.Native(dataset, [0, 1, 100, 255]).DecodeToRgb(0, new byte[12]);
    }

    private static void DecodeFrame(byte[] bytes, string[] syntaxes)
    {
        if (bytes.Length < FrameHeader || (syntaxes == ManagedSyntaxes && bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xF7]) >= 0))
        {
            return; // JPEG-LS, whatever the syntax says: its library is for the child
        }

        var samples = bytes[3] % 2 == 0 ? 1 : 3;
        var bits = (bytes[3] & 0x0E) == 0x0E ? 1 : (bytes[3] & 2) == 0 ? 8 : 16;
        var dataset = Frames.Dataset(
            1 + (bytes[1] % 64), 1 + (bytes[2] % 64), bits, bits == 16 ? 9 + (bytes[3] >> 5) : null, (bytes[3] & 16) != 0, samples,
            samples == 3 ? "RGB" : "MONOCHROME2");
        var half = FrameHeader + ((bytes.Length - FrameHeader) / 2);
        var syntax = DicomTransferSyntax.Find(syntaxes[bytes[0] % syntaxes.Length])!;
        var decoder = bytes[3] % 5 == 0
            ? Frames.Encapsulated(dataset, syntax, bytes[FrameHeader..half], bytes[half..])
            : Frames.Encapsulated(dataset, syntax, bytes[FrameHeader..]);
        decoder.Decode(0);
    }

    private static void OpenPackage(byte[] bytes) => OpenPackageAsync(bytes).GetAwaiter().GetResult();

    private static async Task OpenPackageAsync(byte[] bytes)
    {
        using var zip = new MemoryStream(bytes);
        await ModelPackage.OpenZipAsync(zip, CancellationToken.None);
    }

    // :: Good inputs

    private static List<byte[]> DicomSeeds()
    {
        var slice = ImageSeriesWriter.Write(Phantom.Series((x, y, z) => x)).First();
        slice.Dataset.Set(DicomTags.PatientName, "Nobody^Invented");
        slice.Dataset.Set(DicomTags.PatientID, "INVENTED-4711");
        slice.Dataset.Set(DicomTags.StudyDate, "20240229");
        var item = new DicomDataset();
        item.Set(DicomTags.ReferencedSOPInstanceUID, "2.25.77");
        item.Set(DicomTags.StudyInstanceUID, "2.25.78");
        slice.Dataset.SetSequence(DicomTags.ReferencedStudySequence, item);
        var encapsulated = Frames.Dataset(4, 4, 8);
        encapsulated.Set(DicomElement.Encapsulated(DicomTags.PixelData, DicomVr.OB, Fragments()));
        var fixedShapes = new Random(5);
        return
        [
            slice.ToArray(),
            new DicomFile(slice.Dataset, DicomTransferSyntax.ImplicitLittleEndian).ToArray(),
            new DicomFile(slice.Dataset, DicomTransferSyntax.ExplicitBigEndian).ToArray(),
            new DicomFile(slice.Dataset, DicomTransferSyntax.DeflatedExplicitLittleEndian).ToArray(),
            new DicomFile(encapsulated, DicomTransferSyntax.JpegBaseline).ToArray(),
            Segmentation(),
            .. Enumerable.Range(0, 10).Select(_ => DicomShapes.Make(fixedShapes)),
        ];
    }

    /// <summary>Pixels with a modality table, a VOI table, a window and a palette.</summary>
    private static List<byte[]> Tables()
    {
        var (modality, voi, palette, window) = (Image(), Image(), Image(), Image());
        modality.SetSequence(DicomTags.ModalityLUTSequence, Table());
        voi.SetSequence(DicomTags.VOILUTSequence, Table());
        window.Set(DicomTags.WindowCenter, 40.0);
        window.Set(DicomTags.WindowWidth, 80.0);
        window.Set(DicomTags.RescaleSlope, 1.5);
        window.Set(DicomTags.RescaleIntercept, -20.0);
        palette.Set(DicomTags.PhotometricInterpretation, "PALETTE COLOR");
        foreach (var tag in new[] { DicomTags.RedPaletteColorLookupTableData, DicomTags.GreenPaletteColorLookupTableData, DicomTags.BluePaletteColorLookupTableData })
        {
            palette.Set(tag, DicomVr.OW, new byte[32]);
        }

        palette.Set(DicomTags.RedPaletteColorLookupTableDescriptor, DicomVr.US, "16", "0", "16");
        return [.. new[] { modality, voi, palette, window }.Select(d => new DicomFile(d, DicomTransferSyntax.ExplicitLittleEndian).ToArray())];

        static DicomDataset Image()
        {
            var image = Frames.Dataset(6, 5, 8, frames: 2);
            image.Set(DicomTags.PixelData, DicomVr.OW, Enumerable.Range(0, 60).Select(i => (byte)i).ToArray());
            return image;
        }

        static DicomDataset Table()
        {
            var lut = new DicomDataset();
            lut.Set(DicomTags.LUTDescriptor, DicomVr.US, "16", "0", "8");
            lut.Set(DicomTags.LUTData, DicomVr.OW, new byte[32]);
            return lut;
        }
    }

    private static byte[] Report()
    {
        var source = Made.Source();
        return MeasurementReportWriter.Write(source[0], Made.ReportOf(source), Made.Options).ToArray();
    }

    private static ReadOnlyMemory<byte>[] Fragments() => [new byte[4], new byte[] { 0xFF, 0xD8, 0xFF, 0xD9 }];

    private static byte[] Segmentation()
    {
        var headers = ImageSeriesWriter.Write(Phantom.Series((x, y, z) => x)).Select(f => f.Dataset).ToList();
        var geometry = SeriesGeometry.Read(headers).Geometry!;
        var labels = new byte[geometry.VoxelCount];
        labels.AsSpan(40, 9).Fill(1);
        var concept = new CodedConcept("4421005", "SCT", "Hippocampus");
        var options = new SegmentationOptions
        {
            SopInstanceUid = "2.25.51",
            SeriesInstanceUid = "2.25.52",
            ContentDateTime = new(2026, 1, 2, 3, 4, 5),
            Manufacturer = "Platform",
            ManufacturerModelName = "fuzz",
            DeviceSerialNumber = "1",
            SoftwareVersions = "0",
        };
        return SegmentationWriter.Write(geometry, headers, labels, [new Segment(1, "One", concept, concept, "fuzz")], options).ToArray();
    }

    private static List<byte[]> Overlays()
    {
        var dataset = Frames.Dataset(4, 6, stored: 12);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[48]);
        for (ushort group = 0x6000; group < 0x6004; group += 2)
        {
            dataset.Set(new DicomTag(group, 0x0010), DicomVr.US, "4");
            dataset.Set(new DicomTag(group, 0x0011), DicomVr.US, "6");
            dataset.Set(new DicomTag(group, 0x0015), DicomVr.IS, "1");
            dataset.Set(new DicomTag(group, 0x0050), DicomVr.SS, "1", "1");
            dataset.Set(new DicomTag(group, 0x0100), DicomVr.US, group == 0x6000 ? "1" : "16");
            dataset.Set(new DicomTag(group, 0x0102), DicomVr.US, group == 0x6000 ? "0" : "12");
        }

        dataset.Set(new DicomTag(0x6000, 0x3000), DicomVr.OW, new byte[] { 1, 2, 3, 0 });
        return [new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian).ToArray()];
    }

    private static List<byte[]> Palettes() =>
    [
        [14, 0, 0, 8, 0, 3, 10, 20, 30, 1, 4, 70, 2, 2, 0, 0, 0, 0],
        [4, 0, 0, 16, 0, 0, 2, 0, 0, 10, 0, 20, 1, 0, 2, 0, 0, 70],
    ];

    private static List<byte[]> JsonSeeds() =>
    [
        .. DicomSeeds().Take(1).Select(b => ToJson(DicomFile.Read(b).Dataset)),
        ToJson(DicomFile.Read(Segmentation()).Dataset),
        """
        {"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B","Ideographic":"山^田"}]},
        "00081115":{"vr":"SQ","Value":[{"0020000E":{"vr":"UI","Value":["1.2"]}},{}]},"00280030":{"vr":"DS","Value":[0.5,"1e-3",null]},
        "00091001":{"vr":"UN","InlineBinary":"AAEC"},"00280009":{"vr":"AT","Value":["00181063"]},"00189087":{"vr":"FD","Value":[1.5,"NaN"]},
        "00720082":{"vr":"SV","Value":["-9007199254740993",5]},"7FE00010":{"vr":"OW","BulkDataURI":"bulkdata/7FE00010"}}
        """u8.ToArray(),
    ];

    private static List<byte[]> ManagedFrames()
    {
        var jpeg = new LosslessJpegEncoder { Rows = 6, Columns = 5, Precision = 12, Predictor = 4, RestartLines = 2 }
            .Encode([.. Enumerable.Range(0, 30).Select(i => i * i)]);
        var rgb = new LosslessJpegEncoder { Rows = 6, Columns = 5, Precision = 8, Components = 3 }
            .Encode([.. Enumerable.Range(0, 90).Select(i => i * 2)]);
        var rle = new byte[64 + 40];
        (rle[0], rle[4], rle[64]) = (1, 64, 29);
        using var deflated = new MemoryStream();
        using (var deflate = new DeflateStream(deflated, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(new byte[60]);
        }

        return
        [
            [0, 5, 4, 0, .. rle],
            [1, 5, 4, 2, .. deflated.ToArray()],
            [2, 5, 4, 2, .. new byte[60]],
            [3, 9, 11, 0, .. Convert.FromBase64String(CodestreamTests.Baseline)],
            [4, 9, 11, 2 | (3 << 5), .. Convert.FromBase64String(CodestreamTests.Extended12)],
            [4, 9, 11, 2 | (3 << 5), .. Convert.FromBase64String(CodestreamTests.Progressive12)],
            [5, 5, 4, 2 | (3 << 5), .. jpeg],
            [6, 5, 4, 1, .. rgb],
        ];
    }

    private static List<byte[]> NativeFrames() =>
    [
        [0, 9, 11, 2 | (3 << 5), .. Convert.FromBase64String(CodestreamTests.JpegLs12)],
        [0, 9, 11, 1, .. Convert.FromBase64String(CodestreamTests.JpegLsRgb)],
        [1, 9, 11, 2 | (3 << 5), .. Convert.FromBase64String(CodestreamTests.Jpeg2000Of12)],
        [1, 9, 11, 1, .. Convert.FromBase64String(CodestreamTests.Jpeg2000Rgb)],
    ];

    private static byte[] Model() => File.ReadAllBytes(Path.Combine(TestPackages.Folder("threshold"), "model.onnx"));

    private static byte[] Manifest() => File.ReadAllBytes(Path.Combine(TestPackages.Folder("hippocampus-volume"), "manifest.json"));

    private static byte[] Package()
    {
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var name in new[] { "manifest.json", "model.onnx" })
            {
                using var entry = archive.CreateEntry(name, CompressionLevel.Fastest).Open();
                entry.Write(File.ReadAllBytes(Path.Combine(TestPackages.Folder("threshold"), name)));
            }
        }

        return zip.ToArray();
    }
}
