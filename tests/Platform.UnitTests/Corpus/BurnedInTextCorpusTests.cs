using System.Text.Json;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Xunit;

namespace Platform.UnitTests.Corpus;

public class BurnedInTextCorpusTests(ITestOutputHelper output)
{
    /// <summary>Their letters are four pixels high, smoothed, and lie on tissue: the detector does not see them.</summary>
    private static readonly string[] Unseen = ["038_1-02.dcm", "038_1-03.dcm", "038_1-11.dcm", "038_1-17.dcm"];

    [Fact]
    public void Files_with_text_in_their_pixels_are_put_aside_but_for_four_with_small_letters_on_tissue()
    {
        var found = 0;
        var missed = new List<string>();
        foreach (var path in CorpusFiles.All("given/deid").Where(p => p.EndsWith(".dcm", StringComparison.Ordinal)))
        {
            var isFound = BurnedInText.Suspect(DicomFile.Read(File.ReadAllBytes(path))).Contains(PixelSuspicion.TextFound);
            if (isFound)
            {
                found++;
            }
            else
            {
                missed.Add(Path.GetFileName(path)[^12..]);
            }
        }

        output.WriteLine($"text found in {found} files, not in {missed.Count}");
        Assert.Empty(missed.Except(Unseen));
    }

    [Fact]
    public void A_chest_ct_without_text_is_not_put_aside()
    {
        var (files, suspected) = (0, 0);
        foreach (var path in CorpusFiles.All("given/chest-ct"))
        {
            files++;
            suspected += BurnedInText.Suspect(DicomFile.Read(File.ReadAllBytes(path))).Count > 0 ? 1 : 0;
        }

        output.WriteLine($"{suspected} of {files} slices suspected");
        Assert.Equal(0, suspected);
    }

    [Fact]
    public void How_many_files_of_other_makers_are_suspected_is_told()
    {
        var (files, suspected) = (0, new SortedDictionary<string, int>());
        foreach (var path in CorpusFiles.All("given/dicom"))
        {
            try
            {
                var file = DicomFile.Read(File.ReadAllBytes(path));
                if (BurnedInText.Suspect(file).Contains(PixelSuspicion.TextFound))
                {
                    var modality = file.Dataset.GetString(DicomTags.Modality) ?? "none";
                    suspected[modality] = suspected.GetValueOrDefault(modality) + 1;
                }

                files++;
            }
            catch (DicomException)
            {
                // other tests say which files are broken
            }
        }

        output.WriteLine($"{files} files, text in {JsonSerializer.Serialize(suspected)}");
        Assert.True(suspected.Values.Sum() <= files / 4, "a detector that suspects everything sorts nothing out");
    }
}
