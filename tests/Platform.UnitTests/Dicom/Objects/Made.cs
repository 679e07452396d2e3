using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.UnitTests.Dicom.Volumes;

namespace Platform.UnitTests.Dicom.Objects;

/// <summary>One object of each kind that is made from a study, with every optional part.</summary>
internal static class Made
{
    public static readonly CodedConcept Nodule = new("27925004", "SCT", "Nodule");
    public static readonly CodedConcept Millimetre = new("mm", "UCUM", "millimeter");
    private static readonly CodedConcept Lung = new("39607008", "SCT", "Lung");
    private static readonly CodedConcept Volume = new("118565006", "SCT", "Volume");
    private static readonly CodedConcept Diameter = new("81827009", "SCT", "Diameter");

    public static List<DicomDataset> Source() => [.. ImageSeriesWriter.Write(Phantom.Series((x, y, z) => x, modality: "CT")).Select(f => f.Dataset)];

    public static DerivedObjectOptions Options => new()
    {
        SopInstanceUid = "2.25.61",
        SeriesInstanceUid = "2.25.62",
        ContentDateTime = new(2026, 1, 2, 3, 4, 5),
        Manufacturer = "Platform",
        ManufacturerModelName = "chest-ct-nodule",
        DeviceSerialNumber = "1",
        SoftwareVersions = "0.1.0",
        SeriesNumber = 1001,
        SeriesDescription = "Ergebnisse – 结果",
    };

    public static MeasurementReport ReportOf(List<DicomDataset> source)
    {
        var segmentation = new InstanceReference(Phantom.StudyUid, "2.25.71", DicomUids.SegmentationStorage, "2.25.72");
        return new(new CodedConcept("169069000", "SCT", "CT of chest"), new ObserverDevice("2.25.81")
        {
            Name = "Platform",
            Manufacturer = "Platform",
            Model = "chest-ct-nodule",
            SerialNumber = "1",
        })
        {
            Images = [.. source.Select(InstanceReference.Of)],
            Groups =
            [
                new("finding 1", "2.25.91", Nodule)
                {
                    Category = new("49755003", "SCT", "Morphologically abnormal structure"),
                    Site = Lung,
                    Laterality = new("7771000", "SCT", "Left"),
                    Segment = (segmentation, 3),
                    SourceSeriesUid = Phantom.SeriesUid,
                    Algorithm = new("chest-ct-nodule", "1.0.0"),
                    Measurements = [new(Diameter, 16.8, Millimetre), new(Volume, 1.0 / 3 * 7451, new("mm3", "UCUM", "cubic millimeter"))],
                    Evaluations = [new(new("RID50149", "RADLEX", "Attenuation"), new("RID50151", "RADLEX", "毛玻璃"))],
                },
                new("finding 2", "2.25.92", Nodule)
                {
                    Site = Lung,
                    Centre = (new(-12.5, 40.25, 101), "2.25.1003"),
                    Measurements = [new(Diameter, 5, Millimetre)],
                },
                new("finding 3", "2.25.93", Nodule)
                {
                    SourceImages = [(InstanceReference.Of(source[1]), null)],
                    Algorithm = new("chest-ct-nodule", "1.0.0") { Parameters = ["package sha256 00ff"] },
                    Evaluations = [new(new("1", "99PLATFORM", "Grade"), new("2", "99PLATFORM", "Two"))],
                },
            ],
        };
    }

    public static DicomFile Report() => MeasurementReportWriter.Write(Source()[0], ReportOf(Source()), Options);

    public static SegmentationOptions SegmentationOptions => new()
    {
        SopInstanceUid = "2.25.72",
        SeriesInstanceUid = "2.25.71",
        ContentDateTime = new(2026, 1, 2, 3, 4, 5),
        Manufacturer = "Platform",
        ManufacturerModelName = "chest-ct-nodule",
        DeviceSerialNumber = "1",
        SoftwareVersions = "0.1.0",
    };

    public static DicomFile Segmentation()
    {
        var source = Source();
        var geometry = SeriesGeometry.Read(source).Geometry!;
        return SegmentationWriter.Write(geometry, source, Labels(geometry, 1, 2), Segments(1, 2), SegmentationOptions);
    }

    /// <summary>Two segments that overlap.</summary>
    public static DicomFile Fractional(FractionKind kind)
    {
        var source = Source();
        var geometry = SeriesGeometry.Read(source).Geometry!;
        return SegmentationWriter.WriteFractional(geometry, source, Fractions(geometry), kind, 200, Segments(1, 2), SegmentationOptions);
    }

    /// <summary>Of 16 bits where the greatest of two numbers needs them.</summary>
    public static DicomFile LabelMap(int greatest, bool inColour)
    {
        var source = Source();
        var geometry = SeriesGeometry.Read(source).Geometry!;
        ushort[] labels = [.. Labels(geometry, 1, 2).Select(l => (ushort)(l == 2 ? greatest : l == 1 ? 7 : 0))];
        return SegmentationWriter.WriteLabelMap(geometry, source, labels, Segments(greatest, 7), inColour, SegmentationOptions);
    }

    public static Segment[] Segments(params int[] numbers) =>
    [
        .. numbers.Select(n => new Segment(n, $"Knoten {n} – 结节", new("49755003", "SCT", "Morphologically abnormal structure"), Nodule, "x", $"finding {n}", $"2.25.9{n}")
        {
            Colour = ((byte)(n * 7), 128, (byte)(255 - (n % 200))),
        }),
    ];

    /// <summary>35 voxels a slice, so that one-bit frames begin inside bytes; the first slice is empty.</summary>
    public static byte[] Labels(SeriesGeometry geometry, byte first, byte second)
    {
        var labels = new byte[geometry.VoxelCount];
        labels.AsSpan(40, 9).Fill(first);
        labels.AsSpan(60, 20).Fill(first);
        labels.AsSpan(50, 5).Fill(second);
        labels.AsSpan(labels.Length - 3).Fill(second);
        return labels;
    }

    public static ReadOnlyMemory<byte>[] Fractions(SeriesGeometry geometry)
    {
        var (one, two) = (new byte[geometry.VoxelCount], new byte[geometry.VoxelCount]);
        for (var i = 0; i < 60; i++)
        {
            one[40 + i] = (byte)(i * 200 / 59);
            two[70 + i] = (byte)(200 - i);
        }

        return [one, two];
    }

    public static DicomFile KeyObjects()
    {
        var source = Source();
        return KeyObjectSelectionWriter.Write(
            source[0],
            new CodedConcept("113000", "DCM", "Of Interest"),
            [.. source.Take(2).Select(h => (InstanceReference.Of(h), true)), (new(Phantom.StudyUid, "2.25.62", DicomUids.Comprehensive3DSRStorage, "2.25.61"), false)],
            Options with { SopInstanceUid = "2.25.63", SeriesInstanceUid = "2.25.64" },
            "Größter Befund");
    }

    public static DicomFile Capture(int samples) => SecondaryCaptureWriter.Write(
        Source()[0], 5, 3, Enumerable.Range(0, 15 * samples).Select(i => (byte)(i * 5)).ToArray(), hasText: false, Options);

    public static DicomFile Pdf() => EncapsulatedPdfWriter.Write(
        Source()[0], "%PDF-1.4\n%%EOF"u8.ToArray().Append((byte)10).ToArray(), "Befund", new("18748-4", "LN", "Diagnostic Imaging Report"), hasIdentity: false, Options);
}
