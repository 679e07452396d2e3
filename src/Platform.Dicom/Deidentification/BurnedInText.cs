using System.Buffers;
using System.Runtime.InteropServices;
using Platform.Dicom.Pixels;

namespace Platform.Dicom.Deidentification;

/// <summary>Why the pixels of an instance may identify; each is a reason to put it aside until a person has looked.</summary>
public enum PixelSuspicion
{
    /// <summary>Burned In Annotation (0028,0301) is YES.</summary>
    DeclaredBurnedIn,

    /// <summary>Recognizable Visual Features (0028,0302) is YES: a face, say.</summary>
    DeclaredRecognizable,

    /// <summary>A screen, a scanned document or a digitised film: secondary capture, or a Conversion Type that says so (PS3.3 §C.8.6.1).</summary>
    Captured,

    /// <summary>An ultrasound or other modality that writes names into its images, without Burned In Annotation being NO.</summary>
    UsuallyAnnotated,

    /// <summary>Overlay bits lie in unused bits of the pixels (retired, PS3.3 §C.9.2): removing the overlay's attributes leaves them there.</summary>
    OverlayInPixels,

    /// <summary>A frame shows rows of shapes that look like letters.</summary>
    TextFound,
}

/// <summary>Looks for pixels that may identify (PS3.15 §E.3.1): by what the header says of them, and for text in the frames themselves.</summary>
public static class BurnedInText
{
    private const int MinHeight = 4;
    private const int MaxHeight = 40;
    private const int MinLetters = 8;

    /// <summary>
    /// Tones between uneven ink and an even ground. What is closer is one tissue, cut in two by the tone that is looked for.
    /// </summary>
    private const int MinContrast = 32;

    /// <summary>From this share of one tone on ink is even, and may be as faint as it will.</summary>
    private const double EvenInk = 0.8;

    /// <summary>
    /// How letters may be drawn: lighter than a tone or darker; how much of the ground and of the ink has one tone. Small smoothed
    /// letters need an even ground; on tissue only ink of the extreme tone can be told from it.
    /// </summary>
    private static readonly Drawing[] Drawings =
    [
        new(192, IsDark: false, 0.5, 1, 0.35), new(100, IsDark: false, 0.7, 32, 0.1), new(250, IsDark: false, 0, 1, 0.8),
        new(64, IsDark: true, 0.5, 1, 0.35), new(155, IsDark: true, 0.7, 32, 0.1), new(5, IsDark: true, 0, 1, 0.8),
    ];

    /// <summary>All that the header gives reason to suspect; reads no pixels.</summary>
    public static IReadOnlyList<PixelSuspicion> Suspect(DicomDataset dataset)
    {
        var found = new List<PixelSuspicion>();
        var burnedIn = dataset.GetString(DicomTags.BurnedInAnnotation)?.ToUpperInvariant();
        if (burnedIn == "YES")
        {
            found.Add(PixelSuspicion.DeclaredBurnedIn);
        }

        if (string.Equals(dataset.GetString(DicomTags.RecognizableVisualFeatures), "YES", StringComparison.OrdinalIgnoreCase))
        {
            found.Add(PixelSuspicion.DeclaredRecognizable);
        }

        var sopClass = dataset.GetString(DicomTags.SOPClassUID) ?? "";
        if (sopClass == DicomUids.SecondaryCaptureImageStorage
            || sopClass.StartsWith(DicomUids.SecondaryCaptureImageStorage + ".", StringComparison.Ordinal) // of many frames
            || dataset.GetString(DicomTags.ConversionType) is "DV" or "DF" or "SD" or "SI" or "DRW")
        {
            found.Add(PixelSuspicion.Captured);
        }

        if (burnedIn != "NO" && dataset.GetString(DicomTags.Modality) is "US" or "IVUS" or "ES" or "XC" or "OT" or "SC" or "ECG")
        {
            found.Add(PixelSuspicion.UsuallyAnnotated);
        }

        if (dataset.Any(e => e.Tag is { Group: >= 0x6000 and <= 0x60FF, Element: 0x0102 } && dataset.GetInt32(e.Tag) > 0))
        {
            found.Add(PixelSuspicion.OverlayInPixels);
        }

        return found;
    }

    /// <summary>As for the header, and text in the frames: first, middle and last, for what a device writes it writes on all.</summary>
    /// <exception cref="DicomException">As <see cref="FrameDecoder.Decode(int)"/>.</exception>
    public static IReadOnlyList<PixelSuspicion> Suspect(DicomFile file)
    {
        var found = Suspect(file.Dataset);
        if (!PixelDescription.ArePresent(file.Dataset))
        {
            return found;
        }

        var decoder = new FrameDecoder(file);
        var frames = decoder.Description.Frames;
        return new[] { 0, frames / 2, frames - 1 }.Distinct().Any(frame => CountLines(Luminance(decoder, frame), decoder.Description) > 0)
            ? [.. found, PixelSuspicion.TextFound]
            : found;
    }

    /// <summary>Whether a frame of grey values shows a line of letters; black to white over the values that it has, whatever their unit.</summary>
    /// <param name="values">Row by row; not finite ones make it no picture.</param>
    public static bool ShowsText(ReadOnlySpan<float> values, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, rows * columns);
        var (low, high) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var value in values)
        {
            (low, high) = (Math.Min(low, value), Math.Max(high, value)); // NaN stays
        }

        if (!double.IsFinite(low) || !double.IsFinite(high) || high <= low)
        {
            return false;
        }

        var luminance = ArrayPool<byte>.Shared.Rent(values.Length);
        try
        {
            var scale = 255 / (high - low);
            for (var i = 0; i < values.Length; i++)
            {
                luminance[i] = (byte)((values[i] - low) * scale);
            }

            return CountLines(luminance.AsSpan(0, values.Length), rows, columns) > 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(luminance);
        }
    }

    /// <summary>Whether a frame in colour shows a line of letters.</summary>
    /// <param name="rgb">Three bytes a pixel, row by row.</param>
    public static bool ShowsTextInColour(ReadOnlySpan<byte> rgb, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(rgb.Length, 3 * rows * columns);
        var luminance = ArrayPool<byte>.Shared.Rent(rows * columns);
        try
        {
            var frame = luminance.AsSpan(0, rows * columns);
            ToLuminance(rgb, frame);
            return CountLines(frame, rows, columns) > 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(luminance);
        }
    }

    private static void ToLuminance(ReadOnlySpan<byte> rgb, Span<byte> luminance)
    {
        for (var i = 0; i < luminance.Length; i++)
        {
            luminance[i] = (byte)(((rgb[3 * i] * 77) + (rgb[(3 * i) + 1] * 151) + (rgb[(3 * i) + 2] * 28)) >> 8);
        }
    }

    private static int CountLines(byte[] luminance, PixelDescription description) =>
        CountLines(luminance, description.Rows, description.Columns);

    /// <summary>How many lines of letters a frame of one byte a pixel shows.</summary>
    /// <remarks>
    /// A letter is a small connected shape, darker or lighter than what is around it; letters of a line stand beside each other with
    /// like height, on an even ground or drawn in one even tone, which tissue and noise are not.
    /// </remarks>
    public static int CountLines(ReadOnlySpan<byte> luminance, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(luminance.Length, rows * columns);
        var lines = 0;
        foreach (var drawing in Drawings)
        {
            lines = Math.Max(lines, Lines(luminance, rows, columns, drawing));
        }

        return lines;
    }

    private static int Lines(ReadOnlySpan<byte> luminance, int rows, int columns, Drawing drawing)
    {
        var letters = Letters(luminance, rows, columns, drawing);
        if (letters.Count == 0)
        {
            return 0;
        }

        letters.Sort((a, b) => a.Left.CompareTo(b.Left));
        var (open, ended, swept) = (new List<Line>(), new List<Line>(), 0);
        foreach (var letter in letters)
        {
            if (letter.Left - swept > MaxHeight)
            {
                // A line too far to the left takes nothing more.
                ended.AddRange(open.Where(l => l.Count >= MinLetters && letter.Left - l.Right > 3 * MaxHeight));
                open.RemoveAll(l => letter.Left - l.Right > 3 * MaxHeight);
                swept = letter.Left;
            }

            // The line that ends closest to the left of this letter, at the same height.
            Line? best = null;
            foreach (var line in open)
            {
                if (line.Takes(letter) && (best is null || line.Right > best.Right))
                {
                    best = line;
                }
            }

            if (best is null)
            {
                open.Add(new Line(letter));
            }
            else
            {
                best.Add(letter);
            }
        }

        var found = 0;
        foreach (var line in ended.Concat(open))
        {
            found += line.Count >= MinLetters && IsDrawn(luminance, columns, line, drawing) ? 1 : 0;
        }

        return found;
    }

    /// <summary>Connected shapes of letter size, by runs of ink: no recursion, and one label for each run of a row.</summary>
    private static List<Letter> Letters(ReadOnlySpan<byte> luminance, int rows, int columns, Drawing drawing)
    {
        var parents = new List<int>();
        var boxes = new List<Letter>();
        var (above, current) = (new List<Run>(), new List<Run>());
        for (var y = 0; y < rows; y++)
        {
            current.Clear();
            var row = luminance.Slice(y * columns, columns);
            var next = 0;
            for (var x = drawing.NextInk(row, 0); x < columns;)
            {
                var end = drawing.NextGround(row, x + 1);
                while (next < above.Count && above[next].End < x)
                {
                    next++;
                }

                // Corners connect; the last one above may touch the next run too.
                var label = -1;
                for (var i = next; i < above.Count && above[i].Start <= end; i++)
                {
                    label = Join(parents, boxes, label, above[i].Label);
                }

                if (label < 0)
                {
                    label = parents.Count;
                    parents.Add(label);
                    boxes.Add(new Letter(x, y, end - 1, y, end - x));
                }
                else
                {
                    boxes[label] = boxes[label].Union(new Letter(x, y, end - 1, y, end - x));
                }

                current.Add(new Run(x, end, label));
                x = drawing.NextInk(row, end);
            }

            (above, current) = (current, above);
        }

        var letters = new List<Letter>();
        for (var i = 0; i < boxes.Count; i++)
        {
            var box = boxes[i];
            if (parents[i] == i && box.Height is >= MinHeight and <= MaxHeight && box.Width <= 5 * box.Height
                && box.Area >= box.Height && box.Area <= box.Width * box.Height * 9 / 10 + box.Height)
            {
                letters.Add(box);
            }
        }

        return letters;
    }

    private static int Join(List<int> parents, List<Letter> boxes, int label, int neighbour)
    {
        var root = neighbour;
        while (parents[root] != root)
        {
            root = parents[root] = parents[parents[root]];
        }

        if (label < 0 || label == root)
        {
            return root;
        }

        var (kept, gone) = label < root ? (label, root) : (root, label);
        parents[gone] = kept;
        boxes[kept] = boxes[kept].Union(boxes[gone]);
        return kept;
    }

    /// <summary>Whether the ground between the letters, or what they are drawn with, has one tone.</summary>
    private static bool IsDrawn(ReadOnlySpan<byte> luminance, int columns, Line line, Drawing drawing)
    {
        Span<int> ink = stackalloc int[256];
        Span<int> ground = stackalloc int[256];
        ink.Clear();
        ground.Clear();
        for (var y = line.Top; y <= line.Bottom; y++)
        {
            foreach (var value in luminance.Slice((y * columns) + line.Left, line.Right - line.Left + 1))
            {
                (drawing.IsInk(value) ? ink : ground)[value]++;
            }
        }

        var (groundShare, groundTone) = Commonest(ground, drawing.GroundTones);
        var (inkShare, inkTone) = Commonest(ink, 1);
        var contrast = Math.Max(groundTone - inkTone, inkTone - (groundTone + drawing.GroundTones - 1));
        return groundShare >= drawing.GroundShare && inkShare >= drawing.InkShare && (inkShare >= EvenInk || contrast >= MinContrast);
    }

    /// <summary>The share of the commonest tone, or of the commonest of so many tones beside each other, and the first of these.</summary>
    private static (double Share, int Tone) Commonest(ReadOnlySpan<int> histogram, int tones)
    {
        var (all, most, tone) = (0, 0, 0);
        for (var i = 0; i < histogram.Length; i += tones)
        {
            var count = 0;
            foreach (var one in histogram.Slice(i, tones))
            {
                count += one;
            }

            all += count;
            (most, tone) = count > most ? (count, i) : (most, tone);
        }

        return (all == 0 ? 0 : (double)most / all, tone);
    }

    /// <summary>One byte a pixel, black to white over the values that the frame has.</summary>
    private static byte[] Luminance(FrameDecoder decoder, int frame)
    {
        var description = decoder.Description;
        var luminance = new byte[description.PixelsPerFrame];
        if (description.SamplesPerPixel > 1 || description.Photometric == PhotometricInterpretation.PaletteColor)
        {
            var rgb = new byte[3 * luminance.Length];
            decoder.DecodeToRgb(frame, rgb);
            ToLuminance(rgb, luminance);
            return luminance;
        }

        var samples = decoder.Decode(frame);
        double[] values = description.BytesPerSample switch
        {
            1 when description.IsSigned => [.. MemoryMarshal.Cast<byte, sbyte>(samples).ToArray().Select(v => (double)v)],
            1 => [.. samples.Select(v => (double)v)],
            2 when description.IsSigned => [.. MemoryMarshal.Cast<byte, short>(samples).ToArray().Select(v => (double)v)],
            2 => [.. MemoryMarshal.Cast<byte, ushort>(samples).ToArray().Select(v => (double)v)],
            _ => [],
        };
        if (values.Length == 0)
        {
            return luminance; // maps of 32 or 64 bits have no letters
        }

        var (low, high) = (values.Min(), values.Max());
        var scale = high > low ? 255 / (high - low) : 0;
        for (var i = 0; i < values.Length; i++)
        {
            luminance[i] = (byte)((values[i] - low) * scale);
        }

        return luminance;
    }

    private readonly record struct Drawing(byte Tone, bool IsDark, double GroundShare, int GroundTones, double InkShare)
    {
        public bool IsInk(byte value) => IsDark ? value <= Tone : value >= Tone;

        /// <summary>The first pixel of ink from here on; the length of the row when there is none.</summary>
        public int NextInk(ReadOnlySpan<byte> row, int from)
        {
            var at = IsDark ? row[from..].IndexOfAnyInRange((byte)0, Tone) : row[from..].IndexOfAnyInRange(Tone, (byte)255);
            return at < 0 ? row.Length : from + at;
        }

        /// <summary>The first pixel that is no ink from here on; the length of the row when there is none.</summary>
        public int NextGround(ReadOnlySpan<byte> row, int from)
        {
            var at = IsDark ? row[from..].IndexOfAnyExceptInRange((byte)0, Tone) : row[from..].IndexOfAnyExceptInRange(Tone, (byte)255);
            return at < 0 ? row.Length : from + at;
        }
    }

    /// <summary>Ink from <c>Start</c> to before <c>End</c>.</summary>
    private readonly record struct Run(int Start, int End, int Label);

    private readonly record struct Letter(int Left, int Top, int Right, int Bottom, int Area)
    {
        public int Width => Right - Left + 1;

        public int Height => Bottom - Top + 1;

        public Letter Union(Letter o) => new(
            Math.Min(Left, o.Left), Math.Min(Top, o.Top), Math.Max(Right, o.Right), Math.Max(Bottom, o.Bottom), Area + o.Area);
    }

    private sealed class Line(Letter first)
    {
        private Letter _last = first;

        public int Left { get; } = first.Left;

        public int Right { get; private set; } = first.Right;

        public int Top { get; private set; } = first.Top;

        public int Bottom { get; private set; } = first.Bottom;

        /// <summary>Small letters touch: a wide shape is several.</summary>
        public int Count { get; private set; } = Letters(first);

        /// <summary>On the same line (feet or heads level), of like height, and near.</summary>
        public bool Takes(Letter letter)
        {
            var height = Math.Max(letter.Height, _last.Height);
            var slack = Math.Max(1, height / 5);
            var isLevel = Math.Abs(letter.Bottom - _last.Bottom) <= slack || Math.Abs(letter.Top - _last.Top) <= slack;
            return isLevel && 2 * Math.Min(letter.Height, _last.Height) >= height
                && letter.Left > _last.Left && letter.Left - Right <= 2 * height;
        }

        private static int Letters(Letter letter) => Math.Max(1, letter.Width / letter.Height);

        public void Add(Letter letter)
        {
            _last = letter;
            Count += Letters(letter);
            Right = Math.Max(Right, letter.Right);
            Top = Math.Min(Top, letter.Top);
            Bottom = Math.Max(Bottom, letter.Bottom);
        }
    }
}
