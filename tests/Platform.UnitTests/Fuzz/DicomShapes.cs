using System.IO.Compression;
using System.Text;
using Platform.Dicom;
using Platform.UnitTests.Dicom;

namespace Platform.UnitTests.Fuzz;

/// <summary>
/// DICOM files that are built, not damaged: random trees of elements with lengths that mostly hold, and good files with one value
/// changed.
/// </summary>
internal static class DicomShapes
{
    private static readonly string[] Vrs =
    [
        "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "OB", "OD", "OF", "OL", "OV", "OW", "PN", "SH", "SL",
        "SQ", "SS", "ST", "SV", "TM", "UC", "UI", "UL", "UN", "UR", "US", "UT", "UV", "ZZ",
    ];

    private static readonly uint[] Tags =
    [
        0x00080000, 0x00080001, 0x00080005, 0x00080016, 0x00080018, 0x00080020, 0x00080060, 0x00081030, 0x00081115, 0x00082218, 0x00091001,
        0x00090010, 0x00100010, 0x00100020, 0x00100024, 0x00120062, 0x0020000D, 0x0020000E, 0x00200013, 0x00200037, 0x00280002, 0x00280008,
        0x00280010, 0x00280011, 0x00280103, 0x00280301, 0x00400275, 0x0040A730, 0x00420011, 0x52009229, 0x52009230, 0x7FE00010, 0xFFFCFFFC,
        0x00000000, 0x00020010, 0xFFFEE000, 0xFFFEE00D,
    ];

    private static readonly string[] Values =
    [
        "", " ", "\\", "\\\\", "1", "-1", "1.5e3", "1E400", "NaN", "99999999999999999999", "1.2.840.10008.5.1.4.1.1.2", "ISO_IR 192", "ISO_IR 100",
        "\\ISO 2022 IR 87", "ISO 2022 IR 6\\ISO 2022 IR 149", "GB18030",
        "ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159", "NOBODY",
        "\u001b$B;3ED\u001b(B=\u001b$B", "\u00c3\u00a9^\u00e9=\u00ff", "20240229", "99999999", "240000",
        "YES", "Yamada^Tarou==", "a\0b", "\u001b", "\u001b$)C\u00fb",
    ];

    /// <summary>Words that a DICOM parser looks for.</summary>
    public static IReadOnlyList<byte[]> Tokens { get; } =
    [
        [0xFE, 0xFF, 0x00, 0xE0], [0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0], [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF],
        [0xE0, 0x7F, 0x10, 0x00], [0x08, 0x00, 0x05, 0x00], [0x02, 0x00, 0x10, 0x00], "DICM"u8.ToArray(), "SQ\0\0"u8.ToArray(),
        "UN\0\0"u8.ToArray(), "OB\0\0"u8.ToArray(), "OW\0\0"u8.ToArray(), .. Values.Where(v => v.Length > 0).Select(Encoding.Latin1.GetBytes),
        .. DicomTransferSyntaxes().Select(Encoding.ASCII.GetBytes),
    ];

    /// <summary>A file of some syntax, most of it as the standard has it.</summary>
    public static byte[] Make(Random random)
    {
        var (uid, encoding) = random.Next(5) switch
        {
            0 => ("1.2.840.10008.1.2", DicomEncoding.ImplicitLittleEndian),
            1 => ("1.2.840.10008.1.2.2", DicomEncoding.ExplicitBigEndian),
            2 => ("1.2.840.10008.1.2.1.99", DicomEncoding.ExplicitLittleEndian),
            3 => ("1.2.840.10008.1.2.4.50", DicomEncoding.ExplicitLittleEndian),
            _ => ("1.2.840.10008.1.2.1", DicomEncoding.ExplicitLittleEndian),
        };
        var dataset = new RawDicom(encoding).Text(0x00080005, "CS", Even(Values[random.Next(Values.Length)]));
        Elements(dataset, encoding, random, depth: 0);
        if (random.Next(2) == 0)
        {
            Pixels(dataset, random, isEncapsulated: uid.Contains(".4.", StringComparison.Ordinal));
        }

        var bytes = uid.EndsWith(".99", StringComparison.Ordinal) ? Deflate(dataset.ToArray()) : dataset.ToArray();
        return RawDicom.File(uid).Raw(bytes).ToArray();
    }

    /// <summary>A made-up file, or a good one with elements changed.</summary>
    public static byte[] Change(byte[] input, Random random) => random.Next(3) == 0 ? Make(random) : ChangeElements(input, random);

    /// <summary>A good file of which an element was changed, moved, doubled or taken out; the input where it is no good file.</summary>
    public static byte[] ChangeElements(byte[] input, Random random)
    {
        try
        {
            var file = DicomFile.Read(input);
            var datasets = Datasets(file.Dataset).ToList();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                ChangeOne(datasets[random.Next(datasets.Count)], datasets, random);
            }

            return file.ToArray();
        }
        catch (DicomException)
        {
            return input;
        }
    }

    private static IEnumerable<string> DicomTransferSyntaxes() =>
        ["1.2.840.10008.1.2\0", "1.2.840.10008.1.2.1\0", "1.2.840.10008.1.2.2\0", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5\0"];

    private static IEnumerable<DicomDataset> Datasets(DicomDataset root)
    {
        var pending = new Stack<DicomDataset>([root]);
        while (pending.TryPop(out var dataset))
        {
            yield return dataset;
            foreach (var item in dataset.SelectMany(e => e.Items ?? []))
            {
                pending.Push(item);
            }
        }
    }

    private static void ChangeOne(DicomDataset dataset, List<DicomDataset> all, Random random)
    {
        if (dataset.Count == 0)
        {
            return;
        }

        var element = dataset[random.Next(dataset.Count)];
        switch (random.Next(6))
        {
            case 0:
                dataset.Remove(element.Tag);
                break;
            case 1:
                dataset.Set(new DicomElement(new DicomTag(Tags[random.Next(Tags.Length)]), DicomVr.UN, element.Value));
                break;
            case 2 when element.Items is { Count: > 0 } items:
                // Items know where they belong: new ones of the same elements.
                dataset.SetSequence(element.Tag, Enumerable.Range(0, items.Count + 1).Select(i => Copy(items[i % items.Count])));
                break;
            case 3:
                var lent = all[random.Next(all.Count)];
                if (lent.Count > 0 && lent[random.Next(lent.Count)] is { Items: null, Fragments: null, Bulk: null } other)
                {
                    dataset.Set(new DicomElement(other.Tag, element.Vr == DicomVr.SQ ? DicomVr.UN : element.Vr, other.Value));
                }

                break;
            default:
                if (element is { Items: null, Fragments: null })
                {
                    var value = Encoding.Latin1.GetBytes(Even(Values[random.Next(Values.Length)]));
                    dataset.Set(new DicomElement(element.Tag, element.Vr, random.Next(3) == 0 ? Number(random) : value));
                }

                break;
        }
    }

    private static DicomDataset Copy(DicomDataset item)
    {
        var copy = new DicomDataset();
        foreach (var element in item.Where(e => e.Items is null))
        {
            copy.Set(element);
        }

        return copy;
    }

    private static byte[] Number(Random random)
    {
        var bytes = new byte[random.Next(1, 5) * 2];
        random.NextBytes(bytes);
        return bytes;
    }

    private static void Elements(RawDicom to, DicomEncoding encoding, Random random, int depth)
    {
        var tags = Enumerable.Range(0, random.Next(1, 8))
            .Select(_ => Tags[random.Next(Tags.Length)])
            .Where(t => t != 0x00080005 || depth > 0);
        foreach (var tag in random.Next(4) == 0 ? tags : tags.Distinct().Order())
        {
            var vr = Vrs[random.Next(Vrs.Length)];
            if (tag is 0x00081115 or 0x00082218 or 0x00400275 or 0x52009229 or 0x52009230 or 0x0040A730 || vr == "SQ")
            {
                Sequence(to, tag, random.Next(8) == 0 ? "UN" : "SQ", encoding, random, depth);
                continue;
            }

            var value = random.Next(3) == 0 ? Number(random) : Encoding.Latin1.GetBytes(Even(Values[random.Next(Values.Length)]));
            var length = random.Next(40) == 0 ? (uint)random.Next(0, 64) : (uint)value.Length;
            to.Header(tag, vr, length).Raw(value);
        }
    }

    private static void Sequence(RawDicom to, uint tag, string vr, DicomEncoding encoding, Random random, int depth)
    {
        var content = new RawDicom(encoding);
        for (var items = depth > 70 ? 0 : random.Next(3); items > 0; items--)
        {
            var item = new RawDicom(encoding);
            Elements(item, encoding, random, depth + 1);
            var bytes = item.ToArray();
            if (random.Next(2) == 0)
            {
                content.Item(RawDicom.Undefined).Raw(bytes).EndItem();
            }
            else
            {
                content.Item((uint)bytes.Length).Raw(bytes);
            }
        }

        var inner = content.ToArray();
        if (random.Next(2) == 0)
        {
            to.Header(tag, vr, RawDicom.Undefined).Raw(inner).EndSequence();
        }
        else
        {
            to.Header(tag, vr, (uint)inner.Length).Raw(inner);
        }
    }

    private static void Pixels(RawDicom to, Random random, bool isEncapsulated)
    {
        if (!isEncapsulated)
        {
            to.Header(0x7FE00010, "OW", 32).Raw(new byte[32]);
            return;
        }

        to.Header(0x7FE00010, "OB", RawDicom.Undefined).Item(0);
        for (var fragments = random.Next(4); fragments > 0; fragments--)
        {
            to.Item(6).Raw(0xFF, 0xD8, 0xFF, 0xC3, 0, 0);
        }

        to.EndSequence();
    }

    private static byte[] Deflate(byte[] bytes)
    {
        using var to = new MemoryStream();
        using (var deflate = new DeflateStream(to, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(bytes);
        }

        return to.ToArray();
    }

    private static string Even(string value) => value.Length % 2 == 0 ? value : value + " ";
}
