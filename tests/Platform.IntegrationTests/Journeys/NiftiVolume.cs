using System.Buffers.Binary;
using System.IO.Compression;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;

namespace Platform.IntegrationTests.Journeys;

/// <summary>A NIfTI-1 volume: voxels with column fastest, and the affine from (column, row, slice) to LPS millimetres.</summary>
public sealed record NiftiVolume(int Columns, int Rows, int Slices, float[] Voxels, Affine Affine)
{
    public static NiftiVolume Read(string path)
    {
        using var file = File.OpenRead(path);
        using var plain = new GZipStream(file, CompressionMode.Decompress);
        using var memory = new MemoryStream();
        plain.CopyTo(memory);
        var bytes = memory.ToArray().AsSpan();

        var (columns, rows, slices) = (Int16(bytes, 42), Int16(bytes, 44), Int16(bytes, 46));
        var type = Int16(bytes, 70);
        var start = Math.Max(352, (int)BinaryPrimitives.ReadSingleLittleEndian(bytes[108..]));
        var voxels = new float[columns * rows * slices];
        for (var i = 0; i < voxels.Length; i++)
        {
            voxels[i] = type switch
            {
                2 => bytes[start + i],
                4 => Int16(bytes, start + (2 * i)),
                16 => BinaryPrimitives.ReadSingleLittleEndian(bytes[(start + (4 * i))..]),
                512 => BinaryPrimitives.ReadUInt16LittleEndian(bytes[(start + (2 * i))..]),
                _ => throw new NotSupportedException($"NIfTI data type {type}."),
            };
        }

        // srow_x, srow_y, srow_z: index to RAS millimetres. LPS has the first two the other way round.
        var matrix = new double[16];
        for (var r = 0; r < 3; r++)
        {
            for (var c = 0; c < 4; c++)
            {
                var value = BinaryPrimitives.ReadSingleLittleEndian(bytes[(280 + (16 * r) + (4 * c))..]);
                matrix[(4 * r) + c] = r < 2 ? -value : value;
            }
        }

        matrix[15] = 1;
        return new NiftiVolume(columns, rows, slices, voxels, Affine.FromMatrix(matrix));
    }

    /// <summary>The same volume as MR instances; the UIDs are new.</summary>
    public IReadOnlyList<DicomFile> ToMrSeries(string studyUid)
    {
        var attributes = new DicomDataset();
        attributes.Set(DicomTags.PatientID, "volume-" + studyUid);
        attributes.Set(DicomTags.PatientName, "Test^Volume");
        attributes.Set(DicomTags.BodyPartExamined, "BRAIN");
        return
        [
            .. ImageSeriesWriter.Write(new ImageSeries
            {
                Modality = "MR",
                Columns = Columns,
                Rows = Rows,
                Slices = Slices,
                Affine = Affine,
                Voxels = Voxels,
                StudyInstanceUid = studyUid,
                SeriesInstanceUid = studyUid + ".1",
                FrameOfReferenceUid = studyUid + ".2",
                SopInstanceUid = slice => $"{studyUid}.1.{slice + 1}",
                Attributes = attributes,
            }),
        ];
    }

    private static short Int16(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadInt16LittleEndian(bytes[offset..]);
}
