using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Platform.Dicom;

namespace Platform.Benchmarks.Files;

/// <summary>
/// Single images with the headers that scanners write: a hundred and more elements, coded sequences, private blocks. Nobody's, and the
/// same bytes in every run.
/// </summary>
internal static class ScannerFiles
{
    private const string Common = """
        SpecificCharacterSet=ISO_IR 100|InstanceCreationDate=20260102|InstanceCreationTime=030405.000000|StudyDate=20260102|SeriesDate=20260102
        AcquisitionDate=20260102|ContentDate=20260102|StudyTime=030405|SeriesTime=030510|AcquisitionTime=030512.250000|ContentTime=030513.500000
        AccessionNumber=A0000001|Manufacturer=Platform|InstitutionName=Nowhere General|InstitutionAddress=1 Nowhere Road|ReferringPhysicianName=NOBODY^N
        StationName=ST01|StudyDescription=Generated study|SeriesDescription=Generated series|InstitutionalDepartmentName=Imaging
        PerformingPhysicianName=NOBODY^P|OperatorsName=NOBODY^O|ManufacturerModelName=Phantom 64|PatientName=PHANTOM^BENCHMARK^^^|PatientID=PHANTOM-0000000
        PatientBirthDate=19700101|PatientSex=O|PatientAge=056Y|PatientSize=1.75|PatientWeight=70|AdditionalPatientHistory=None
        DeviceSerialNumber=0000000001|SoftwareVersions=1.2.3\4.5|ProtocolName=Benchmark protocol|PatientPosition=HFS|StudyID=1|SeriesNumber=2
        AcquisitionNumber=1|ImageComments=Generated|RequestingPhysician=NOBODY^R|RequestedProcedureDescription=Generated request
        PerformedProcedureStepStartDate=20260102|PerformedProcedureStepStartTime=030405|PerformedProcedureStepID=PPS1|FillerOrderNumberImagingServiceRequest=F1
        PerformedProcedureStepDescription=Generated step|CommentsOnThePerformedProcedureStep=None|IssuerOfPatientID=NOWHERE|TimezoneOffsetFromUTC=+0000
        SamplesPerPixel=1|PhotometricInterpretation=MONOCHROME2|BitsAllocated=16|BitsStored=12|HighBit=11|PixelRepresentation=0
        """;

    private const string Volume = """
        ImagePositionPatient=-180.5\-180.5\-125.25|ImageOrientationPatient=1\0\0\0\1\0|PositionReferenceIndicator=SN|SliceLocation=-125.25
        ImagesInAcquisition=200|TemporalPositionIdentifier=1|NumberOfTemporalPositions=1|SliceThickness=1.25|SpacingBetweenSlices=1.25
        PixelSpacing=0.703125\0.703125|WindowCenter=40\400|WindowWidth=400\1500|WindowCenterWidthExplanation=SOFT\LUNG|LossyImageCompression=00
        BodyPartExamined=CHEST
        """;

    private const string Ct = """
        Modality=CT|ImageType=ORIGINAL\PRIMARY\AXIAL|ScanOptions=HELICAL MODE|KVP=120|DataCollectionDiameter=500|ReconstructionDiameter=360
        DistanceSourceToDetector=949.075|DistanceSourceToPatient=541|GantryDetectorTilt=0|TableHeight=150.5|RotationDirection=CW|ExposureTime=800
        XRayTubeCurrent=250|Exposure=200|FilterType=BODY FILTER|GeneratorPower=30000|FocalSpots=0.7|ConvolutionKernel=STANDARD|RevolutionTime=0.8
        SingleCollimationWidth=0.625|TotalCollimationWidth=40|TableSpeed=49.2|TableFeedPerRotation=39.4|SpiralPitchFactor=0.984
        CTDIvol=12.5|ExposureModulationType=XYZ_EC|RescaleIntercept=-1024|RescaleSlope=1|RescaleType=HU|SmallestImagePixelValue=0
        LargestImagePixelValue=4095
        """;

    private const string Mr = """
        Modality=MR|ImageType=ORIGINAL\PRIMARY\M\ND|ScanningSequence=SE|SequenceVariant=SK\SP\OSP|ScanOptions=PFP|MRAcquisitionType=2D|SequenceName=*tse2d1_15
        AngioFlag=N|RepetitionTime=4000|EchoTime=101|NumberOfAverages=2|ImagingFrequency=63.658|ImagedNucleus=1H|EchoNumbers=1|MagneticFieldStrength=1.5
        NumberOfPhaseEncodingSteps=357|EchoTrainLength=15|PercentSampling=80|PercentPhaseFieldOfView=100|PixelBandwidth=191|DeviceSerialNumber=1
        TransmitCoilName=Body|AcquisitionMatrix=320\0\0\256|InPlanePhaseEncodingDirection=COL|FlipAngle=150|VariableFlipAngleFlag=N|SAR=0.48|dBdt=0
        """;

    private const string Cr = """
        Modality=CR|ImageType=ORIGINAL\PRIMARY|BodyPartExamined=CHEST|KVP=110|PlateID=0001|FilterType=NONE|CassetteOrientation=PORTRAIT
        CassetteSize=35CMX43CM|ExposuresOnPlate=12|RelativeXRayExposure=450|Sensitivity=200|ViewPosition=PA|Exposure=5|ExposureTime=20
        DistanceSourceToDetector=1800|ImagerPixelSpacing=0.143\0.143|PatientOrientation=L\F|Laterality=U|WindowCenter=2048|WindowWidth=4096
        BurnedInAnnotation=NO|QualityControlImage=NO|LossyImageCompression=00|ShutterShape=RECTANGULAR|PresentationLUTShape=IDENTITY
        """;

    /// <summary>CT slices of 512 × 512 pixels of 16 bits.</summary>
    public static IEnumerable<byte[]> Cts(int count, DicomTransferSyntax syntax) => Files(count, syntax, 512, 512, CtHeader);

    /// <summary>MR slices of 320 × 320 pixels of 16 bits, with a private header of 12 KiB as some makers write it.</summary>
    public static IEnumerable<byte[]> Mrs(int count, DicomTransferSyntax syntax) => Files(count, syntax, 320, 320, MrHeader);

    /// <summary>CR images of 1024 × 1024 pixels of 16 bits.</summary>
    public static IEnumerable<byte[]> Crs(int count, DicomTransferSyntax syntax) => Files(count, syntax, 1024, 1024, CrHeader);

    /// <summary>A CR image of 16 bits with pixels of one's own, explicit VR little endian.</summary>
    public static byte[] Xray(int number, int rows, int columns, byte[] pixels)
    {
        var dataset = CrHeader();
        SetImage(dataset, number, rows, columns, pixels);
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian).ToArray();
    }

    private static IEnumerable<byte[]> Files(int count, DicomTransferSyntax syntax, int rows, int columns, Func<DicomDataset> header) =>
        Enumerable.Range(0, count).Select(number =>
        {
            var dataset = header();
            var pixels = new byte[2 * rows * columns];
            new Random(number).NextBytes(pixels);
            SetImage(dataset, number, rows, columns, pixels);
            return new DicomFile(dataset, syntax).ToArray();
        });

    private static void SetImage(DicomDataset dataset, int number, int rows, int columns, byte[] pixels)
    {
        dataset.Set(DicomTags.SOPInstanceUID, Uid(string.Create(CultureInfo.InvariantCulture, $"instance {number}")));
        dataset.Set(DicomTags.InstanceNumber, number + 1L);
        dataset.Set(DicomTags.Rows, (long)rows);
        dataset.Set(DicomTags.Columns, (long)columns);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, pixels);
    }

    private static DicomDataset CtHeader()
    {
        var dataset = Header(DicomUids.CTImageStorage, Common, Volume, Ct);
        dataset.SetSequence(DicomTags.CTDIPhantomTypeCodeSequence, Code("113691", "IEC Body Dosimetry Phantom"));
        SetPrivate(dataset, 0x0009, "PLATFORM_IDEN_01", 12);
        SetPrivate(dataset, 0x0019, "PLATFORM_ACQU_01", 40);
        SetPrivate(dataset, 0x0021, "PLATFORM_RELA_01", 14);
        SetPrivate(dataset, 0x0043, "PLATFORM_PARM_01", 20);
        return dataset;
    }

    private static DicomDataset MrHeader()
    {
        var dataset = Header(DicomUids.MRImageStorage, Common, Volume, Mr);
        SetPrivate(dataset, 0x0019, "PLATFORM MR HEADER", 10);
        SetPrivate(dataset, 0x0029, "PLATFORM CSA HEADER", 4);
        var csa = new byte[12 << 10];
        new Random(29).NextBytes(csa);
        dataset.Set(new DicomTag(0x0029, 0x1080), DicomVr.OB, csa);
        return dataset;
    }

    private static DicomDataset CrHeader() => Header(DicomUids.ComputedRadiographyImageStorage, Common, Cr);

    private static DicomDataset Header(string sopClass, params string[] attributes)
    {
        var dataset = new DicomDataset();
        foreach (var attribute in attributes.SelectMany(a => a.Split(['|', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)))
        {
            var at = attribute.IndexOf('=', StringComparison.Ordinal);
            dataset.Set(DicomTag.Parse(attribute[..at].Trim()), attribute[(at + 1)..].Split('\\'));
        }

        dataset.Set(DicomTags.SOPClassUID, sopClass);
        dataset.Set(DicomTags.StudyInstanceUID, Uid("study"));
        dataset.Set(DicomTags.SeriesInstanceUID, Uid("series"));
        dataset.Set(DicomTags.FrameOfReferenceUID, Uid("frame of reference"));
        dataset.SetSequence(DicomTags.ProcedureCodeSequence, Code("P1", "Generated procedure"));
        dataset.SetSequence(DicomTags.ReferencedStudySequence, Reference("1.2.840.10008.3.1.2.3.1", "study"));
        dataset.SetSequence(DicomTags.ReferencedPerformedProcedureStepSequence, Reference("1.2.840.10008.3.1.2.3.3", "step"));
        dataset.SetSequence(
            DicomTags.ReferencedImageSequence, Reference(sopClass, "first"), Reference(sopClass, "second"), Reference(sopClass, "third"));
        var request = new DicomDataset();
        request.Set(DicomTags.ScheduledProcedureStepDescription, "Generated step");
        request.Set(DicomTags.ScheduledProcedureStepID, "SPS1");
        request.Set(DicomTags.RequestedProcedureID, "RP1");
        request.SetSequence(DicomTags.ScheduledProtocolCodeSequence, Code("S1", "Generated protocol"));
        dataset.SetSequence(DicomTags.RequestAttributesSequence, request);
        return dataset;
    }

    private static DicomDataset Code(string value, string meaning)
    {
        var code = new DicomDataset();
        code.Set(DicomTags.CodeValue, value);
        code.Set(DicomTags.CodingSchemeDesignator, "99PLATFORM");
        code.Set(DicomTags.CodeMeaning, meaning);
        return code;
    }

    private static DicomDataset Reference(string sopClass, string of)
    {
        var reference = new DicomDataset();
        reference.Set(DicomTags.ReferencedSOPClassUID, sopClass);
        reference.Set(DicomTags.ReferencedSOPInstanceUID, Uid(of));
        return reference;
    }

    private static void SetPrivate(DicomDataset dataset, ushort group, string creator, int count)
    {
        dataset.Set(new DicomTag(group, 0x0010), DicomVr.LO, creator);
        (DicomVr Vr, string Value)[] kinds =
        [
            (DicomVr.DS, "12.50"), (DicomVr.IS, "25"), (DicomVr.SS, "-3"), (DicomVr.LO, "PRIVATE TEXT"), (DicomVr.SL, "70000"), (DicomVr.FL, "1.5"),
            (DicomVr.SH, "P1"), (DicomVr.DS, @"0.5\1.5\2.5"),
        ];
        for (var i = 0; i < count; i++)
        {
            var (vr, value) = kinds[i % kinds.Length];
            dataset.Set(new DicomTag(group, (ushort)(0x1001 + i)), vr, value.Split('\\'));
        }
    }

    private static string Uid(string of) => DicomUid.FromHash(SHA256.HashData(Encoding.UTF8.GetBytes("scanner " + of)));
}
