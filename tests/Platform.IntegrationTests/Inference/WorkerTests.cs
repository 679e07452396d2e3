using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.Hosting.Bus;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Inference;

public class WorkerTests(WorkerHost worker, TestServices services) : IClassFixture<WorkerHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_series_comes_in_and_a_measured_finding_and_a_segmentation_go_out()
    {
        var run = await new RunInput { Package = "threshold" }.StoreAsync(worker.Blobs, Ct);

        var finished = await worker.RunAsync(run);
        var result = await worker.ResultAsync(finished);

        Assert.Equal(finished.ResultSha256, Convert.ToHexStringLower(SHA256.HashData(await ReadAsync(finished.ResultBlob!))));
        Assert.Equal((run.TenantId, run.RunId, finished.AttemptId), (result.TenantId, result.RunId, result.AttemptId));
        Assert.Equal(finished.AttemptId, (await worker.StartedAsync(run)).AttemptId);
        var finding = Assert.Single(result.Findings);
        Assert.Equal(6 * 5 * 4 * 2, finding.Measurements[0].Value, 1e-3);
        Assert.Equal([2.5, -6, -1], finding.CentreMm!, (a, b) => Math.Abs(a - b) < 1e-3);
        Assert.Equal([-0.5, -8.5, -5, 5.5, -3.5, 3], finding.BoxMm!, (a, b) => Math.Abs(a - b) < 1e-3);

        Assert.Equal(3, result.Objects.Count);
        var seg = result.Objects[0];
        var bytes = await ReadAsync(seg.Blob);
        Assert.Equal((seg.Length, seg.Sha256), (bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes))));
        var segmentation = SegmentationReader.Read(DicomFile.Read(bytes));
        Assert.Equal(finding.TrackingUid, Assert.Single(segmentation.Segments).TrackingUid);

        Assert.Equal(BlobNames.Outlines(run.TenantId, run.RunId, finished.AttemptId), result.Outlines!.Blob);
        var outlines = JsonSerializer.Deserialize<RunOutlines>(await ReadAsync(result.Outlines.Blob), PlatformJson.Options)!;
        Assert.Equal(segmentation.Segments[0].Label, Assert.Single(outlines.Segments).Label);
        Assert.Equal(["2.25.2004", "2.25.2005", "2.25.2006", "2.25.2007"], outlines.Images.Select(i => i.SopInstanceUid));
        Assert.All(outlines.Images, image => Assert.Equal([20, 10, 26, 10, 26, 15, 20, 15], Assert.Single(image.Paths).Points));
    }

    [Fact]
    public async Task A_run_that_is_delivered_twice_gives_the_same_result_and_the_same_uids()
    {
        var run = await new RunInput { Package = "threshold" }.StoreAsync(worker.Blobs, Ct);

        var (first, second) = (await worker.RunAsync(run), await worker.RunAsync(run));

        Assert.NotEqual(first.AttemptId, second.AttemptId);
        var (a, b) = (await worker.ResultAsync(first), await worker.ResultAsync(second));
        Assert.Equal(a.ResultHash, b.ResultHash);
        Assert.Equal(a.Objects[0].SopInstanceUid, b.Objects[0].SopInstanceUid);
        Assert.Equal(a.Findings[0].TrackingUid, b.Findings[0].TrackingUid);
        Assert.NotEqual(a.Objects[0].Blob, b.Objects[0].Blob);
    }

    [Fact]
    public async Task The_hippocampus_of_the_sample_is_measured_as_its_author_saw_it()
    {
        var folder = RunInput.PackageFolder("hippocampus-volume");
        var golden = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "manifest.json"), Ct))
            .RootElement.GetProperty("golden").EnumerateArray().Single(g => g.GetProperty("kind").GetString() == "volume");
        var bytes = await File.ReadAllBytesAsync(Path.Combine(folder, golden.GetProperty("input").GetProperty("file").GetString()!), Ct);
        var voxels = new float[bytes.Length / 2];
        for (var i = 0; i < voxels.Length; i++)
        {
            voxels[i] = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * i));
        }

        int[] shape = [.. golden.GetProperty("input").GetProperty("shape").EnumerateArray().Select(n => n.GetInt32())];
        double[] spacing = [.. golden.GetProperty("spacingMm").EnumerateArray().Select(n => n.GetDouble())];
        var affine = Affine.Axial(spacing[0], spacing[1], spacing[2], new Vector3D(0, 0, 0));
        var series = RunInput.Of("MR", shape[2], shape[1], shape[0], affine, voxels);
        var run = await new RunInput { Package = "hippocampus-volume", Series = series }.StoreAsync(worker.Blobs, Ct);

        var result = await worker.ResultAsync(await worker.RunAsync(run));
        TestContext.Current.SendDiagnosticMessage($"Cold: {result.Seconds}");
        TestContext.Current.SendDiagnosticMessage($"Warm: {(await worker.ResultAsync(await worker.RunAsync(run))).Seconds}");

        foreach (var expected in golden.GetProperty("expectedMm3").EnumerateObject())
        {
            var measured = result.Findings.Single(f => f.Concept.Value == expected.Name).Measurements[0].Value;
            Assert.InRange(measured / expected.Value.GetDouble(), 0.98, 1.02);
        }

        Assert.Equal(
            [DicomUids.SegmentationStorage, DicomUids.Comprehensive3DSRStorage, DicomUids.KeyObjectSelectionDocumentStorage],
            result.Objects.Select(o => o.SopClassUid));
    }

    public static TheoryData<string> Bad => new(
        "hash-mismatch", "instance-missing", "series-gap", "too-few-slices", "wrong-modality", "truncated", "not-dicom", "no-pixels",
        "undecodable", "unsupported-transfer-syntax",
        "single-slice", "manifest-missing", "manifest-mismatch", "field-of-view", "too-coarse", "model-missing", "repeated-position");

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task Bad_input_fails_with_its_true_reason_and_the_next_run_is_unharmed(string reason)
    {
        var run = await StoreBadAsync(reason);

        var finished = await worker.RunAsync(run);

        Assert.Equal((RunOutcome.Failed, reason), (finished.Outcome, finished.ReasonCode));
        Assert.NotEmpty(finished.Reason!);
        var good = await new RunInput { Package = "threshold" }.StoreAsync(worker.Blobs, Ct);
        await worker.ResultAsync(await worker.RunAsync(good));
    }

    [Fact]
    public async Task A_killed_child_is_reported_as_a_crash_and_replaced()
    {
        var run = await new RunInput { Package = "slow" }.StoreAsync(worker.Blobs, Ct);
        await worker.RequestAsync(run);
        await worker.PhaseAsync(run, "Infer");

        Assert.Single(WorkerHost.Children()).Kill();
        var finished = await worker.FinishedAsync(run);

        Assert.Equal((RunOutcome.Crashed, "child-died"), (finished.Outcome, finished.ReasonCode));
        var next = await new RunInput { Package = "threshold" }.StoreAsync(worker.Blobs, Ct);
        await worker.ResultAsync(await worker.RunAsync(next));
    }

    [Fact]
    public async Task A_run_over_its_time_is_stopped_and_reported_as_a_crash()
    {
        var run = await new RunInput { Package = "slow", TimeLimitSeconds = 2 }.StoreAsync(worker.Blobs, Ct);

        var finished = await worker.RunAsync(run);

        Assert.Equal((RunOutcome.Crashed, "time-limit"), (finished.Outcome, finished.ReasonCode));
    }

    [Fact]
    public async Task A_cancelled_run_stops()
    {
        var run = await new RunInput { Package = "slow" }.StoreAsync(worker.Blobs, Ct);
        await worker.RequestAsync(run);
        await worker.PhaseAsync(run, "Infer");

        await worker.CancelAsync(run);

        Assert.Equal(RunOutcome.Cancelled, (await worker.FinishedAsync(run)).Outcome);
    }

    [Fact]
    public async Task Beats_list_a_run_from_its_delivery_to_its_end()
    {
        var run = await new RunInput { Package = "threshold" }.StoreAsync(worker.Blobs, Ct);

        var finished = await worker.RunAsync(run);

        await worker.UntilAsync(() => worker.Beats.Any(b => b.Running.Any(r => r.AttemptId == finished.AttemptId)));
        await worker.UntilAsync(() => worker.Beats.Last().Running.Count == 0);
        var beat = worker.Beats.Last();
        Assert.Equal((1, false), (beat.Slots, beat.IsDraining));
        Assert.StartsWith("cpu-", beat.Device, StringComparison.Ordinal);
        Assert.Contains(run.Model.Hash, beat.LoadedModels);
        Assert.InRange(beat.MemoryBytes, 50 << 20, 4L << 30);
    }

    [Fact]
    public async Task A_worker_that_is_told_to_stop_says_so_and_gives_back_what_it_cannot_finish()
    {
        await using var leaving = new WorkerHost(services);
        leaving.Settings["Inference:DrainTimeout"] = "00:00:02";
        await leaving.InitializeAsync();
        var run = await new RunInput { Package = "slow" }.StoreAsync(leaving.Blobs, Ct);
        await leaving.RequestAsync(run);
        await leaving.PhaseAsync(run, "Infer");

        await leaving.StopAsync();

        Assert.Contains(leaving.Beats, b => b.IsDraining);
        var rabbit = await services.RabbitAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (await rabbit.QueueDepthAsync(leaving.Settings["Bus:VirtualHost"]!, QueueNames.RunRequested, limit.Token) != (1, 0))
        {
            await Task.Delay(200, limit.Token);
        }

        // A worker that comes later computes it.
        await leaving.StartAsync();
        await leaving.PhaseAsync(run, "Infer");
    }

    [Fact]
    public async Task A_run_whose_result_nobody_has_taken_is_not_given_up()
    {
        await using var leaving = new WorkerHost(services);
        leaving.Settings["Inference:DrainTimeout"] = "00:00:02";
        await leaving.InitializeAsync();
        var rabbit = await services.RabbitAsync();
        await rabbit.UnbindAsync(leaving.Settings["Bus:VirtualHost"]!, "Platform.Contracts:RunFinished", Ct);
        var run = await new RunInput { Package = "threshold" }.StoreAsync(leaving.Blobs, Ct);

        await leaving.RequestAsync(run);
        var attempt = (await leaving.StartedAsync(run)).AttemptId;
        var result = BlobNames.Attempt(run.TenantId, run.RunId, attempt, "result.json");
        while (await leaving.Blobs.GetLengthAsync(result, Ct) is null)
        {
            await Task.Delay(50, Ct);
        }

        var before = leaving.Beats.Count;
        await leaving.UntilAsync(() => leaving.Beats.Count >= before + 4);
        Assert.All(leaving.Beats.Skip(before + 1), b => Assert.Contains(b.Running, r => r.AttemptId == attempt));
        await leaving.StopAsync();

        await leaving.StartAsync(); // the listener binds its queue again
        Assert.Equal(RunOutcome.Succeeded, (await leaving.FinishedAsync(run)).Outcome);
    }

    [Fact]
    public async Task A_run_ahead_is_prepared_while_another_infers_and_follows_it()
    {
        await using var busy = new WorkerHost(services);
        busy.Settings["Inference:Ahead"] = "1";
        await busy.InitializeAsync();
        var slow = await new RunInput { Package = "slow" }.StoreAsync(busy.Blobs, Ct);
        var quick = await new RunInput { Package = "threshold" }.StoreAsync(busy.Blobs, Ct);
        await Task.WhenAll(busy.RunAsync(quick), busy.RunAsync(quick)); // both children are there, and warm
        await busy.RequestAsync(slow);
        await busy.PhaseAsync(slow, "Infer");
        var next = await new RunInput { Package = "threshold" }.StoreAsync(busy.Blobs, Ct);

        await busy.RequestAsync(next);
        await busy.StartedAsync(next);
        await busy.UntilAsync(() => busy.Beats.Last() is { Slots: 2, Running.Count: 2 });
        var before = busy.Beats.Count;
        await busy.UntilAsync(() => busy.Beats.Count >= before + 3);
        Assert.All(busy.Beats.Skip(before), b => Assert.Contains(b.Running, r => r.RunId == next.RunId && r.Phase != "Infer"));
        await busy.CancelAsync(slow);

        Assert.Equal(RunOutcome.Cancelled, (await busy.FinishedAsync(slow)).Outcome);
        var finished = await busy.FinishedAsync(next);
        await busy.ResultAsync(finished);
        Assert.InRange(finished.ComputeSeconds, 0, 10);
    }

    [Fact]
    public async Task A_child_killed_while_it_infers_lets_the_run_ahead_go_on()
    {
        await using var busy = new WorkerHost(services);
        busy.Settings["Inference:Ahead"] = "1";
        await busy.InitializeAsync();
        var slow = await new RunInput { Package = "slow" }.StoreAsync(busy.Blobs, Ct);
        await busy.RequestAsync(slow);
        await busy.PhaseAsync(slow, "Infer");
        var next = await new RunInput { Package = "threshold" }.StoreAsync(busy.Blobs, Ct);
        await busy.RequestAsync(next);
        await busy.UntilAsync(() => busy.Beats.Last().Running.Count == 2);

        // Of all children the one that computes: another worker's may be there, too.
        var children = WorkerHost.Children().Select(child => (Child: child, Before: child.TotalProcessorTime)).ToList();
        await Task.Delay(TimeSpan.FromSeconds(1), Ct);
        children.ForEach(c => c.Child.Refresh());
        children.MaxBy(c => c.Child.TotalProcessorTime - c.Before).Child.Kill();
        var crash = await busy.FinishedAsync(slow);

        Assert.Equal((RunOutcome.Crashed, "child-died"), (crash.Outcome, crash.ReasonCode));
        await busy.ResultAsync(await busy.FinishedAsync(next));
    }


    private async Task<RunManifest> StoreBadAsync(string reason)
    {
        var input = reason switch
        {
            "series-gap" => new RunInput { Package = "threshold", Change = files => files.Where((_, i) => i != 5) },
            "too-few-slices" => new RunInput { Package = "hippocampus-volume", Change = files => files.Take(3) },
            "single-slice" => new RunInput { Package = "threshold", Change = files => files.Take(1) },
            "wrong-modality" => new RunInput { Package = "threshold-ct" },
            "truncated" => new RunInput { Package = "threshold", Change = files => files.Select(f => f[..^100]) },
            "undecodable" => Compressed(DicomTransferSyntax.RleLossless),
            "unsupported-transfer-syntax" => Compressed(DicomTransferSyntax.Find("1.2.840.10008.1.2.4.100")!),
            "not-dicom" => new RunInput { Package = "threshold", Change = files => files.Select(f => "no DICOM at all"u8.ToArray()) },
            "no-pixels" => new RunInput { Package = "threshold", Change = files => files.Select(WithoutPixels) },
            "repeated-position" => new RunInput { Package = "threshold", Change = files => files.Append(Renamed(files[3])) },
            "field-of-view" => new RunInput { Package = "hippocampus-volume", Series = Scaled(0.4, 12) },
            "too-coarse" => new RunInput { Package = "hippocampus-volume", Series = Scaled(2, 12) },
            _ => new RunInput { Package = "threshold" },
        };
        var run = await input.StoreAsync(worker.Blobs, Ct);
        var instance = run.Series[0].Instances[^1];
        return reason switch
        {
            "hash-mismatch" => await RestoreAsync(run with { Series = WithInstance(run, instance with { Sha256 = new string('0', 64) }) }),
            "instance-missing" => await RestoreAsync(run with { Series = WithInstance(run, instance with { Blob = instance.Blob + "x" }) }),
            "manifest-mismatch" => await RestoreAsync(run with { TenantId = Guid.CreateVersion7() }, run.TenantId),
            "model-missing" => await RestoreAsync(run with
            {
                Model = run.Model with { Hash = new string('a', 64), Blob = BlobNames.Model(new string('a', 64)) },
            }),
            "manifest-missing" => run with { RunId = Guid.CreateVersion7() },
            _ => run,
        };
    }

    /// <summary>Stores a changed manifest as that of a new run.</summary>
    private async Task<RunManifest> RestoreAsync(RunManifest manifest, Guid? tenantId = null)
    {
        var run = manifest with { RunId = Guid.CreateVersion7() };
        var name = BlobNames.Manifest(tenantId ?? run.TenantId, run.RunId);
        await RunInput.WriteAsync(worker.Blobs, name, JsonSerializer.SerializeToUtf8Bytes(run, PlatformJson.Options), Ct);
        return tenantId is { } owner ? run with { TenantId = owner } : run;
    }

    private static IReadOnlyList<ManifestSeries> WithInstance(RunManifest run, ManifestInstance changed) =>
        [run.Series[0] with { Instances = [.. run.Series[0].Instances.SkipLast(1), changed] }];

    private static ImageSeries Scaled(double spacing, int slices)
    {
        var series = RunInput.Block("MR");
        var affine = Affine.Axial(spacing, spacing, spacing, new Vector3D(0, 0, 0));
        return RunInput.Of("MR", series.Columns, series.Rows, slices, affine, series.Voxels[..(series.Columns * series.Rows * slices)].ToArray());
    }

    /// <summary>Declares a compressed syntax over a fragment that is none.</summary>
    private static RunInput Compressed(DicomTransferSyntax syntax) => new()
    {
        Package = "threshold",
        Change = files => files.Select(file =>
        {
            var dataset = DicomFile.Read(WithoutPixels(file)).Dataset;
            byte[] pixels =
            [
                0xE0, 0x7F, 0x10, 0x00, (byte)'O', (byte)'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, // Pixel Data of undefined length
                0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0, // an empty offset table
                0xFE, 0xFF, 0x00, 0xE0, 4, 0, 0, 0, 1, 2, 3, 4, // one fragment
                0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0,
            ];
            return (byte[])[.. new DicomFile(dataset, syntax).ToArray(), .. pixels];
        }),
    };

    private static byte[] WithoutPixels(byte[] file)
    {
        var dicom = DicomFile.Read(file);
        dicom.Dataset.Remove(DicomTags.PixelData);
        return dicom.ToArray();
    }

    private static byte[] Renamed(byte[] file)
    {
        var dicom = DicomFile.Read(file);
        dicom.Dataset.Set(DicomTags.SOPInstanceUID, "2.25.4711");
        return dicom.ToArray();
    }

    private async Task<byte[]> ReadAsync(string name)
    {
        await using var blob = await worker.Blobs.OpenReadAsync(name, Ct);
        using var bytes = new MemoryStream();
        await blob!.CopyToAsync(bytes, Ct);
        return bytes.ToArray();
    }
}
