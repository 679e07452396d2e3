using System.Net;
using System.Text.Json;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Xunit;

namespace Platform.IntegrationTests.Journeys;

/// <summary>What a labelled volume gave: Dice of both parts from the SEG, and the volume of the finding against the label's.</summary>
public sealed record HippocampusMeasure(int Number, double AnteriorDice, double PosteriorDice, double TrueMm3, double FoundMm3)
{
    public double MeanDice => (AnteriorDice + PosteriorDice) / 2;

    public double VolumeError => Math.Abs(FoundMm3 - TrueMm3) / TrueMm3;

    /// <summary>
    /// 1. Write the volume as an MR series. 2. Store it by STOW-RS and complete the study. 3. Wait for the finding.
    /// 4. Fetch the SEG by WADO-RS. 5. Compare it with the labels, voxel by voxel in patient space.
    /// </summary>
    public static async Task<HippocampusMeasure> TakeAsync(
        PlatformClient client, int number, string imagePath, string labelPath, CancellationToken ct)
    {
        // :: Step 1
        var studyUid = DicomUid.New();
        var series = NiftiVolume.Read(imagePath).ToMrSeries(studyUid);

        // :: Step 2
        var (status, _) = await client.StoreAsync(series.Select(f => f.ToArray()), ct);
        Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Accepted, $"STOW-RS answered {status}.");
        await client.CompleteAsync(studyUid, ct);

        // :: Step 3
        var study = await client.FinishedStudyAsync(studyUid, ct);
        var run = Assert.Single(study.GetProperty("runs").EnumerateArray());
        Assert.Equal("Succeeded", run.GetProperty("status").GetString());
        var found = run.GetProperty("findings").EnumerateArray()
            .Where(f => f.GetProperty("concept").GetProperty("value").GetString() == "5366008")
            .SelectMany(f => f.GetProperty("measurements").EnumerateArray())
            .Single(m => m.GetProperty("concept").GetProperty("value").GetString() == "118565006")
            .GetProperty("value").GetDouble();

        // :: Step 4
        var storedStudyUid = study.GetProperty("studyInstanceUid").GetString()!;
        var computed = study.GetProperty("series").EnumerateArray()
            .Single(s => s.GetProperty("modality").GetString() == "SEG").GetProperty("seriesInstanceUid").GetString()!;
        var instance = Assert.Single(await client.InstancesAsync(storedStudyUid, computed, ct));
        var seg = await client.InstanceAsync(storedStudyUid, computed, Value(instance, "00080018"), ct);

        // :: Step 5
        var geometry = SeriesGeometry.Read([.. series.Select(f => f.Dataset)]).Geometry;
        Assert.NotNull(geometry);
        var labels = NiftiVolume.Read(labelPath);
        return Compare(number, SegmentationReader.ReadOnto(seg, geometry), labels, found);
    }

    private static HippocampusMeasure Compare(int number, Segmentation found, NiftiVolume truth, double foundMm3)
    {
        Span<int> both = stackalloc int[3];
        Span<int> inFound = stackalloc int[3];
        Span<int> inTruth = stackalloc int[3];
        foreach (var label in truth.Voxels)
        {
            inTruth[(int)label]++;
        }

        var index = 0;
        for (var z = 0; z < found.Slices; z++)
        {
            for (var y = 0; y < found.Rows; y++)
            {
                for (var x = 0; x < found.Columns; x++, index++)
                {
                    var label = found.Labels[index];
                    var at = truth.Affine.ToIndex(found.Affine.ToPatient(x, y, z));
                    var voxel = ((((int)Math.Round(at.Z) * truth.Rows) + (int)Math.Round(at.Y)) * truth.Columns) + (int)Math.Round(at.X);
                    inFound[label]++;
                    both[label] += label != 0 && (int)truth.Voxels[voxel] == label ? 1 : 0;
                }
            }
        }

        var trueMm3 = (inTruth[1] + inTruth[2]) * Math.Abs(truth.Affine.SignedVoxelVolumeMm3);
        return new HippocampusMeasure(
            number,
            2.0 * both[1] / (inFound[1] + inTruth[1]),
            2.0 * both[2] / (inFound[2] + inTruth[2]),
            trueMm3,
            foundMm3);
    }

    private static string Value(JsonElement instance, string tag) =>
        instance.GetProperty(tag).GetProperty("Value")[0].GetString()!;
}
