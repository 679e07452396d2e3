namespace Platform.Dicom.Pixels;

/// <summary>Functional groups of an enhanced multi-frame image (PS3.3 §C.7.6.16): a frame's own item, else the shared one.</summary>
internal static class FunctionalGroups
{
    public static bool ArePresent(DicomDataset dataset) =>
        dataset.Contains(DicomTags.PerFrameFunctionalGroupsSequence) || dataset.Contains(DicomTags.SharedFunctionalGroupsSequence);

    /// <summary>The item of a functional group macro that holds for a frame (from 0); null where neither place has it.</summary>
    public static DicomDataset? Find(DicomDataset dataset, int frame, DicomTag macro)
    {
        var perFrame = dataset.GetSequence(DicomTags.PerFrameFunctionalGroupsSequence);
        if (frame < perFrame.Count && perFrame[frame].GetSequence(macro) is [var own, ..])
        {
            return own;
        }

        return dataset.GetSequence(DicomTags.SharedFunctionalGroupsSequence) is [var shared, ..]
            && shared.GetSequence(macro) is [var common, ..] ? common : null;
    }
}
