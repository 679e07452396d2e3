using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using Platform.Dicom.Pixels;
using Platform.Dicom.Volumes;

namespace Platform.Dicom.Objects;

/// <summary>Reads segmentations (PS3.3 §A.51), binary, fractional and label maps, onto a grid.</summary>
/// <remarks>
/// 1. Describe the segments.
/// 2. Place the frames: parallel planes, sorted along their normal. Slices without a frame are empty, their spacing is
///    Spacing Between Slices, or the smallest distance between frames.
/// 3. Check the budget, and that every frame can be filled by its bytes.
/// 4. Unpack each frame into its slice.
/// </remarks>
public static class SegmentationReader
{
    /// <summary>Voxels of a volume, empty ones among them; each is a byte, or two where labels are wide.</summary>
    public const long DefaultMaxVoxels = 512L << 20;

    /// <summary>Reads a binary segmentation without overlaps, or a label map, on a grid of its own, which spans the slices that have frames.</summary>
    /// <param name="maxVoxels">The largest label volume to make: positions far apart span one that the stored frames do not account for.</param>
    /// <exception cref="DicomException">
    /// InvalidPixels, UnsupportedPixels (fractional, overlapping, numbers above 255), CorruptPixels or OverBudget.
    /// </exception>
    public static Segmentation Read(DicomFile file, long maxVoxels = DefaultMaxVoxels) => Narrow(Open(file, null, byte.MaxValue, maxVoxels));

    /// <summary>Reads on the grid of the series that was segmented; frames beside that grid are InvalidPixels.</summary>
    /// <exception cref="DicomException">As for the other form.</exception>
    public static Segmentation ReadOnto(DicomFile file, SeriesGeometry source) => Narrow(Open(file, source, byte.MaxValue, Array.MaxLength));

    /// <summary>As <see cref="Read"/>, with numbers up to 65,535.</summary>
    /// <exception cref="DicomException">As for <see cref="Read"/>.</exception>
    public static WideSegmentation ReadWide(DicomFile file, long maxVoxels = DefaultMaxVoxels) =>
        Wide(Open(file, null, ushort.MaxValue, maxVoxels));

    /// <summary>As <see cref="ReadOnto"/>, with numbers up to 65,535.</summary>
    /// <exception cref="DicomException">As for <see cref="Read"/>.</exception>
    public static WideSegmentation ReadWideOnto(DicomFile file, SeriesGeometry source) =>
        Wide(Open(file, source, ushort.MaxValue, Array.MaxLength));

    /// <summary>Reads any segmentation as a volume for each segment, on a grid of its own: fractions, and segments that overlap.</summary>
    /// <param name="maxVoxels">Of all volumes together.</param>
    /// <exception cref="DicomException">InvalidPixels, UnsupportedPixels, CorruptPixels (a fraction above its maximum) or OverBudget.</exception>
    public static SegmentMasks ReadMasks(DicomFile file, long maxVoxels = DefaultMaxVoxels) =>
        Masks(Open(file, null, ushort.MaxValue, maxVoxels), maxVoxels);

    /// <summary>As <see cref="ReadMasks"/>, on the grid of the series that was segmented; frames beside that grid are InvalidPixels.</summary>
    /// <exception cref="DicomException">As for the other form.</exception>
    public static SegmentMasks ReadMasksOnto(DicomFile file, SeriesGeometry source, long maxVoxels = DefaultMaxVoxels) =>
        Masks(Open(file, source, ushort.MaxValue, maxVoxels), maxVoxels);

    private static Segmentation Narrow(Opened o) => new(Labels<byte>(o), o.Columns, o.Rows, o.Grid.Slices, o.Grid.Affine, o.Segments);

    private static WideSegmentation Wide(Opened o) => new(Labels<ushort>(o), o.Columns, o.Rows, o.Grid.Slices, o.Grid.Affine, o.Segments);

    private static Opened Open(DicomFile file, SeriesGeometry? source, int maxNumber, long maxVoxels)
    {
        var dataset = file.Dataset;
        var kind = dataset.GetString(DicomTags.SegmentationType);
        if (kind is not ("BINARY" or "FRACTIONAL" or "LABELMAP"))
        {
            throw PixelErrors.Unsupported("The segmentation is neither binary nor fractional nor a label map", DicomTags.SegmentationType);
        }

        var decoder = new FrameDecoder(file);
        var d = decoder.Description;
        if (d.SamplesPerPixel != 1 || d.IsSigned || d.IsFloatingPoint || d.BitsAllocated > (kind == "LABELMAP" ? 16 : 8))
        {
            throw PixelErrors.Invalid("Samples of a segmentation are unsigned, of 1, 8 or, in a label map, 16 bits", DicomTags.BitsAllocated);
        }

        // :: Step 1
        var background = kind == "LABELMAP" ? dataset.GetInt32(DicomTags.PixelPaddingValue) ?? 0 : 0;
        var segments = dataset.GetSequence(DicomTags.SegmentSequence).Select(SegmentItems.Read)
            .Where(s => kind != "LABELMAP" || s.Number != background).OrderBy(s => s.Number).ToList();
        if (segments.Exists(s => s.Number < 1 || s.Number > maxNumber))
        {
            throw PixelErrors.Unsupported($"The volume has segments 1 to {maxNumber}", DicomTags.SegmentNumber);
        }

        if (segments.Select(s => s.Number).Distinct().Count() != segments.Count)
        {
            throw PixelErrors.Invalid("Two segments have one number", DicomTags.SegmentNumber);
        }

        if (d.Photometric == PhotometricInterpretation.PaletteColor)
        {
            var palette = Palette.Of(dataset, d);
            segments = segments.ConvertAll(s => s with { Colour = palette[s.Number] });
        }

        // :: Step 2
        var grid = source is null ? SegmentationGrid.Spanning(dataset, d, maxVoxels) : SegmentationGrid.Onto(dataset, d, source);

        // :: Step 3
        if ((long)d.PixelsPerFrame * grid.Slices > Math.Min(maxVoxels, Array.MaxLength))
        {
            throw PixelErrors.OverBudget(nameof(maxVoxels), maxVoxels, DicomTags.NumberOfFrames);
        }

        for (var frame = 0; frame < d.Frames; frame++)
        {
            decoder.Check(frame);
        }

        return new(dataset, kind, decoder, segments, background, grid);
    }

    // :: Step 4
    private static T[] Labels<T>(Opened o)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (o.Kind == "FRACTIONAL")
        {
            throw PixelErrors.Unsupported("Fractions make no label volume; they are read as masks", DicomTags.SegmentationType);
        }

        var labels = new T[o.Pixels * o.Grid.Slices];
        var isSegment = o.IsSegment();
        o.EachFrame((frame, samples) =>
        {
            var slice = labels.AsSpan(o.Grid.SliceOfFrame[frame] * o.Pixels, o.Pixels);
            if (o.Kind == "BINARY")
            {
                var number = T.CreateTruncating(o.NumberOf(frame, isSegment));
                for (var i = 0; i < slice.Length; i++)
                {
                    if (samples[i] != 0)
                    {
                        Set(ref slice[i], number);
                    }
                }

                return;
            }

            for (var i = 0; i < slice.Length; i++)
            {
                if (o.LabelAt(samples, i, isSegment) is var number and > 0)
                {
                    Set(ref slice[i], T.CreateTruncating(number));
                }
            }
        });
        return labels;

        static void Set(ref T label, T number)
        {
            if (label != T.Zero && label != number)
            {
                throw PixelErrors.Unsupported("Overlapping segments make no label volume; they are read as masks", DicomTags.SegmentsOverlap);
            }

            label = number;
        }
    }

    private static SegmentMasks Masks(Opened o, long maxVoxels)
    {
        var voxels = o.Pixels * o.Grid.Slices;
        if ((long)voxels * o.Segments.Count > maxVoxels)
        {
            throw PixelErrors.OverBudget(nameof(maxVoxels), maxVoxels, DicomTags.SegmentSequence);
        }

        var (maximum, fraction) = o.Kind == "FRACTIONAL" ? Fraction(o.Dataset) : (1, null);
        var masks = o.Segments.ConvertAll(_ => new byte[voxels]);
        var isSegment = o.IsSegment();
        var indexOf = o.Segments.Select((s, i) => (s.Number, i)).ToDictionary(p => p.Number, p => p.i);
        o.EachFrame((frame, samples) =>
        {
            var start = o.Grid.SliceOfFrame[frame] * o.Pixels;
            if (o.Kind == "LABELMAP")
            {
                for (var i = 0; i < o.Pixels; i++)
                {
                    if (o.LabelAt(samples, i, isSegment) is var number and > 0)
                    {
                        masks[indexOf[number]][start + i] = 1;
                    }
                }

                return;
            }

            var mask = masks[indexOf[o.NumberOf(frame, isSegment)]].AsSpan(start, o.Pixels);
            for (var i = 0; i < mask.Length; i++)
            {
                mask[i] = samples[i] <= maximum
                    ? Math.Max(mask[i], samples[i])
                    : throw PixelErrors.Corrupt("A fraction is greater than Maximum Fractional Value");
            }
        });
        return new(masks, maximum, fraction, o.Columns, o.Rows, o.Grid.Slices, o.Grid.Affine, o.Segments);
    }

    private static (int Maximum, FractionKind? Kind) Fraction(DicomDataset dataset)
    {
        var maximum = dataset.GetInt32(DicomTags.MaximumFractionalValue);
        FractionKind? kind = dataset.GetString(DicomTags.SegmentationFractionalType) switch
        {
            "PROBABILITY" => FractionKind.Probability,
            "OCCUPANCY" => FractionKind.Occupancy,
            _ => throw PixelErrors.Invalid("The fractions are neither probability nor occupancy", DicomTags.SegmentationFractionalType),
        };
        return maximum is > 0 and <= byte.MaxValue
            ? (maximum.Value, kind)
            : throw PixelErrors.Invalid("Maximum Fractional Value is not 1 to 255", DicomTags.MaximumFractionalValue);
    }

    /// <summary>A segmentation whose frames have their places and can be decoded.</summary>
    private sealed record Opened(
        DicomDataset Dataset, string Kind, FrameDecoder Decoder, List<Segment> Segments, int Background, SegmentationGrid Grid)
    {
        public int Columns => Decoder.Description.Columns;

        public int Rows => Decoder.Description.Rows;

        public int Pixels => Decoder.Description.PixelsPerFrame;

        /// <summary>By number.</summary>
        public bool[] IsSegment()
        {
            var isSegment = new bool[ushort.MaxValue + 1];
            foreach (var segment in Segments)
            {
                isSegment[segment.Number] = true;
            }

            return isSegment;
        }

        public void EachFrame(Action<int, byte[]> take)
        {
            var samples = ArrayPool<byte>.Shared.Rent(Decoder.Description.FrameBytes);
            try
            {
                for (var frame = 0; frame < Decoder.Description.Frames; frame++)
                {
                    Decoder.Decode(frame, samples.AsSpan(0, Decoder.Description.FrameBytes));
                    take(frame, samples);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(samples);
            }
        }

        /// <summary>The segment of a frame of one segment.</summary>
        public int NumberOf(int frame, bool[] isSegment) =>
            FunctionalGroups.Find(Dataset, frame, DicomTags.SegmentIdentificationSequence)?.GetInt32(DicomTags.ReferencedSegmentNumber)
                is >= 0 and <= ushort.MaxValue and { } number && isSegment[number]
                ? number
                : throw PixelErrors.Invalid("A frame names no segment", DicomTags.ReferencedSegmentNumber);

        /// <summary>The segment of a pixel of a label map; 0 for the background.</summary>
        public int LabelAt(byte[] samples, int pixel, bool[] isSegment)
        {
            var value = Decoder.Description.BytesPerSample == 1 ? samples[pixel] : MemoryMarshal.Cast<byte, ushort>(samples)[pixel];
            return value == Background ? 0
                : isSegment[value] ? value
                : throw PixelErrors.Invalid("A pixel names no segment", DicomTags.SegmentSequence);
        }
    }
}
