using System.Globalization;
using System.Text.Json;
using Platform.Dicom;

namespace Platform.Benchmarks.Peers;

/// <summary>
/// Platform.Dicom as a contestant: the same protocol as <c>pydicom_headers.py</c>, the same clock (processor time of the whole process,
/// collector and compiler included), the same bytes in memory.
/// </summary>
internal static class DicomWorker
{
    private static readonly DicomReadOptions HeaderOnly = new() { StopBeforePixelData = true };
    private static readonly DicomReadOptions RootOnly = HeaderOnly with { SequencesOnDemand = true };

    public static async Task<int> ServeAsync(string list)
    {
        var files = (await File.ReadAllLinesAsync(list)).Select(line => line.Split('\t'))
            .ToLookup(parts => parts[0], parts => File.ReadAllBytes(parts[1]));
        await Console.Out.WriteLineAsync("Platform.Dicom");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var parts = line.Split('\t');
            var rounds = int.Parse(parts[1], CultureInfo.InvariantCulture);
            var measured = files[parts[0]].Select(content => Measure(content, rounds, parts[2])).ToArray();
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(measured));
        }

        return 0;
    }

    private static double? Measure(byte[] content, int rounds, string what)
    {
        Action once = what switch
        {
            "root" => () => DicomFile.Read(content, RootOnly),
            "header" => () => DicomFile.Read(content, HeaderOnly),
            "touch" => () => Touch(DicomFile.Read(content, HeaderOnly).Dataset),
            "store" or "allocated" => () => Wait(StorePath.StoreAsync(new PassingStream(content))),
            "clean" => () => Wait(StorePath.CleanAsync(new PassingStream(content))),
            _ => () => Wait(new ValueTask(new PassingStream(content).CopyToAsync(Stream.Null, CancellationToken.None))),
        };
        try
        {
            once();
        }
        catch (DicomException)
        {
            return null;
        }

        if (what == "allocated")
        {
            // What the streams between are is not the library's.
            return StorePath.AllocatedBytes(() => new PassingStream(content), rounds);
        }

        var started = Environment.CpuUsage.TotalTime;
        for (var round = 0; round < rounds; round++)
        {
            once();
        }

        return (Environment.CpuUsage.TotalTime - started).TotalSeconds / rounds;
    }

    /// <summary>Turns every value into what its VR means, in all items.</summary>
    private static void Touch(DicomDataset dataset)
    {
        foreach (var element in dataset)
        {
            switch (element.Vr)
            {
                case DicomVr.SQ:
                    foreach (var item in element.Items ?? [])
                    {
                        Touch(item);
                    }

                    break;
                case DicomVr.PN:
                    dataset.GetPersonName(element.Tag);
                    break;
                case DicomVr.DS or DicomVr.FL or DicomVr.FD:
                    dataset.GetDoubles(element.Tag);
                    break;
                case DicomVr.IS or DicomVr.US or DicomVr.SS or DicomVr.UL or DicomVr.SL or DicomVr.UV or DicomVr.SV:
                    dataset.GetInt64s(element.Tag);
                    break;
                case var vr when vr.IsText || vr == DicomVr.AT:
                    dataset.GetStrings(element.Tag);
                    break;
                default:
                    dataset.GetBytes(element.Tag);
                    break;
            }
        }
    }

    /// <summary>Memory to memory nothing is waited for, so that all of it happens here, on this thread.</summary>
    private static void Wait(ValueTask task)
    {
        if (!task.IsCompleted)
        {
            throw new InvalidOperationException("Something left the thread.");
        }

        task.GetAwaiter().GetResult();
    }
}
