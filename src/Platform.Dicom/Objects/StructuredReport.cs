namespace Platform.Dicom.Objects;

/// <summary>What a document of references carries beside its tree.</summary>
internal static class StructuredReport
{
    /// <summary>Current Requested Procedure Evidence Sequence (0040,A375): every instance that the document names, by study and series.</summary>
    public static void SetEvidence(DicomDataset dataset, IEnumerable<InstanceReference> instances)
    {
        var studies = instances.DistinctBy(i => i.SopInstanceUid).GroupBy(i => i.StudyInstanceUid).Select(study =>
        {
            var item = new DicomDataset();
            item.Set(DicomTags.StudyInstanceUID, study.Key);
            item.SetSequence(DicomTags.ReferencedSeriesSequence, study.GroupBy(i => i.SeriesInstanceUid).Select(Series));
            return item;
        }).ToList();
        if (studies.Count > 0)
        {
            dataset.SetSequence(DicomTags.CurrentRequestedProcedureEvidenceSequence, studies);
        }

        static DicomDataset Series(IGrouping<string, InstanceReference> instances)
        {
            var item = new DicomDataset();
            item.Set(DicomTags.SeriesInstanceUID, instances.Key);
            item.SetSequence(
                DicomTags.ReferencedSOPSequence, instances.Select(i => DerivedObject.Reference(i.SopClassUid, i.SopInstanceUid)));
            return item;
        }
    }
}
