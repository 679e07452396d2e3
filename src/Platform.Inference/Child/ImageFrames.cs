using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Platform.Dicom;
using Platform.Dicom.Pixels;
using Platform.Inference.Images;
using Platform.Inference.Packages;
using Platform.Inference.Previews;

namespace Platform.Inference.Child;

/// <summary>The images of a series that a model takes: one, or every frame of all of them. Pixels are decoded as they are asked for.</summary>
internal sealed class ImageFrames
{
    /// <summary>Frames that are read where a manifest takes all and names no number.</summary>
    private const int MostFrames = 256;

    private static readonly DicomReadOptions HeaderOnly = new() { StopBeforePixelData = true };

    private readonly InputSpec wanted;
    private readonly List<(DicomDataset Header, FetchedInstance From)> images;
    private readonly Stopwatch decoding = new();
    private (int Image, DicomFile File, FrameDecoder Decoder)? opened;
    private VoiTransform? window;

    private ImageFrames(InputSpec wanted, List<(DicomDataset Header, FetchedInstance From)> images, IReadOnlyList<(int Image, int Frame)> places, IReadOnlyList<string> notes)
    {
        this.wanted = wanted;
        this.images = images;
        Places = places;
        Notes = notes;
    }

    /// <summary>Which frames (from 0) of which images, in the order of the images' numbers.</summary>
    public IReadOnlyList<(int Image, int Frame)> Places { get; }

    /// <summary>Sentences for the reader of the result.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Time that decoding took so far.</summary>
    public TimeSpan Decoding => decoding.Elapsed;

    /// <summary>The header of a place's image.</summary>
    public DicomDataset Header(int place) => images[Places[place].Image].Header;

    /// <summary>:: 1 headers, :: 2 images of a wanted view by instance number, :: 3 the first frame of the first, or all frames of all.</summary>
    /// <exception cref="InputRefusedException">The series holds no image that the model takes; the code says why.</exception>
    public static async Task<ImageFrames> OpenAsync(IReadOnlyList<FetchedInstance> instances, string modality, InputSpec wanted, CancellationToken ct)
    {
        if (!wanted.Takes(modality))
        {
            throw new InputRefusedException(
                "wrong-modality", $"The model takes series of modality {wanted.Modality}; choose another series or model.");
        }

        // :: Step 1
        var headers = new List<(DicomDataset Header, FetchedInstance From)>(instances.Count);
        foreach (var instance in instances)
        {
            try
            {
                headers.Add(((await instance.OpenAsync(HeaderOnly, ct)).Dataset, instance));
            }
            catch (DicomException e)
            {
                throw SeriesInput.Unreadable(e);
            }
        }

        // :: Step 2
        var images = headers.Where(h => IsWanted(h.Header, wanted)).OrderBy(h => h.Header.GetInt32(DicomTags.InstanceNumber) ?? int.MaxValue).ToList();
        if (images.Count == 0)
        {
            throw new InputRefusedException(
                "wrong-view", $"The model takes the view {string.Join(" or ", wanted.Views!)}; the series holds others. Send that view.");
        }

        // :: Step 3
        if (!wanted.TakesEveryFrame)
        {
            return new ImageFrames(
                wanted, images, [(0, 0)], instances.Count == 1 ? [] : [$"One of the {instances.Count} images of the series was read."]);
        }

        var counts = images.ConvertAll(h => (long)Math.Max(1, h.Header.GetInt32(DicomTags.NumberOfFrames) ?? 1));
        var (total, most) = (counts.Sum(), wanted.MaxFrames ?? MostFrames);
        return new ImageFrames(
            wanted,
            images,
            Spread(counts, (int)Math.Min(total, most)),
            total <= most ? [] : [string.Create(CultureInfo.InvariantCulture, $"{most} of {total} frames were read, evenly spread.")]);
    }

    /// <summary>Decodes a place; frames without a window of their own are shown as the first of them that was read.</summary>
    /// <exception cref="InputRefusedException">Its pixels cannot be decoded, or are not what the model takes.</exception>
    public async Task<ImageInput> ReadAsync(int place, CancellationToken ct)
    {
        var (image, frame) = Places[place];
        decoding.Start();
        try
        {
            if (opened?.Image != image)
            {
                opened = null;
                var file = await images[image].From.OpenAsync(DicomReadOptions.Default, ct);
                opened = (image, file, new FrameDecoder(file));
            }

            return Decode(opened!.Value.Decoder, opened.Value.File.Dataset, frame);
        }
        catch (DicomException e)
        {
            throw SeriesInput.Unreadable(e);
        }
        finally
        {
            decoding.Stop();
        }
    }

    /// <summary>All places in their order, one at a time in memory.</summary>
    /// <exception cref="InputRefusedException">One cannot be decoded, or is not what the model takes.</exception>
    public async IAsyncEnumerable<ImageInput> ReadAllAsync([EnumeratorCancellation] CancellationToken ct)
    {
        for (var place = 0; place < Places.Count; place++)
        {
            yield return await ReadAsync(place, ct);
        }
    }

    /// <summary>So many of all frames, evenly: the n-th is the n × total / number-th that there is.</summary>
    private static List<(int Image, int Frame)> Spread(List<long> counts, int number)
    {
        var (places, total, image, before) = (new List<(int, int)>(number), counts.Sum(), 0, 0L);
        for (var i = 0L; i < number; i++)
        {
            var at = i * total / number;
            while (at >= before + counts[image])
            {
                before += counts[image++];
            }

            places.Add((image, (int)(at - before)));
        }

        return places;
    }

    private static bool IsWanted(DicomDataset header, InputSpec wanted) =>
        wanted.Views is not { Count: > 0 } views
        || header.GetString(DicomTags.ViewPosition) is not { Length: > 0 } view
        || views.Contains(view, StringComparer.OrdinalIgnoreCase);

    private ImageInput Decode(FrameDecoder decoder, DicomDataset dataset, int frame)
    {
        var d = decoder.Description;
        if (FrameRendering.IsColour(d) && wanted.Colour is null)
        {
            throw new InputRefusedException("colour", "The image is in colour; the model takes grey ones. Send the original image.");
        }

        if (frame >= d.Frames)
        {
            throw new InputRefusedException("undecodable", "The pixels of a stored image cannot be decoded; export the series again.");
        }

        var (picture, shownBy, _) = FrameRendering.Render(decoder, dataset, frame, window, isSearched: false);
        window ??= shownBy;
        var shown = picture.Channels == 1
            ? PlanarImage.OfDisplay(d.Rows, d.Columns, picture.Pixels)
            : new PlanarImage(d.Rows, d.Columns, Luminance(picture)) { Colours = wanted.IsRgb ? Colours(picture) : [] };
        if (wanted.Values != "modality")
        {
            return new(dataset, frame, shown, shown);
        }

        var values = GC.AllocateUninitializedArray<float>(d.PixelsPerFrame);
        decoder.DecodeToSingle(frame, values);
        return new(dataset, frame, shown, new PlanarImage(d.Rows, d.Columns, values));
    }

    /// <summary>Red, green and blue, 0 to 1.</summary>
    private static float[][] Colours(Picture picture)
    {
        float[][] colours = [.. Enumerable.Range(0, 3).Select(_ => GC.AllocateUninitializedArray<float>(picture.Rows * picture.Columns))];
        for (var i = 0; i < picture.Pixels.Length; i++)
        {
            colours[i % 3][i / 3] = picture.Pixels[i] / (float)byte.MaxValue;
        }

        return colours;
    }

    /// <summary>Of colours, 0 to 1 (ITU-R BT.601).</summary>
    private static float[] Luminance(Picture picture)
    {
        var display = GC.AllocateUninitializedArray<float>(picture.Rows * picture.Columns);
        for (var i = 0; i < display.Length; i++)
        {
            var rgb = picture.Pixels.AsSpan(3 * i, 3);
            display[i] = ((0.299f * rgb[0]) + (0.587f * rgb[1]) + (0.114f * rgb[2])) / byte.MaxValue;
        }

        return display;
    }
}
