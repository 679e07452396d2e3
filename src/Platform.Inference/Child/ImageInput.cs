using System.Numerics.Tensors;
using Platform.Dicom;
using Platform.Dicom.Pixels;
using Platform.Inference.Images;
using Platform.Inference.Packages;
using Platform.Inference.Previews;

namespace Platform.Inference.Child;

/// <summary>The one image of a series that a model takes, with its pixels.</summary>
/// <param name="Header">Of the chosen instance, without its pixels' bytes being read again.</param>
/// <param name="Display">0 black to 1 white, as its sender wanted it shown.</param>
/// <param name="Values">What the model takes: display or modality values.</param>
/// <param name="Notes">Sentences for the reader of the result.</param>
internal sealed record ImageInput(DicomDataset Header, PlanarImage Display, PlanarImage Values, IReadOnlyList<string> Notes)
{
    private static readonly DicomReadOptions HeaderOnly = new() { StopBeforePixelData = true };

    /// <summary>:: 1 headers, :: 2 the first image of a wanted view by instance number, :: 3 its first frame.</summary>
    /// <exception cref="InputRefusedException">The series holds no image that the model takes; the code says why.</exception>
    public static async Task<ImageInput> ReadAsync(IReadOnlyList<string> paths, string modality, InputSpec wanted, CancellationToken ct)
    {
        if (!wanted.Takes(modality))
        {
            throw new InputRefusedException(
                "wrong-modality", $"The model takes series of modality {wanted.Modality}; choose another series or model.");
        }

        try
        {
            // :: Step 1
            var headers = new List<(DicomDataset Header, string Path)>(paths.Count);
            foreach (var path in paths)
            {
                headers.Add(((await DicomFile.OpenAsync(path, HeaderOnly, ct)).Dataset, path));
            }

            // :: Step 2
            var (_, chosen) = headers.Where(h => IsWanted(h.Header, wanted)).OrderBy(h => h.Header.GetInt32(DicomTags.InstanceNumber) ?? int.MaxValue)
                .FirstOrDefault();
            if (chosen is null)
            {
                throw new InputRefusedException(
                    "wrong-view", $"The model takes the view {string.Join(" or ", wanted.Views!)}; the series holds others. Send that view.");
            }

            // :: Step 3
            var file = await DicomFile.OpenAsync(chosen, DicomReadOptions.Default, ct);
            var notes = paths.Count == 1 ? (IReadOnlyList<string>)[] : [$"One of the {paths.Count} images of the series was read."];
            return Decode(file, wanted, notes);
        }
        catch (DicomException e)
        {
            throw SeriesInput.Unreadable(e);
        }
    }

    private static bool IsWanted(DicomDataset header, InputSpec wanted) =>
        wanted.Views is not { Count: > 0 } views
        || header.GetString(DicomTags.ViewPosition) is not { Length: > 0 } view
        || views.Contains(view, StringComparer.OrdinalIgnoreCase);

    private static ImageInput Decode(DicomFile file, InputSpec wanted, IReadOnlyList<string> notes)
    {
        var decoder = new FrameDecoder(file);
        var d = decoder.Description;
        if (FrameRendering.IsColour(d))
        {
            throw new InputRefusedException("colour", "The image is in colour; the model takes grey ones. Send the original image.");
        }

        var (picture, _, _) = FrameRendering.Render(decoder, file.Dataset, 0, windowless: null, isSearched: false);
        var display = new float[picture.Pixels.Length];
        TensorPrimitives.ConvertTruncating<byte, float>(picture.Pixels, display);
        TensorPrimitives.Divide(display, byte.MaxValue, display);
        var shown = new PlanarImage(d.Rows, d.Columns, display);
        if (wanted.Values != "modality")
        {
            return new(file.Dataset, shown, shown, notes);
        }

        var values = new float[d.PixelsPerFrame];
        decoder.DecodeToSingle(0, values);
        return new(file.Dataset, shown, new PlanarImage(d.Rows, d.Columns, values), notes);
    }
}
