using System.Text;

namespace Platform.Dicom.Deidentification;

/// <summary>The dummy value (action D of PS3.15 Table E.1-1) of each value representation: valid, and the same for everybody.</summary>
internal static class ConfidentialityDummies
{
    public const string Text = "ANONYMIZED";

    /// <summary>ASCII, which is the same in every character set, or zeros.</summary>
    private static readonly byte[][] Bytes =
    [
        .. Enum.GetValues<DicomVr>().Select(vr => vr.IsText
            ? Encoding.ASCII.GetBytes(TextOf(vr).Length % 2 == 0 ? TextOf(vr) : TextOf(vr) + " ")
            : new byte[Math.Max(2, vr.ValueBytes)]),
    ];

    /// <summary>Whether a text is one of the dummies; the verifier asks.</summary>
    public static bool IsDummy(string value) =>
        value is Text or "19000101" or "000000" or "19000101000000" or "000Y" or "0" or "" or "urn:anonymized";

    /// <summary>Puts the dummy of the attribute's own VR (PS3.6) in place of its value.</summary>
    public static void Set(DicomDataset dataset, DicomTag tag)
    {
        var vr = DicomDictionary.FindVr(tag);
        if (vr is DicomVr.None or DicomVr.SQ)
        {
            dataset.SetEmpty(tag);
        }
        else if (!vr.IsText || dataset[tag]?.Vr == vr)
        {
            dataset.Set(new DicomElement(tag, vr, Bytes[(int)vr]));
        }
        else
        {
            dataset.Set(tag, TextOf(vr));
        }
    }

    private static string TextOf(DicomVr vr) => vr switch
    {
        DicomVr.DA => "19000101",
        DicomVr.TM => "000000",
        DicomVr.DT => "19000101000000",
        DicomVr.AS => "000Y",
        DicomVr.DS or DicomVr.IS => "0",
        DicomVr.UR => "urn:anonymized",
        _ => Text,
    };
}
