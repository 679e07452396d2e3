using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Platform.Dicom.Pixels;
using Platform.Hosting.Blobs;
using Platform.Inference.Child;

namespace Platform.Inference.Previews;

/// <summary>One attempt at a part of a preview, in the child. An image that cannot be shown is an answer, and the others are shown.</summary>
internal sealed class PreviewComputation(BlobStore blobs, string scratch)
{
    private const int FullSide = 2048;
    private const int FullQuality = 90;
    private const int ParallelReads = 4;

    /// <summary>Instances that lie in the scratch folder at once.</summary>
    private const int InstancesAhead = 16;

    public async Task<PreviewAnswer> RunAsync(PreviewRequest request, CancellationToken ct)
    {
        var (manifest, attemptId) = (request.Manifest, request.AttemptId);
        var folder = Path.Combine(scratch, attemptId.ToString("N"));
        var store = new AttemptBlobs(blobs, manifest.TenantId, BlobNames.Preview(manifest.TenantId, manifest.PreviewId, attemptId, ""));
        try
        {
            Directory.CreateDirectory(folder);
            var index = request.Index is null
                ? await StripAsync(manifest, store, folder, ct)
                : await FullAsync(manifest, request.Index, store, folder, ct);
            return index.Images.FirstOrDefault(i => i.ReasonCode is null) is null
                ? Refused(WhyNone(index))
                : new(attemptId, ComputeOutcome.Succeeded, (await store.WriteJsonAsync(FileOf(index), index, ct)).Sha256, null, null);
        }
        catch (InputRefusedException e)
        {
            return Refused(new(e.Code, e.Message));
        }
        catch (BlobsLostException e)
        {
            return new(attemptId, ComputeOutcome.InfrastructureLost, null, "blobs-lost", e.InnerException!.GetType().Name);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return new(attemptId, ComputeOutcome.Cancelled, null, "cancelled", "The preview was cancelled.");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        PreviewAnswer Refused(PreviewReason reason) => new(attemptId, ComputeOutcome.Refused, null, reason.Code, reason.Sentence);
    }

    /// <summary>
    /// :: 1 headers of all instances, :: 2 display order, :: 3 which images make the strip, :: 4 a window for groups of images whose
    /// sender named none, :: 5 tiles, :: 6 sprite and index.
    /// </summary>
    private static async Task<PreviewIndex> StripAsync(PreviewManifest manifest, AttemptBlobs store, string folder, CancellationToken ct)
    {
        // :: Step 1
        var (listed, unreadable) = await ReadHeadersAsync(manifest, store, ct);
        if (listed.Count == 0)
        {
            var reason = unreadable ?? PreviewReason.NoPixels;
            throw new InputRefusedException(reason.Code, reason.Sentence);
        }

        // :: Step 2
        var images = SeriesImages.InDisplayOrder(listed);
        var entries = images.Select((image, i) => Entry(manifest, image, i)).ToArray();

        // :: Step 3
        var chosen = StripLayout.Choose(images.Count).Where(i => images[i].Reason is null).ToList();

        // :: Step 4
        var windows = await GroupWindowsAsync(manifest, store, folder, images, chosen.FindAll(i => images[i].Group.Length > 0 && images[i].Window is null), ct);
        for (var i = 0; i < entries.Length; i++)
        {
            if (images[i].Window is null && windows.TryGetValue(images[i].Group, out var window))
            {
                entries[i] = entries[i] with { WindowCentre = window.Centre, WindowWidth = window.Width };
            }
        }

        // :: Step 5
        var tiles = new Picture?[entries.Length];
        await RenderAsync(
            manifest,
            store,
            folder,
            entries,
            chosen,
            _ => true,
            (i, picture) =>
            {
                tiles[i] = picture.Within(StripLayout.TileSize, StripLayout.TileSize);
                return Task.CompletedTask;
            },
            ct);

        // :: Step 6
        var shown = chosen.FindAll(i => tiles[i] is not null);
        if (shown.Count == 0)
        {
            return new PreviewIndex(null, entries, null);
        }

        await store.WriteAsync(BlobNames.PreviewStripFile, StripLayout.Encode(StripLayout.Compose([.. shown.Select(i => tiles[i]!)])), ct);
        return new PreviewIndex(StripLayout.Describe(shown), entries, null);
    }

    /// <summary>Every image in full size into one pack, instance by instance.</summary>
    private static async Task<PreviewIndex> FullAsync(
        PreviewManifest manifest, PreviewIndex strip, AttemptBlobs store, string folder, CancellationToken ct)
    {
        var entries = strip.Images.ToArray();
        var (offsets, lengths, at) = (new long[entries.Length], new int[entries.Length], 0L);
        IReadOnlyList<int> wanted = [.. Enumerable.Range(0, entries.Length).Where(i => entries[i].ReasonCode is null)];
        HashSet<int> inStrip = [.. strip.Strip?.Images ?? []];
        await store.WriteAsync(
            BlobNames.PreviewPackFile,
            write => RenderAsync(
                manifest,
                store,
                folder,
                entries,
                wanted,
                i => strip.Images[i].Suspicions is null || !inStrip.Contains(i), // null: made before letters were looked for
                async (i, picture) =>
                {
                    var jpeg = Jpeg.Encode(picture.Within(FullSide, FullSide), FullQuality);
                    await write(jpeg);
                    (offsets[i], lengths[i], at) = (at, jpeg.Length, at + jpeg.Length);
                },
                ct),
            ct);
        return new PreviewIndex(null, entries, new PreviewPack(at, offsets, lengths));
    }

    private static async Task<(List<SeriesImage> Images, PreviewReason? Unreadable)> ReadHeadersAsync(
        PreviewManifest manifest, AttemptBlobs store, CancellationToken ct)
    {
        var read = new (List<SeriesImage> Images, PreviewReason? Reason)[manifest.Instances.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelReads, CancellationToken = ct };
        await Parallel.ForAsync(0, read.Length, options, async (i, token) =>
        {
            try
            {
                using var header = await store.ReadHeaderAsync(manifest.Instances[i], token);
                read[i] = ([.. SeriesImages.Of(header, i, SeriesImages.Most)], null);
            }
            catch (DicomException e)
            {
                read[i] = ([], PreviewReason.Of(e));
            }
            catch (InputRefusedException e)
            {
                read[i] = ([], new(e.Code, e.Message));
            }
        });
        return ([.. read.SelectMany(r => r.Images).Take(SeriesImages.Most)], read.FirstOrDefault(r => r.Reason is not null).Reason);
    }

    private static PreviewImage Entry(PreviewManifest manifest, SeriesImage image, int index) => new(
        index,
        manifest.Instances[image.Instance].SopInstanceUid,
        image.Frame + 1,
        image.Rows,
        image.Columns,
        image.Plane.SpacingMm is { } spacing ? [spacing.Rows, spacing.Columns] : null,
        image.Window is { IsTable: false } window ? window.Centre : null,
        image.Window is { IsTable: false } same ? same.Width : null,
        image.Plane.Position is { } p ? [p.X, p.Y, p.Z] : null,
        image.Reason?.Code,
        image.Reason?.Sentence,
        image.Suspicions);

    /// <summary>One window for the windowless images of a group, from those that are in the strip: scrolling must not flicker.</summary>
    private static async Task<Dictionary<string, VoiTransform>> GroupWindowsAsync(
        PreviewManifest manifest, AttemptBlobs store, string folder, List<SeriesImage> images, List<int> windowless, CancellationToken ct)
    {
        var samples = new Dictionary<string, List<float>>();
        await EachAsync(
            manifest,
            store,
            folder,
            [.. windowless.Select(i => (i, images[i].Instance, images[i].Frame))],
            (i, decoder, dataset) =>
            {
                var values = new float[decoder.Description.PixelsPerFrame];
                decoder.DecodeToSingle(images[i].Frame, values);
                if (!samples.TryGetValue(images[i].Group, out var group))
                {
                    samples[images[i].Group] = group = [];
                }

                group.AddRange(FrameRendering.Sample(values, dataset, images[i].Frame));
                return Task.CompletedTask;
            },
            (_, _) => { }, // said when it is rendered
            ct);
        return samples.ToDictionary(s => s.Key, s => FrameRendering.Percentiles([.. s.Value]));
    }

    /// <summary>
    /// Renders images and hands each on; those that cannot be rendered get their reason, all of them their window, and those that
    /// are searched say if they show letters.
    /// </summary>
    private static Task RenderAsync(
        PreviewManifest manifest,
        AttemptBlobs store,
        string folder,
        PreviewImage[] entries,
        IReadOnlyList<int> wanted,
        Predicate<int> isSearched,
        Func<int, Picture, Task> take,
        CancellationToken ct)
    {
        var instances = manifest.Instances.Select((instance, i) => (instance.SopInstanceUid, i)).ToDictionary(p => p.SopInstanceUid, p => p.i);
        return EachAsync(
            manifest,
            store,
            folder,
            [.. wanted.Select(i => (i, instances[entries[i].SopInstanceUid], entries[i].Frame - 1))],
            async (i, decoder, dataset) =>
            {
                if (decoder.Description.PixelsPerFrame > FrameRendering.MaxPixels)
                {
                    Say(i, PreviewReason.TooLarge);
                    return;
                }

                var windowless = entries[i] is { WindowCentre: { } centre, WindowWidth: { } width } ? new VoiTransform(centre, width, VoiFunction.LinearExact) : null;
                var (picture, window, showsText) = FrameRendering.Render(decoder, dataset, entries[i].Frame - 1, windowless, isSearched(i));
                if (showsText)
                {
                    entries[i] = entries[i] with { Suspicions = [.. entries[i].Suspicions ?? [], nameof(PixelSuspicion.TextFound)] };
                }

                if (window is { IsTable: false })
                {
                    entries[i] = entries[i] with { WindowCentre = window.Centre, WindowWidth = window.Width };
                }

                await take(i, picture);
            },
            Say,
            ct);

        void Say(int i, PreviewReason reason) => entries[i] = entries[i] with { ReasonCode = reason.Code, Reason = reason.Sentence };
    }

    /// <summary>Fetches the instances of images, some ahead, and opens each image; one at a time, instance by instance.</summary>
    private static async Task EachAsync(
        PreviewManifest manifest,
        AttemptBlobs store,
        string folder,
        IReadOnlyList<(int Image, int Instance, int Frame)> wanted,
        Func<int, FrameDecoder, DicomDataset, Task> open,
        Action<int, PreviewReason> refuse,
        CancellationToken ct)
    {
        foreach (var chunk in wanted.GroupBy(w => w.Instance).Chunk(InstancesAhead))
        {
            var reasons = new PreviewReason?[chunk.Length];
            var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelReads, CancellationToken = ct };
            await Parallel.ForAsync(0, chunk.Length, options, async (i, token) =>
            {
                try
                {
                    await store.FetchAsync(manifest.Instances[chunk[i].Key], PathOf(i), token);
                }
                catch (InputRefusedException e)
                {
                    reasons[i] = new(e.Code, e.Message);
                }
            });
            for (var i = 0; i < chunk.Length; i++)
            {
                await OpenAsync(PathOf(i), reasons[i], [.. chunk[i].Select(w => (w.Image, w.Frame))], open, refuse, ct);
                File.Delete(PathOf(i));
            }
        }

        string PathOf(int i) => Path.Combine(folder, $"{i}.dcm");
    }

    private static async Task OpenAsync(
        string path,
        PreviewReason? reason,
        IReadOnlyList<(int Image, int Frame)> images,
        Func<int, FrameDecoder, DicomDataset, Task> open,
        Action<int, PreviewReason> refuse,
        CancellationToken ct)
    {
        (DicomFile File, FrameDecoder Decoder)? opened = null;
        try
        {
            if (reason is null)
            {
                var file = await DicomFile.OpenAsync(path, DicomReadOptions.Default, ct);
                opened = (file, new FrameDecoder(file));
            }
        }
        catch (DicomException e)
        {
            reason = PreviewReason.Of(e);
        }

        foreach (var (image, _) in images)
        {
            ct.ThrowIfCancellationRequested();
            try
            {
                if (opened is { } o)
                {
                    await open(image, o.Decoder, o.File.Dataset);
                }
                else
                {
                    refuse(image, reason!);
                }
            }
            catch (DicomException e)
            {
                refuse(image, PreviewReason.Of(e));
            }
        }
    }

    private static PreviewReason WhyNone(PreviewIndex index)
    {
        var first = index.Images.First(i => i.ReasonCode is not null);
        return new(first.ReasonCode!, first.Reason!);
    }

    private static string FileOf(PreviewIndex index) => index.Pack is null ? BlobNames.PreviewIndexFile : BlobNames.PreviewFullFile;
}
