using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.Inference.Child;
using Platform.UnitTests.Dicom.Volumes;
using Platform.UnitTests.Peers;
using Xunit;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>Runs of models that take several series, from stored bytes to written objects.</summary>
public sealed class SeriesRunTests : IDisposable
{
    private const string Prior = "2.25.77";
    private static readonly Affine Axial = Affine.Axial(1, 1, 2, new(0, 0, 0));

    private readonly RunStore store = new();

    public void Dispose() => store.Dispose();

    [Fact]
    public async Task A_T1_less_its_T2_becomes_a_series_that_names_both()
    {
        // The T2 has half the columns of twice the width, and the same slices the other way round.
        var t1 = Files((x, y, z) => 1000 + (20 * x) + (3 * y) + (50 * z), "2.25.1", 20, 12, 6, Axial);
        var t2 = Files((x, y, z) => 40 * x, "2.25.2", 10, 12, 6, new Affine(new(2, 0, 0), new(0, 1, 0), new(0, 0, -2), new(0.5, 0, 10)));
        var run = await store.WithSeriesAsync(await store.StoreAsync("difference", "MR", t1), "t2", t2);

        var (result, again) = (await store.ResultAsync(run), await store.ResultAsync(run));

        var files = new List<DicomFile>();
        foreach (var item in result.Objects)
        {
            files.Add(DicomFile.Read(await store.ReadAsync(item.Blob)));
        }

        var made = DicomVolume.Build(files, Ct).Volume!.Voxels;
        for (var i = 0; i < made.Length; i++)
        {
            var (x, y, z) = (i % 20, i / 20 % 12, i / 240);
            var other = 40 * Math.Clamp((x - 0.5) / 2, 0, 9);
            Assert.Equal(1000 + (20 * x) + (3 * y) + (50 * z) - other, made[i], 0.6); // stored as whole numbers
        }

        Assert.Equal((result.ResultHash, 6), (again.ResultHash, files.Count));
        var sources = files[0].Dataset.GetSequence(DicomTags.SourceImageSequence).Select(s => s.GetUid(DicomTags.ReferencedSOPInstanceUID)).ToHashSet();
        Assert.Equal(7, sources.Count); // its own slice and all of the T2
        Assert.Superset(t2.Select(f => f.Dataset.GetUid(DicomTags.SOPInstanceUID)).ToHashSet(), sources);
        await RequireCleanAsync(files[0]);
    }

    [Fact]
    public async Task What_is_brighter_than_before_is_found_where_another_model_saw_the_organ()
    {
        var (now, before) = (Bright("2.25.1", (x, y) => x >= 4 && y >= 4 && y < 12), Bright("2.25.3", (x, y) => x >= 12 && y >= 4 && y < 12, study: Prior));
        var organ = await store.ResultAsync(await store.StoreAsync("threshold", "MR", Bright("2.25.1", (x, y) => x >= 4 && x < 12 && y >= 8 && y < 12)));
        var segmentation = await store.ObjectAsync(organ, "segmentation.dcm");
        var run = await store.WithSeriesAsync(await store.StoreAsync("change", "MR", now), "before", before);

        var alone = await store.ResultAsync(run);
        var within = await store.ResultAsync(await store.WithResultAsync(run, "threshold", segmentation));

        Assert.Equal(8 * 8 * 4 * 2, Assert.Single(alone.Findings).Measurements[0].Value); // 4 to 12 of 16 columns and rows, 4 slices of 2 mm
        Assert.Contains("organ", Assert.Single(alone.Notes), StringComparison.Ordinal);
        Assert.Equal(8 * 4 * 4 * 2, Assert.Single(within.Findings).Measurements[0].Value);
        Assert.Empty(within.Notes);
        Assert.NotEqual(alone.ResultHash, within.ResultHash);

        // The objects say what they were made from: the earlier study apart, the other model's segmentation within the study.
        var made = await store.ObjectAsync(within, "segmentation.dcm");
        Assert.Equal(
            ["2.25.1", segmentation.Dataset.GetUid(DicomTags.SeriesInstanceUID)!],
            made.Dataset.GetSequence(DicomTags.ReferencedSeriesSequence).Select(s => s.GetUid(DicomTags.SeriesInstanceUID)!));
        var earlier = Assert.Single(made.Dataset.GetSequence(DicomTags.StudiesContainingOtherReferencedInstancesSequence));
        Assert.Equal(Prior, earlier.GetUid(DicomTags.StudyInstanceUID));
        Assert.Equal(5, made.Dataset.GetSequence(DicomTags.SourceImageSequence).Count);
        var report = await store.ObjectAsync(within, "report.dcm");
        var evidence = report.Dataset.GetSequence(DicomTags.CurrentRequestedProcedureEvidenceSequence);
        Assert.Equal([Phantom.StudyUid, Prior], evidence.Select(s => s.GetUid(DicomTags.StudyInstanceUID)!).Order(StringComparer.Ordinal));
        await RequireCleanAsync(made);
        await RequireCleanAsync(report);
    }

    [Fact]
    public async Task Another_model_that_found_nothing_leaves_nothing_to_look_at()
    {
        var run = await store.WithSeriesAsync(await store.StoreAsync("change", "MR", Bright("2.25.1", (x, _) => x > 8)), "before", Bright("2.25.3", (_, _) => false));

        var result = await store.ResultAsync(await store.WithResultAsync(run, "threshold"));

        Assert.Empty(result.Findings);
    }

    [Fact]
    public async Task A_number_of_two_whole_volumes_rests_on_all_images_of_both()
    {
        var run = await store.StoreAsync("gap", "MR", Files((_, _, _) => 30, "2.25.1", 12, 12, 8, Axial));
        var both = await store.WithSeriesAsync(run, "t2", Files((_, _, _) => 10, "2.25.2", 30, 30, 5, Affine.Axial(1, 1, 6, new(-5, -5, -5))));

        var (result, alone) = (await store.ResultAsync(both), await store.ResultAsync(run));

        Assert.Equal(20, Assert.Single(result.Findings).Measurements[0].Value, 1e-3);
        Assert.Equal(23, Assert.Single(alone.Findings).Measurements[0].Value, 1e-3);
        var report = MeasurementReportReader.Read((await store.ObjectAsync(result, "report.dcm")).Dataset);
        Assert.Equal([8, 5], report.Images.GroupBy(i => i.SeriesInstanceUid).Select(s => s.Count()));
    }

    [Theory]
    [InlineData("missing", "input-missing")]
    [InlineData("unknown", "input-unknown")]
    [InlineData("twice", "input-unknown")]
    [InlineData("nameless", "no-instances")]
    [InlineData("elsewhere", "input-overlap")]
    [InlineData("other frame of reference", "input-frame-of-reference")]
    [InlineData("CT", "wrong-modality")]
    [InlineData("one slice", "too-few-slices")]
    public async Task A_series_that_does_not_go_with_the_first_is_refused_with_its_name(string what, string code)
    {
        var t1 = Files((x, _, _) => x, "2.25.1", 8, 8, 4, Axial);
        var t2 = what switch
        {
            "elsewhere" => Files((x, _, _) => x, "2.25.2", 8, 8, 4, Affine.Axial(1, 1, 2, new(300, 0, 0))),
            "other frame of reference" => Files((x, _, _) => x, "2.25.2", 8, 8, 4, Axial, frame: "2.25.1999"),
            "CT" => Files((x, _, _) => x, "2.25.2", 8, 8, 4, Axial, modality: "CT"),
            "one slice" => Files((x, _, _) => x, "2.25.2", 8, 8, 3, Axial),
            _ => Files((x, _, _) => x, "2.25.2", 8, 8, 4, Axial),
        };
        var run = await store.StoreAsync("difference", "MR", t1, m => m["furtherInputs"]![0]!["minSlices"] = what == "one slice" ? 4 : 2);
        run = what == "missing" ? run : await store.WithSeriesAsync(run, what == "unknown" ? "flair" : "t2", t2);
        run = what == "twice" ? await store.WithSeriesAsync(run, "t2", t2) : run;
        run = what == "nameless" ? run with { Series = [run.Series[0], run.Series[1] with { Input = null }] } : run;

        var (answer, _) = await store.RunAsync(run);

        Assert.Equal((ComputeOutcome.Refused, code), (answer.Outcome, answer.ReasonCode));
        Assert.True(code is "no-instances" or "input-unknown" || answer.Reason!.Contains("t2", StringComparison.Ordinal), answer.Reason);
    }

    [Theory]
    [InlineData(49, null)]
    [InlineData(51, "input-offset")]
    public async Task Without_a_common_frame_of_reference_the_middles_may_lie_so_far_apart(int offset, string? code)
    {
        var now = Files((x, _, _) => x, "2.25.1", 120, 8, 4, Axial);
        var before = Files((x, _, _) => x, "2.25.3", 120, 8, 4, Affine.Axial(1, 1, 2, new(offset, 0, 0)), frame: "2.25.1999");

        var (answer, _) = await store.RunAsync(await store.WithSeriesAsync(await store.StoreAsync("change", "MR", now), "before", before));

        Assert.Equal(code, answer.ReasonCode);
    }

    [Fact]
    public async Task A_result_that_holds_no_labels_is_refused()
    {
        var run = await store.WithSeriesAsync(await store.StoreAsync("change", "MR", Bright("2.25.1", (x, _) => x > 8)), "before", Bright("2.25.3", (_, _) => false));
        var organ = await store.ResultAsync(await store.StoreAsync("threshold", "MR", Bright("2.25.1", (x, _) => x > 8)));
        var segmentation = await store.ObjectAsync(organ, "segmentation.dcm");
        segmentation.Dataset.Set(DicomTags.SegmentationType, "FRACTIONAL");

        var (answer, _) = await store.RunAsync(await store.WithResultAsync(run, "threshold", segmentation));

        Assert.Equal((ComputeOutcome.Refused, "input-result"), (answer.Outcome, answer.ReasonCode));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>16 × 16 × 4 voxels of 1 × 1 × 2 mm: 300 where it is bright, else 0.</summary>
    private static List<DicomFile> Bright(string series, Func<int, int, bool> isBright, string study = Phantom.StudyUid) =>
        Files((x, y, _) => isBright(x, y) ? 300 : 0, series, 16, 16, 4, Axial, study: study);

    private static List<DicomFile> Files(
        Func<int, int, int, float> value, string series, int columns, int rows, int slices, Affine affine, string modality = "MR",
        string frame = "2.25.1003", string study = Phantom.StudyUid) =>
    [
        .. ImageSeriesWriter.Write(Phantom.Series(value, columns, rows, slices, modality, affine) with
        {
            StudyInstanceUid = study,
            SeriesInstanceUid = series,
            FrameOfReferenceUid = frame,
            SopInstanceUid = slice => $"{series}.{slice + 1}",
        }),
    ];

    private static async Task RequireCleanAsync(DicomFile file)
    {
        var (_, said) = await PeerProgram.RunAsync("dciodvfy", "dicom3tools", file.ToArray());
        var errors = string.Join('\n', said.Split('\n').Where(line => line.StartsWith("Error", StringComparison.Ordinal)));
        Assert.True(errors.Length == 0, errors);
    }
}
