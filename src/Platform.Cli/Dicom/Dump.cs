using System.CommandLine;
using System.Globalization;
using Platform.Dicom;

namespace Platform.Cli.Dicom;

/// <summary><c>platform dicom dump</c>: every element of a file in a line: tag, VR, keyword, value.</summary>
internal static class Dump
{
    private const int ShownCharacters = 100;

    public static Command Create()
    {
        var path = new Argument<string>("file");
        var command = new Command("dump", "Shows every element of a file: tag, VR, keyword, value.") { path };
        command.SetAction(async (parsed, ct) =>
        {
            var output = parsed.InvocationConfiguration.Output;
            var file = await OpenedFile.ReadAsync(parsed.GetRequiredValue(path), ct);
            await output.WriteLineAsync($"# {file.Syntax.Name} ({file.Syntax.Uid})");
            foreach (var line in Lines(file.Meta).Concat(Lines(file.Dataset)))
            {
                await output.WriteLineAsync(line);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static IEnumerable<string> Lines(DicomDataset root)
    {
        var pending = new Stack<(IEnumerator<DicomElement> Elements, DicomDataset Dataset)>();
        pending.Push((root.GetEnumerator(), root));
        var waiting = new Stack<Queue<DicomDataset>>();
        waiting.Push(new Queue<DicomDataset>());
        while (pending.TryPeek(out var level))
        {
            if (level.Elements.MoveNext())
            {
                var element = level.Elements.Current;
                yield return Line(element, level.Dataset, pending.Count - 1);
                if (element.Items is { Count: > 0 } items)
                {
                    var rest = new Queue<DicomDataset>(items);
                    var first = rest.Dequeue();
                    waiting.Push(rest);
                    pending.Push((first.GetEnumerator(), first));
                    yield return Item(pending.Count - 2);
                }
            }
            else
            {
                pending.Pop();
                if (pending.Count > 0 && waiting.Peek().TryDequeue(out var next))
                {
                    pending.Push((next.GetEnumerator(), next));
                    yield return Item(pending.Count - 2);
                }
                else
                {
                    waiting.Pop();
                }
            }
        }
    }

    private static string Item(int depth) => new string(' ', (2 * depth) + 1) + "-";

    private static string Line(DicomElement element, DicomDataset dataset, int depth)
    {
        var keyword = DicomDictionary.FindKeyword(element.Tag) ?? (element.Tag.IsPrivate ? "private" : "unknown");
        return $"{new string(' ', 2 * depth)}{element.Tag} {element.Vr.Code} {keyword}{Value(element, dataset)}";
    }

    private static string Value(DicomElement element, DicomDataset dataset)
    {
        if (element.Items is { } items)
        {
            return string.Create(CultureInfo.InvariantCulture, $": {items.Count} items");
        }

        if (element.Fragments is { } fragments)
        {
            return string.Create(CultureInfo.InvariantCulture, $": {Math.Max(0, fragments.Count - 1)} fragments, {fragments.Sum(f => (long)f.Length)} bytes");
        }

        if (element.Value.IsEmpty)
        {
            return "";
        }

        var values = dataset.GetStrings(element.Tag);
        if (values.Count == 0 || element.Vr.Code is "OW" or "OF" or "OD" or "OL" or "OV")
        {
            return string.Create(CultureInfo.InvariantCulture, $": {element.Value.Length} bytes");
        }

        var text = string.Join('\\', values.Take(ShownCharacters));
        text = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        return text.Length > ShownCharacters ? $" = {text[..ShownCharacters]}…" : $" = {text}";
    }
}
