using System.Globalization;
using System.Text;
using Platform.Dicom;

namespace Platform.Benchmarks.Files;

/// <summary>
/// Files of one study in memory. Before each repetition they become another study: UIDs (and the Patient ID, where asked for) are
/// replaced in place by others of the same length, so that every contestant stores the same bytes and nobody has seen them.
/// </summary>
internal sealed class StudyFiles
{
    private readonly List<Place> places = [];

    public StudyFiles(string name, IEnumerable<byte[]> files)
    {
        Name = name;
        Files = [.. files];
        Instances = new string[Files.Count];
        for (var i = 0; i < Files.Count; i++)
        {
            Find(i);
        }

        BecomeStudy(0);
    }

    public string Name { get; }

    public IReadOnlyList<byte[]> Files { get; }

    public string Study { get; private set; } = "";

    /// <summary>UID of the first file's series.</summary>
    public string Series { get; private set; } = "";

    /// <summary>SOP Instance UIDs, in the files' order.</summary>
    public string[] Instances { get; }

    public long Bytes => Files.Sum(file => (long)file.Length);

    /// <summary>Gives every file the UIDs of study number <paramref name="number"/>.</summary>
    public void BecomeStudy(long number)
    {
        foreach (var place in places)
        {
            // All digits, none leading: a number under 2.25 (PS3.5 §B.2), as long as the UID that it replaces.
            var digits = place.Length - "2.25.".Length;
            var unique = string.Create(CultureInfo.InvariantCulture, $"{number:D7}{place.Entity:D6}");
            var uid = $"2.25.{(char)('1' + (int)place.Kind)}{unique.PadLeft(digits - 1, '0')}";
            Encoding.ASCII.GetBytes(uid).CopyTo(Files[place.File], place.Offset);
            switch (place.Kind)
            {
                case Kind.Study:
                    Study = uid;
                    break;
                case Kind.Series when place.Entity == 0:
                    Series = uid;
                    break;
                case Kind.Instance:
                    Instances[place.File] = uid;
                    break;
            }
        }
    }

    private void Find(int file)
    {
        var bytes = Files[file];
        var dataset = DicomFile.Read(bytes, new DicomReadOptions { StopBeforePixelData = true }).Dataset;
        Find(file, bytes, Kind.Study, 0, dataset.GetString(DicomTags.StudyInstanceUID)!);
        var series = dataset.GetString(DicomTags.SeriesInstanceUID)!;
        if (!seriesNumbers.TryGetValue(series, out var number))
        {
            number = seriesNumbers[series] = seriesNumbers.Count;
        }

        Find(file, bytes, Kind.Series, number, series);
        Find(file, bytes, Kind.Instance, file, dataset.GetString(DicomTags.SOPInstanceUID)!);
    }

    private readonly Dictionary<string, int> seriesNumbers = new(StringComparer.Ordinal);

    private void Find(int file, byte[] bytes, Kind kind, int entity, string uid)
    {
        const int HeaderBytes = 64 << 10;
        var needle = Encoding.ASCII.GetBytes(uid);
        if (needle.Length < 5 + 14)
        {
            throw new InvalidDataException("A UID is too short to be replaced.");
        }

        var header = bytes.AsSpan(0, Math.Min(bytes.Length, HeaderBytes));
        for (var at = 0; header[at..].IndexOf(needle) is var found and >= 0; at += found + needle.Length)
        {
            places.Add(new Place(file, at + found, needle.Length, kind, entity));
        }
    }

    private enum Kind
    {
        Study,
        Series,
        Instance,
    }

    private readonly record struct Place(int File, int Offset, int Length, Kind Kind, int Entity);
}
