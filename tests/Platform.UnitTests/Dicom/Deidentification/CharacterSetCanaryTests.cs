using System.Text;
using Platform.Dicom;
using Platform.Dicom.CharacterSets;
using Platform.Dicom.Deidentification;
using Xunit;

namespace Platform.UnitTests.Dicom.Deidentification;

public class CharacterSetCanaryTests
{
    private static readonly string[] Sets =
    [
        "ISO_IR 192", "ISO_IR 100", "ISO_IR 144", "GB18030", "\\ISO 2022 IR 87", "\\ISO 2022 IR 149", "\\ISO 2022 IR 58", "ISO_IR 13",
    ];

    [Theory]
    [InlineData("ISO_IR 192", "Łukaszewicz")]
    [InlineData("ISO_IR 192", "山田太郎")]
    [InlineData("ISO_IR 100", "Müllerßen")]
    [InlineData("ISO_IR 144", "Люксембург")]
    [InlineData("GB18030", "王小东")]
    [InlineData("\\ISO 2022 IR 87", "山田太郎")]
    [InlineData("\\ISO 2022 IR 149", "김희중")]
    public void A_name_is_gone_in_every_encoding(string characterSet, string name)
    {
        foreach (var options in new[]
        {
            DeidentificationOptions.None,
            DeidentificationOptions.CleanDescriptors,
            DeidentificationOptions.CleanStructuredContent | DeidentificationOptions.RetainPatientCharacteristics,
        })
        {
            var dataset = new DicomDataset();
            dataset.Set(DicomTags.SpecificCharacterSet, DicomVr.CS, Encoding.ASCII.GetBytes(characterSet));
            dataset.Set(DicomTags.SOPClassUID, DicomUids.CTImageStorage);
            dataset.Set(DicomTags.SOPInstanceUID, "1.2.3");
            dataset.Set(DicomTags.PatientName, name);
            dataset.Set(DicomTags.StudyDescription, $"CHEST {name}");
            dataset.Set(DicomTags.Allergies, name);
            var item = new DicomDataset();
            dataset.SetSequence(DicomTags.ContentSequence, item);
            item.Set(DicomTags.TextValue, $"lung of {name}");
            item.Set(DicomTags.PersonName, name);

            new Deidentifier(new DeidentificationKeys(new byte[32]), options).Apply(dataset);

            var bytes = new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian).ToArray();
            Assert.All(Encodings(name), encoded => Assert.True(bytes.AsSpan().IndexOf(encoded) < 0));
        }
    }

    private static IEnumerable<byte[]> Encodings(string name)
    {
        yield return Encoding.Unicode.GetBytes(name);
        yield return Encoding.BigEndianUnicode.GetBytes(name);
        foreach (var terms in Sets)
        {
            var set = SpecificCharacterSet.Parse(terms);
            if (set.CanEncode(name))
            {
                yield return set.Encode(name);
            }
        }
    }
}
