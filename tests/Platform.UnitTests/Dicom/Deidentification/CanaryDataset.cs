using System.Globalization;
using System.Text;
using Platform.Dicom;
using Platform.Dicom.Deidentification;

namespace Platform.UnitTests.Dicom.Deidentification;

/// <summary>One attribute at one place of a data set, and the value that only it has.</summary>
internal sealed record Cell(CanaryRow Row, Place Place, string Value)
{
    /// <summary>What must not be found in the bytes.</summary>
    public string Needle { get; init; } = Value;

    public bool HasKnownWord => Value.StartsWith(CanaryDataset.KnownWord, StringComparison.Ordinal);

    public string Name => $"{Row.Tag} {Place}";
}

/// <summary>Where an attribute stands.</summary>
internal enum Place
{
    Root,
    Sequence,
    PrivateSequence,
    FunctionalGroup,
}

/// <summary>A data set with every row of Table E.1-1 at every place, a canary in each.</summary>
internal sealed class CanaryDataset
{
    /// <summary>A word that cleaning must leave in a descriptor.</summary>
    public const string KnownWord = "CHEST";

    public const string SafeCreator = "PLATFORM TEST";

    public static readonly DicomTag SafeSequence = new(0x0009, 0x1001);
    private static readonly DicomTag SafeNumber = new(0x0009, 0x1002);

    public static IReadOnlyList<SafePrivateElement> SafePrivate { get; } =
        [new(0x0009, SafeCreator, 0x01, DicomVr.SQ), new(0x0009, SafeCreator, 0x02, DicomVr.DS)];

    private int _dates;

    public List<Cell> Cells { get; } = [];

    public DicomDataset Dataset { get; } = new();

    public CanaryDataset()
    {
        var (item, shared, measures, inPrivate) = (new DicomDataset(), new DicomDataset(), new DicomDataset(), new DicomDataset());
        Dataset.Set(DicomTags.SOPClassUID, DicomUids.CTImageStorage);
        Dataset.SetSequence(DicomTags.AnatomicRegionSequence, item);
        Dataset.Set(new DicomTag(0x0009, 0x0010), DicomVr.LO, SafeCreator);
        Dataset.SetSequence(SafeSequence, inPrivate);
        Dataset.Set(SafeNumber, DicomVr.DS, "1.5");
        shared.SetSequence(DicomTags.PixelMeasuresSequence, measures);
        Dataset.SetSequence(DicomTags.SharedFunctionalGroupsSequence, shared);
        foreach (var row in CanaryTable.Rows)
        {
            Dataset.Set(Element(row, Place.Root));
            item.Set(Element(row, Place.Sequence));
            inPrivate.Set(Element(row, Place.PrivateSequence));
            measures.Set(Element(row, Place.FunctionalGroup));
        }
    }

    /// <summary>The item that a place is in; null if it is gone.</summary>
    public static DicomDataset? At(DicomDataset root, Place place) => place switch
    {
        Place.Root => root,
        Place.Sequence => root.GetSequence(DicomTags.AnatomicRegionSequence).SingleOrDefault(),
        Place.PrivateSequence => root.GetSequence(SafeSequence).SingleOrDefault(),
        _ => root.GetSequence(DicomTags.SharedFunctionalGroupsSequence).SingleOrDefault()
            ?.GetSequence(DicomTags.PixelMeasuresSequence).SingleOrDefault(),
    };

    private DicomElement Element(CanaryRow row, Place place)
    {
        var number = Cells.Count;
        var word = string.Create(CultureInfo.InvariantCulture, $"QZ{number:D5}X");
        var vr = row.Vr;
        var value = vr switch
        {
            DicomVr.DA => Date(),
            DicomVr.DT => Date() + string.Create(CultureInfo.InvariantCulture, $"101112.{900000 + number}"),
            DicomVr.TM => string.Create(CultureInfo.InvariantCulture, $"101112.{900000 + number}"),
            DicomVr.AS => string.Create(CultureInfo.InvariantCulture, $"{981 + Cells.Count(c => c.Row.Vr == DicomVr.AS)}D"),
            DicomVr.DS or DicomVr.IS => string.Create(CultureInfo.InvariantCulture, $"77{number:D5}3"),
            DicomVr.UI => string.Create(CultureInfo.InvariantCulture, $"1.2.826.7777.{number}.1"),
            DicomVr.UR => "urn:" + word,
            DicomVr.PN => $"{word}^Given",
            DicomVr.LT or DicomVr.ST or DicomVr.UT or DicomVr.LO or DicomVr.UC
                when row.Columns.ContainsKey(DeidentificationOptions.CleanDescriptors) => $"{KnownWord} {word}",
            _ => word,
        };
        var needle = vr is DicomVr.DA or DicomVr.DT ? value[..8] : value.Contains(word, StringComparison.Ordinal) ? word : value;
        Cells.Add(new Cell(row, place, value) { Needle = needle });
        if (vr == DicomVr.SQ)
        {
            var item = new DicomDataset();
            item.Set(DicomTags.TextValue, word);
            item.Set(DicomTags.PersonName, word);
            item.Set(DicomTags.CurrentPatientLocation, word);
            item.Set(new DicomTag(0x0019, 0x1001), DicomVr.LO, word);
            return DicomElement.Sequence(row.Tag, item);
        }

        return new DicomElement(row.Tag, vr == DicomVr.None ? DicomVr.UN : vr, Encoding.ASCII.GetBytes(value));
    }

    /// <summary>Further apart than dates are moved: a moved one is nobody else's canary.</summary>
    private string Date() => new DateOnly(1100, 1, 1).AddDays(_dates++ * (DeidentificationKeys.MaxShiftDays + 51))
        .ToString("yyyyMMdd", CultureInfo.InvariantCulture);
}
