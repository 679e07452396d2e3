using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Platform.UnitTests.Differential;

/// <summary>One element as dcmdump prints it.</summary>
/// <param name="Length">As declared; null for undefined.</param>
/// <param name="Items">Items of a sequence or of an encapsulated value; -1 for a plain value.</param>
/// <param name="Printed">The value, a character for each byte of a text; null where it was too long to be loaded, "" where there is none.</param>
internal sealed record DumpedElement(string Path, string Vr, long? Length, int Items, string? Printed);

/// <summary>DCMTK's dcmdump on many files at once (package dcmtk), with the dictionary of the standard only, by which it also reads UN.</summary>
internal static partial class Dcmdump
{
    /// <summary>Longer values are not printed, only their lengths.</summary>
    public const int LongBytes = 64 << 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>What dcmdump prints of each file; null of those that it refuses, or that it does not survive.</summary>
    public static async Task<Dictionary<string, List<DumpedElement>?>> ListAsync(
        IReadOnlyList<string> paths, bool toUnicode, CancellationToken ct)
    {
        var found = new Dictionary<string, List<DumpedElement>?>(StringComparer.Ordinal);
        var pending = new Stack<IReadOnlyList<string>>();
        pending.Push(paths);
        while (pending.TryPop(out var some))
        {
            var (hasSurvived, said) = await RunAsync(some, toUnicode, ct);
            if (hasSurvived || some.Count == 1)
            {
                var listed = hasSurvived ? Parse(said) : [];
                foreach (var path in some)
                {
                    found[path] = listed.GetValueOrDefault(path);
                }

                continue;
            }

            // One of them kills it, or ends it: which, is found by halves.
            pending.Push([.. some.Take(some.Count / 2)]);
            pending.Push([.. some.Skip(some.Count / 2)]);
        }

        return found;
    }

    private static async Task<(bool HasSurvived, string Said)> RunAsync(
        IReadOnlyList<string> paths, bool toUnicode, CancellationToken ct)
    {
        string[] options = ["-q", "+uc", "+L", "+Qn", "-Un", "+F", "-M", "+R", "64"];
        var start = new ProcessStartInfo("dcmdump", toUnicode ? [.. options, "+U8"] : options)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
        };
        start.Environment["DCMDICTPATH"] = Dictionary();
        foreach (var path in paths)
        {
            start.ArgumentList.Add(path);
        }

        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            var said = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await errors;
            await process.WaitForExitAsync(limit.Token);
            // 128 and more: ended by a signal. What it refuses costs it 1.
            var last = Header(paths.Count, paths.Count, paths[^1]);
            return (process.ExitCode < 128 && said.Contains(last, StringComparison.Ordinal), said);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            process.Kill();
            return (false, "");
        }
    }

    private static string Header(int number, int count, string path) =>
        string.Create(CultureInfo.InvariantCulture, $"# dcmdump ({number}/{count}): {path}");

    private static string Dictionary() => Directory.EnumerateDirectories("/usr/share", "libdcmtk*")
        .Select(folder => Path.Combine(folder, "dicom.dic")).First(File.Exists);

    private static Dictionary<string, List<DumpedElement>> Parse(string said)
    {
        var found = new Dictionary<string, List<DumpedElement>>(StringComparer.Ordinal);
        var current = new List<DumpedElement>();
        var file = "";
        var open = new Stack<(string Path, int Items)>();
        foreach (var line in said.Split('\n'))
        {
            if (FileLine().Match(line) is { Success: true } header)
            {
                (file, current) = (header.Groups[1].Value, []);
                open.Clear();
                continue;
            }

            if (ElementLine().Match(line) is not { Success: true } match)
            {
                continue;
            }

            found.TryAdd(file, current);
            var (tag, vr, value) = ((match.Groups[1].Value + match.Groups[2].Value).Replace('?', 'f'), Standard(match.Groups[3].Value), match.Groups[4].Value);
            long? length = match.Groups[5].Value == "u/l" ? null : long.Parse(match.Groups[5].Value, CultureInfo.InvariantCulture);
            switch (tag)
            {
                case "fffee000" when vr == "na" && open.TryPop(out var sequence):
                    open.Push(sequence with { Items = sequence.Items + 1 });
                    break;
                case "fffee000" when vr == "pi" && open.TryPop(out var pixels):
                    current.Add(new($"{pixels.Path}[{pixels.Items}]", vr, length, -1, Value(value)));
                    open.Push(pixels with { Items = pixels.Items + 1 });
                    break;
                case "fffee00d":
                    break;
                case "fffee0dd" when open.TryPop(out _):
                    break;
                default:
                    var path = (open.TryPeek(out var around) ? $"{around.Path}[{around.Items - 1}]" : "") + tag.ToUpperInvariant();
                    var items = ItemCount().Match(value) is { Success: true } count
                        ? int.Parse(count.Groups[1].Value, CultureInfo.InvariantCulture)
                        : -1;
                    current.Add(new(path, vr, length, items, items < 0 ? Value(value) : ""));
                    if (items >= 0)
                    {
                        open.Push((path, 0));
                    }

                    break;
            }
        }

        return found;
    }

    /// <summary>DCMTK has names of its own for an unknown VR and for the offsets of a directory's records.</summary>
    private static string Standard(string vr) => vr switch
    {
        "??" => "UN",
        "up" => "UL",
        _ => vr,
    };

    private static string? Value(string printed) => printed switch
    {
        "(no value available)" or "(invalid value)" => "", // the second of bytes too few for a number
        "(not loaded)" => null,
        ['[', .. var text, ']'] => Marked().Replace(text, m => m.Value switch
        {
            "&amp;" => "&",
            "&lt;" => "<",
            "&gt;" => ">",
            "&quot;" => "\"",
            "&apos;" => "'",
            var number => ((char)int.Parse(number.AsSpan(2, number.Length - 3), CultureInfo.InvariantCulture)).ToString(),
        }),
        _ => printed,
    };

    [GeneratedRegex(@"^# dcmdump \(\d+/\d+\): (.*)$")]
    private static partial Regex FileLine();

    [GeneratedRegex(@"^ *\(([0-9a-f]{4}|\?{4}),([0-9a-f]{4}|\?{4})\) (\S\S) (.*?) *# *(u/l|\d+), *\d+ [^#]*$", RegexOptions.Singleline)]
    private static partial Regex ElementLine();

    [GeneratedRegex(@"^\((?:Sequence|PixelSequence) .*#=(\d+)\)$")]
    private static partial Regex ItemCount();

    [GeneratedRegex("&(?:amp|lt|gt|quot|apos|#[0-9]+);")]
    private static partial Regex Marked();
}
