using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Platform.Dicom;

namespace Platform.UnitTests.Differential;

/// <summary>One element as Platform.Dicom reads it. <c>Path</c> names it: tags of eight digits, items by number in brackets.</summary>
/// <param name="Meaning">The VR that its value is understood by: the dictionary's for UN.</param>
/// <param name="Form">How it was written.</param>
/// <param name="Items">How many items or fragments; -1 for a plain value.</param>
/// <param name="Bytes">Little endian; items with their headers for an encapsulated value.</param>
/// <param name="Texts">The values of a text's VR; else null.</param>
/// <param name="Numbers">Integers in decimal, floats and DS by their 64 bits; null where the VR has none.</param>
internal sealed record ListedElement(
    string Path,
    DicomTag Tag,
    DicomVr Vr,
    DicomVr Meaning,
    ElementForm Form,
    int Items,
    byte[] Bytes,
    IReadOnlyList<string>? Texts,
    IReadOnlyList<string>? Numbers)
{
    private const int ShownBytes = 64;

    /// <summary>As pydicom_listing.py shows bytes.</summary>
    public string ShownValue => Bytes.Length <= ShownBytes
        ? Convert.ToHexStringLower(Bytes)
        : "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Bytes));

    /// <summary>Every element of meta header and data set, items after their sequence.</summary>
    public static List<ListedElement> Of(DicomFile file)
    {
        var listed = new List<ListedElement>();
        List(file.Meta, "", listed);
        List(file.Dataset, "", listed);
        return listed;
    }

    public static string Bits(double value) =>
        double.IsNaN(value) ? "nan" : BitConverter.DoubleToUInt64Bits(value).ToString("x16", CultureInfo.InvariantCulture);

    private static void List(DicomDataset dataset, string prefix, List<ListedElement> to)
    {
        foreach (var element in dataset)
        {
            var path = prefix + element.Tag.Value.ToString("X8", CultureInfo.InvariantCulture);
            if (element.Items is { } items)
            {
                to.Add(new(path, element.Tag, element.Vr, DicomVr.SQ, element.Form, items.Count, [], null, null));
                for (var i = 0; i < items.Count; i++)
                {
                    List(items[i], $"{path}[{i}]", to);
                }

                continue;
            }

            var meaning = ElementValues.EffectiveVr(element, dataset);
            to.Add(new(
                path,
                element.Tag,
                element.Vr,
                meaning,
                element.Form,
                element.Fragments?.Count ?? -1,
                element.Fragments is { } fragments ? Joined(fragments) : element.Value.ToArray(),
                meaning.IsText ? dataset.GetStrings(element.Tag) : null,
                NumbersOf(dataset, element, meaning)));
        }
    }

    private static string[]? NumbersOf(DicomDataset dataset, DicomElement element, DicomVr vr) => vr switch
    {
        DicomVr.IS or DicomVr.US or DicomVr.SS or DicomVr.UL or DicomVr.SL or DicomVr.SV =>
            [.. dataset.GetInt64s(element.Tag).Select(v => v.ToString(CultureInfo.InvariantCulture))],
        DicomVr.UV or DicomVr.AT => [.. dataset.GetStrings(element.Tag)],
        DicomVr.FL or DicomVr.FD or DicomVr.DS => [.. dataset.GetDoubles(element.Tag).Select(Bits)],
        _ => null,
    };

    private static byte[] Joined(IReadOnlyList<ReadOnlyMemory<byte>> fragments)
    {
        using var bytes = new MemoryStream();
        Span<byte> header = [0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0];
        foreach (var fragment in fragments)
        {
            BinaryPrimitives.WriteInt32LittleEndian(header[4..], fragment.Length);
            bytes.Write(header);
            bytes.Write(fragment.Span);
        }

        return bytes.ToArray();
    }
}
