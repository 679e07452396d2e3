namespace Platform.Dicom.Deidentification;

/// <summary>The dummy value (action D of PS3.15 Table E.1-1) of each value representation: valid, and the same for everybody.</summary>
internal static class ConfidentialityDummies
{
    public const string Text = "ANONYMIZED";

    /// <summary>Whether a text is one of the dummies; the verifier asks.</summary>
    public static bool IsDummy(string value) =>
        value is Text or "19000101" or "000000" or "19000101000000" or "000Y" or "0" or "" or "urn:anonymized";

    /// <summary>Puts the dummy of the attribute's own VR (PS3.6) in place of its value.</summary>
    public static void Set(DicomDataset dataset, DicomTag tag)
    {
        var vr = DicomDictionary.FindVr(tag);
        switch (vr)
        {
            case DicomVr.DA:
                dataset.Set(tag, "19000101");
                break;
            case DicomVr.TM:
                dataset.Set(tag, "000000");
                break;
            case DicomVr.DT:
                dataset.Set(tag, "19000101000000");
                break;
            case DicomVr.AS:
                dataset.Set(tag, "000Y");
                break;
            case DicomVr.DS or DicomVr.IS:
                dataset.Set(tag, "0");
                break;
            case DicomVr.UR:
                dataset.Set(tag, "urn:anonymized");
                break;
            case DicomVr.None or DicomVr.SQ:
                dataset.SetEmpty(tag);
                break;
            default:
                if (vr.IsText)
                {
                    dataset.Set(tag, Text);
                }
                else
                {
                    dataset.Set(tag, vr, new byte[Math.Max(2, vr.ValueBytes)]);
                }

                break;
        }
    }
}
