using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;

namespace Platform.IntegrationTests.Runs;

/// <summary>Small MR studies with one bright block, and how STOW-RS takes them.</summary>
internal static class TestStudy
{
    private const int Side = 16;

    /// <summary>One series; the UIDs are new, the pixels follow from the number of slices.</summary>
    public static (string StudyUid, IReadOnlyList<byte[]> Files) Make(int slices)
    {
        var root = "2.25." + RandomNumberGenerator.GetInt32(1, int.MaxValue).ToString(CultureInfo.InvariantCulture)
            + RandomNumberGenerator.GetInt32(1, int.MaxValue).ToString(CultureInfo.InvariantCulture);
        var voxels = new float[Side * Side * slices];
        for (var i = 0; i < voxels.Length; i++)
        {
            var (x, y) = (i % Side, i / Side % Side);
            voxels[i] = x is >= 4 and < 12 && y is >= 4 and < 12 ? 1000 + (i % 7) : 10 + (i % 5);
        }

        var series = new ImageSeries
        {
            Modality = "MR",
            Columns = Side,
            Rows = Side,
            Slices = slices,
            Affine = new Affine(new Vector3D(1, 0, 0), new Vector3D(0, 1, 0), new Vector3D(0, 0, 1), new Vector3D(0, 0, 0)),
            Voxels = voxels,
            StudyInstanceUid = root,
            SeriesInstanceUid = root + ".1",
            FrameOfReferenceUid = root + ".2",
            SopInstanceUid = slice => string.Create(CultureInfo.InvariantCulture, $"{root}.1.{slice + 1}"),
        };
        return (root, [.. ImageSeriesWriter.Write(series).Select(file => file.ToArray())]);
    }

    /// <summary>Images in a series of their own of somebody's study; the UID of each is that of the series and its number.</summary>
    public static (string SeriesUid, IReadOnlyList<byte[]> Files) MakeImages(string studyUid, int slices)
    {
        var uid = "2.25." + RandomNumberGenerator.GetInt32(1, int.MaxValue).ToString(CultureInfo.InvariantCulture);
        var series = new ImageSeries
        {
            Modality = "MR",
            Columns = Side,
            Rows = Side,
            Slices = slices,
            Affine = new Affine(new Vector3D(1, 0, 0), new Vector3D(0, 1, 0), new Vector3D(0, 0, 1), new Vector3D(0, 0, 0)),
            Voxels = new float[Side * Side * slices],
            StudyInstanceUid = studyUid,
            SeriesInstanceUid = uid,
            FrameOfReferenceUid = uid + ".0",
            SopInstanceUid = slice => string.Create(CultureInfo.InvariantCulture, $"{uid}.{slice + 1}"),
        };
        return (uid, [.. ImageSeriesWriter.Write(series).Select(file => file.ToArray())]);
    }

    public static HttpContent Multipart(IEnumerable<byte[]> files)
    {
        var body = new MultipartContent("related");
        body.Headers.ContentType!.Parameters.Add(new NameValueHeaderValue("type", "\"application/dicom\""));
        foreach (var file in files)
        {
            var part = new ByteArrayContent(file);
            part.Headers.ContentType = new MediaTypeHeaderValue("application/dicom");
            body.Add(part);
        }

        return body;
    }
}
