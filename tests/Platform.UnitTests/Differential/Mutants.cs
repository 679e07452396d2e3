using Platform.Dicom;
using Platform.UnitTests.Fuzz;

namespace Platform.UnitTests.Differential;

/// <summary>Damaged and changed copies of files, each made from the seed and its number alone.</summary>
internal sealed class Mutants
{
    private const int MaxBytes = 32 << 10;
    private const int MaxValueBytes = 256;

    private readonly List<byte[]> _files = [];
    private readonly int _seed;

    public Mutants(IEnumerable<string> paths, int seed)
    {
        _seed = seed;
        foreach (var path in paths)
        {
            if (Shortened(File.ReadAllBytes(path)) is { } file)
            {
                _files.Add(file);
            }
        }
    }

    public int Seeds => _files.Count;

    public byte[] Make(int number)
    {
        var random = new Random(unchecked((_seed * 1_000_003) + number));
        var file = _files[number % _files.Count];
        var kind = random.Next(10);
        if (kind < 5)
        {
            file = DicomShapes.ChangeElements(file, random);
        }

        if (kind is 4 or 5 or 6)
        {
            file = new ByteMutator(random, DicomShapes.Tokens).Mutate(file, _files[random.Next(_files.Count)]);
        }
        else if (kind > 6)
        {
            file = [.. file];
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                file[random.Next(file.Length)] ^= (byte)random.Next(1, 256);
            }
        }

        return file;
    }

    /// <summary>The file, without the ends of long values if it is long; null if it stays long, or is none.</summary>
    private static byte[]? Shortened(byte[] bytes)
    {
        try
        {
            var file = DicomFile.Read(bytes);
            if (bytes.Length <= MaxBytes)
            {
                return bytes;
            }

            Shorten(file.Dataset);
            var shortened = file.ToArray();
            return shortened.Length <= MaxBytes ? shortened : null;
        }
        catch (DicomException)
        {
            return bytes.Length is > 0 and <= MaxBytes ? bytes : null;
        }
    }

    private static void Shorten(DicomDataset dataset)
    {
        foreach (var element in dataset.ToArray())
        {
            foreach (var item in element.Items ?? [])
            {
                Shorten(item);
            }

            if (element.Fragments is { } fragments)
            {
                var shorter = fragments.Take(3).Select(f => f[..Math.Min(f.Length, MaxValueBytes)]);
                dataset.Set(DicomElement.Encapsulated(element.Tag, element.Vr, shorter));
            }
            else if (element.Value.Length > MaxValueBytes)
            {
                dataset.Set(new DicomElement(element.Tag, element.Vr, element.Value[..MaxValueBytes]));
            }
        }
    }
}
