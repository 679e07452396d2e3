using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;

namespace Platform.Benchmarks.Files;

/// <summary>Studies that are nobody's: ellipses in noise, with the attributes that a scanner writes.</summary>
internal static class GeneratedStudies
{
    /// <summary>A CT of 512 × 512 pixels of 16 bits.</summary>
    public static StudyFiles Ct(int slices) => Of("CT", 512, slices, 1);

    /// <summary>An MR of 256 × 256 pixels of 16 bits.</summary>
    public static StudyFiles Mr(int slices) => Of("MR", 256, slices, 2);

    /// <summary>One multi-frame MR (Enhanced MR Image Storage), 256 × 256 pixels of 16 bits.</summary>
    public static StudyFiles MultiFrame(int frames)
    {
        const int Side = 256;
        var file = ImageSeriesWriter.Write(Series("MR", Side, 1, 3)).Single();
        var dataset = file.Dataset;
        dataset.Set(DicomTags.SOPClassUID, DicomUids.EnhancedMRImageStorage);
        dataset.Set(DicomTags.NumberOfFrames, (long)frames);
        var pixels = new byte[frames * Side * Side * 2];
        new Random(3).NextBytes(pixels);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, pixels);
        return new StudyFiles("multi-frame MR", [new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian).ToArray()]);
    }

    /// <summary>A smallest MR: 16 × 16 pixels, to fill archives with many studies.</summary>
    public static StudyFiles Tiny() => Of("MR", 16, 1, 4);

    private static StudyFiles Of(string modality, int side, int slices, int seed) =>
        new(modality, ImageSeriesWriter.Write(Series(modality, side, slices, seed)).Select(file => file.ToArray()));

    private static ImageSeries Series(string modality, int side, int slices, int seed) => new()
    {
        Modality = modality,
        Columns = side,
        Rows = side,
        Slices = slices,
        Affine = Affine.Axial(0.7, 0.7, 1.25, new Vector3D(-180, -180, -125)),
        Voxels = Voxels(side, slices, seed),
        StudyInstanceUid = Uid($"study {seed}"),
        SeriesInstanceUid = Uid($"series {seed}"),
        FrameOfReferenceUid = Uid($"frame of reference {seed}"),
        SopInstanceUid = slice => Uid(string.Create(CultureInfo.InvariantCulture, $"instance {seed} {slice}")),
        Attributes = Attributes(),
    };

    private static DicomDataset Attributes()
    {
        var attributes = new DicomDataset();
        attributes.Set(DicomTags.PatientName, "PHANTOM^BENCHMARK");
        attributes.Set(DicomTags.PatientID, "PHANTOM-0000000");
        attributes.Set(DicomTags.PatientSex, "O");
        attributes.Set(DicomTags.PatientBirthDate, "19700101");
        attributes.Set(DicomTags.StudyDate, "20260102");
        attributes.Set(DicomTags.StudyTime, "030405");
        attributes.Set(DicomTags.AccessionNumber, "A0000001");
        attributes.Set(DicomTags.ReferringPhysicianName, "NOBODY^N");
        attributes.Set(DicomTags.InstitutionName, "Nowhere");
        attributes.Set(DicomTags.StudyDescription, "Generated");
        attributes.Set(DicomTags.SeriesDescription, "Ellipses in noise");
        attributes.Set(DicomTags.ProtocolName, "Benchmark");
        attributes.Set(DicomTags.Manufacturer, "Platform");
        attributes.Set(DicomTags.ManufacturerModelName, "Phantom");
        attributes.Set(DicomTags.SoftwareVersions, "1");
        attributes.Set(DicomTags.PatientPosition, "HFS");
        attributes.Set(DicomTags.WindowCenter, "40");
        attributes.Set(DicomTags.WindowWidth, "400");
        return attributes;
    }

    private static float[] Voxels(int side, int slices, int seed)
    {
        var voxels = new float[side * side * slices];
        Parallel.For(0, slices, slice =>
        {
            var random = new Random((seed * 10_000) + slice);
            for (var i = 0; i < side * side; i++)
            {
                var (x, y) = (((i % side) / (side / 2.0)) - 1, ((i / side) / (side / 2.0)) - 1);
                var tissue = (x * x) + (y * y * 1.6) < 0.7 ? 1040 : 24;
                voxels[(slice * side * side) + i] = tissue + random.Next(0, 60);
            }
        });
        return voxels;
    }

    private static string Uid(string of)
    {
        // The longest form, so that any number fits in its place.
        for (var n = 0; ; n++)
        {
            var uid = DicomUid.FromHash(SHA256.HashData(Encoding.UTF8.GetBytes($"benchmark {of} {n}")));
            if (uid.Length == 44)
            {
                return uid;
            }
        }
    }
}
