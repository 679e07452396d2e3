namespace Platform.Dicom.Deidentification;

/// <summary>(0012,0062), (0012,0063), (0012,0064) and (0028,0303) of an object that was cleaned under some options; made once.</summary>
internal sealed class DeidentificationMarks
{
    private readonly DicomDataset _marks = new();
    private readonly DicomDataset[] _codes;

    public DeidentificationMarks(DeidentificationOptions options)
    {
        _codes = [.. options.MethodCodes()];
        _marks.Set(DicomTags.PatientIdentityRemoved, "YES");
        _marks.Set(
            DicomTags.DeidentificationMethod,
            [Deidentifier.Method, .. _codes.Skip(1).Select(c => c.GetString(DicomTags.CodeMeaning)!)]);
        _marks.Set(DicomTags.LongitudinalTemporalInformationModified, options.TemporalInformation());
    }

    /// <summary>Sets them. All of them are ASCII, which is the same in every character set.</summary>
    public void Set(DicomDataset dataset)
    {
        foreach (var mark in _marks.Elements)
        {
            dataset.Set(mark);
        }

        // An item belongs to one data set; its elements may be anybody's.
        dataset.SetSequence(DicomTags.DeidentificationMethodCodeSequence, _codes.Select(Copy));
    }

    private static DicomDataset Copy(DicomDataset code)
    {
        var copy = new DicomDataset();
        foreach (var element in code.Elements)
        {
            copy.Set(element);
        }

        return copy;
    }
}
