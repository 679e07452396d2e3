using System.Collections.Concurrent;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using Platform.Dicom;
using Platform.Dicom.Pixels;
using Platform.UnitTests.Corpus;
using Xunit;

namespace Platform.UnitTests.Differential;

/// <summary>Frames of the given files, decoded here, by GDCM (package libgdcm-tools) and by DCMTK (package dcmtk).</summary>
public class FrameDifferentialTests(ITestOutputHelper output)
{
    private const int FramesEach = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The largest difference of a sample of 8 bits; deeper ones in proportion. PS3.5 §8.2.1 leaves the exactness of the inverse cosine
    /// transform to ISO/IEC 10918-2, and that of the irreversible wavelet to ISO/IEC 15444-4; every other syntax here is exact.
    /// </summary>
    private static readonly Dictionary<string, int> Tolerances = new(StringComparer.Ordinal)
    {
        ["1.2.840.10008.1.2.4.50"] = 2,
        ["1.2.840.10008.1.2.4.51"] = 2,
        ["1.2.840.10008.1.2.4.53"] = 2,
        ["1.2.840.10008.1.2.4.55"] = 2,
        ["1.2.840.10008.1.2.4.91"] = 1,
    };

    /// <summary>Differences that the standard settles, or leaves open.</summary>
    private static readonly (string Name, Func<DicomTransferSyntax, FrameDecoder, byte[], byte[], bool> IsSettled)[] Settled =
    [
        // PS3.5 §7.3: in big endian the most significant byte of a number comes first.
        ("without the order of words", DiffersInWordsOnly),

        // ISO/IEC 10918-1 §A.1.1 says how components are sampled, and nothing of how they are brought back to full size.
        ("without the spread of chrominance", DiffersInChrominanceOnly),
    ];

    private const string Refused = "refused by";

    private static bool IsLong => Environment.GetEnvironmentVariable("PLATFORM_TEST_LONG") == "1";

    [Fact]
    public async Task Frames_of_the_given_files_are_those_that_gdcm_or_dcmtk_decodes()
    {
        var (counts, failures) = (new ConcurrentDictionary<string, int>(StringComparer.Ordinal), new ConcurrentQueue<string>());
        var options = new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = TestContext.Current.CancellationToken };
        await Parallel.ForEachAsync(CorpusFiles.All("given"), options, async (path, ct) =>
        {
            var (outcome, failure) = await CompareAsync(path, ct);
            counts.AddOrUpdate(outcome, 1, (_, n) => n + 1);
            if (failure is not null)
            {
                failures.Enqueue($"{Path.GetFileName(path)}: {failure}");
            }
        });
        foreach (var (outcome, count) in counts.OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            output.WriteLine($"{count} {outcome}");
        }

        Assert.True(failures.IsEmpty, string.Join('\n', failures));
    }

    private static async Task<(string Outcome, string? Failure)> CompareAsync(string path, CancellationToken ct)
    {
        // :: Step 1: our frames. Little endian and native they are slices of the file, which the short run leaves to the other tests.
        FrameDecoder ours;
        DicomTransferSyntax syntax;
        List<byte[]> frames;
        try
        {
            var file = DicomFile.Read(await File.ReadAllBytesAsync(path, ct));
            syntax = file.Syntax;
            if (!PixelDescription.ArePresent(file.Dataset)
                || (!IsLong && syntax is { IsEncapsulated: false, IsDeflated: false, IsBigEndian: false }))
            {
                return ("without pixels to compare", null);
            }

            ours = new FrameDecoder(file);
            frames = [.. Enumerable.Range(0, Math.Min(FramesEach, ours.Description.Frames)).Select(ours.Decode)];
        }
        catch (DicomException)
        {
            return ("refused here", null); // PixelCorpusTests lists those, with the reasons
        }

        // :: Step 2: GDCM's, and DCMTK's where GDCM refuses or says something else.
        var (outcome, failure) = await AgainstAsync(["gdcmconv", "--raw"], path, ours, frames, syntax, ct);
        if (failure is null)
        {
            return ($"{syntax.Uid}: {outcome} GDCM's", null);
        }

        var (other, stillFailure) = await AgainstAsync(Dcmtk(syntax), path, ours, frames, syntax, ct);
        return stillFailure is null
            ? ($"{syntax.Uid}: {other} DCMTK's, not GDCM's ({outcome})", null)
            : outcome == Refused && other == Refused
                ? ($"{syntax.Uid}: refused by GDCM and DCMTK", null)
                : ($"{syntax.Uid}: differ", $"{syntax.Uid}: {failure} GDCM's, {stillFailure} DCMTK's");
    }

    private static string[] Dcmtk(DicomTransferSyntax syntax) => syntax.Uid switch
    {
        "1.2.840.10008.1.2.5" => ["dcmdrle"],
        "1.2.840.10008.1.2.4.80" or "1.2.840.10008.1.2.4.81" => ["dcmdjpls"],
        var uid when uid.StartsWith("1.2.840.10008.1.2.4.", StringComparison.Ordinal) => ["dcmdjpeg", "+cn"],
        _ => ["dcmconv", "+te"],
    };

    private static async Task<(string Outcome, string? Failure)> AgainstAsync(
        string[] program, string path, FrameDecoder ours, List<byte[]> frames, DicomTransferSyntax syntax, CancellationToken ct)
    {
        if (await DecodeAsync(program, path, ct) is not { } theirs)
        {
            return (Refused, Refused);
        }

        if (theirs.Description.FrameBytes != ours.Description.FrameBytes || theirs.Description.Frames != ours.Description.Frames)
        {
            return ("differ from", "another size than");
        }

        // :: Step 3: frame by frame; in RGB where one of the two gives luminance and chrominance.
        var isRgb = ours.Description.SamplesPerPixel == 3 && theirs.DecodedPhotometric != ours.DecodedPhotometric;
        var largest = 0;
        for (var i = 0; i < frames.Count; i++)
        {
            largest = Math.Max(largest, isRgb
                ? Largest(Rgb(ours, i), Rgb(theirs, i), 1, false)
                : Largest(frames[i], theirs.Decode(i), ours.Description.BytesPerSample, ours.Description.IsSigned));
        }

        var allowed = (Tolerances.GetValueOrDefault(syntax.Uid) * (isRgb ? 2 : 1)) << (isRgb ? 0 : Math.Max(0, ours.Description.BitsStored - 8));
        if (largest <= allowed)
        {
            return (largest == 0 ? "equal" : "within tolerance of", null);
        }

        foreach (var (name, isSettled) in Settled)
        {
            if (Enumerable.Range(0, frames.Count).All(i => isSettled(syntax, ours, frames[i], theirs.Decode(i))))
            {
                return ($"{name}, else", null);
            }
        }

        return ("differ from", $"{largest} ({ours.DecodedPhotometric}, {theirs.DecodedPhotometric}) from");
    }

    /// <summary>Big-endian cells of 32 bits in OW: pydicom, and the same images in little endian, have our order.</summary>
    private static bool DiffersInWordsOnly(DicomTransferSyntax syntax, FrameDecoder decoder, byte[] ours, byte[] theirs)
    {
        if (!syntax.IsBigEndian || decoder.Description.BitsAllocated != 32 || ours.Length != theirs.Length)
        {
            return false;
        }

        var our = MemoryMarshal.Cast<byte, uint>(ours);
        var their = MemoryMarshal.Cast<byte, uint>(theirs);
        for (var i = 0; i < our.Length; i++)
        {
            if (their[i] != BitOperations.RotateLeft(our[i], 16))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// The first component within tolerance, the others within those of the cells around: both peers interpolate what is stored for four
    /// pixels, we repeat it.
    /// </summary>
    private static bool DiffersInChrominanceOnly(DicomTransferSyntax syntax, FrameDecoder decoder, byte[] ours, byte[] theirs)
    {
        var d = decoder.Description;
        if (d is not { SamplesPerPixel: 3, BitsAllocated: 8 } || ours.Length != theirs.Length
            || !syntax.Uid.StartsWith("1.2.840.10008.1.2.4.5", StringComparison.Ordinal) || !Tolerances.TryGetValue(syntax.Uid, out var tolerance))
        {
            return false;
        }

        for (var y = 0; y < d.Rows; y++)
        {
            for (var x = 0; x < d.Columns; x++)
            {
                var at = 3 * ((y * d.Columns) + x);
                if (Math.Abs(ours[at] - theirs[at]) > tolerance
                    || !IsAmong(ours, x, y, d, 1, theirs[at + 1], tolerance) || !IsAmong(ours, x, y, d, 2, theirs[at + 2], tolerance))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool IsAmong(byte[] ours, int x, int y, PixelDescription d, int component, int value, int slack)
    {
        var (least, most) = (255, 0);
        for (var v = Math.Max(0, y - 2); v <= Math.Min(d.Rows - 1, y + 2); v++)
        {
            for (var u = Math.Max(0, x - 2); u <= Math.Min(d.Columns - 1, x + 2); u++)
            {
                var one = ours[(3 * ((v * d.Columns) + u)) + component];
                (least, most) = (Math.Min(least, one), Math.Max(most, one));
            }
        }

        return value >= least - slack && value <= most + slack;
    }

    private static byte[] Rgb(FrameDecoder decoder, int frame)
    {
        var rgb = new byte[3 * decoder.Description.PixelsPerFrame];
        decoder.DecodeToRgb(frame, rgb);
        return rgb;
    }

    private static int Largest(byte[] ours, byte[] theirs, int size, bool isSigned)
    {
        if (ours.AsSpan().SequenceEqual(theirs))
        {
            return 0;
        }

        if (size > 2)
        {
            return int.MaxValue; // no lossy syntax has such samples
        }

        var largest = 0;
        for (var i = 0; i + size <= ours.Length; i += size)
        {
            largest = Math.Max(largest, Math.Abs(Sample(ours) - Sample(theirs)));

            int Sample(byte[] samples) => size == 1
                ? samples[i]
                : isSigned ? BitConverter.ToInt16(samples, i) : BitConverter.ToUInt16(samples, i);
        }

        return largest;
    }

    private static async Task<FrameDecoder?> DecodeAsync(string[] program, string path, CancellationToken ct)
    {
        var to = Path.GetTempFileName();
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program[0], [.. program[1..], path, to])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(Patience);
            await Task.WhenAll(
                process.StandardOutput.ReadToEndAsync(limit.Token),
                process.StandardError.ReadToEndAsync(limit.Token),
                process.WaitForExitAsync(limit.Token));
            return process.ExitCode == 0 ? new FrameDecoder(DicomFile.Read(await File.ReadAllBytesAsync(to, ct))) : null;
        }
        catch (DicomException)
        {
            return null;
        }
        finally
        {
            File.Delete(to);
        }
    }
}
