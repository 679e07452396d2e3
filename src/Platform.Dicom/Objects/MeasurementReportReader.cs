namespace Platform.Dicom.Objects;

/// <summary>Reads the measurement groups of a report by template 1500 of PS3.16, whoever wrote it.</summary>
/// <remarks>For other templates there is <see cref="ContentTree.Read"/>.</remarks>
public static class MeasurementReportReader
{
    private static readonly CodedConcept[] NotEvaluations = [ReportCodes.Finding, ReportCodes.FindingCategory, ReportCodes.FindingSite];

    /// <summary>The report; what it leaves out is empty, what its groups say beyond <see cref="MeasurementGroup"/> stays in the tree.</summary>
    /// <exception cref="DicomException">InvalidValue where it is no measurement report, or a group has no tracking identifier or finding.</exception>
    public static MeasurementReport Read(DicomDataset dataset)
    {
        var root = ContentTree.Read(dataset);
        if (root.Name?.IsSameAs(ReportCodes.ImagingMeasurementReport) != true)
        {
            throw new DicomException(DicomError.InvalidValue, "Not an Imaging Measurement Report (TID 1500)", DicomTags.ConceptNameCodeSequence);
        }

        var evidence = Evidence(dataset);
        var groups = root.FindAll<ContainerItem>(ReportCodes.ImagingMeasurements).SelectMany(m => m.FindAll<ContainerItem>(ReportCodes.MeasurementGroup));
        var images = root.FindAll<ContainerItem>(ReportCodes.ImageLibrary)
            .SelectMany(l => l.FindAll<ContainerItem>(ReportCodes.ImageLibraryGroup)).SelectMany(g => g.Children.OfType<ReferenceItem>());
        return new MeasurementReport(
            root.Find<CodeItem>(ReportCodes.ProcedureReported)?.Value ?? new CodedConcept("", "", ""),
            new ObserverDevice(root.Find<UidItem>(ReportCodes.DeviceObserverUid)?.Uid ?? "")
            {
                Name = root.Find<TextItem>(ReportCodes.DeviceObserverName)?.Text,
                Manufacturer = root.Find<TextItem>(ReportCodes.DeviceObserverManufacturer)?.Text,
                Model = root.Find<TextItem>(ReportCodes.DeviceObserverModel)?.Text,
                SerialNumber = root.Find<TextItem>(ReportCodes.DeviceObserverSerial)?.Text,
            })
        {
            Language = root.Find<CodeItem>(ReportCodes.Language)?.Value ?? new CodedConcept("", "", ""),
            Images = [.. images.Select(i => Instance(i, evidence))],
            Groups = [.. groups.Select(g => Group(g, evidence))],
        };
    }

    private static MeasurementGroup Group(ContainerItem group, Dictionary<string, InstanceReference> evidence)
    {
        var site = group.Find<CodeItem>(ReportCodes.FindingSite);
        var algorithm = group.Find<TextItem>(ReportCodes.AlgorithmName)?.Text;
        var segment = group.Find<ReferenceItem>(ReportCodes.ReferencedSegment);
        return new MeasurementGroup(
            group.Find<TextItem>(ReportCodes.TrackingIdentifier)?.Text ?? throw Missing("tracking identifier"),
            group.Find<UidItem>(ReportCodes.TrackingUid)?.Uid ?? throw Missing("tracking unique identifier"),
            group.Find<CodeItem>(ReportCodes.Finding)?.Value ?? throw Missing("finding"))
        {
            Category = group.Find<CodeItem>(ReportCodes.FindingCategory)?.Value,
            Site = site?.Value,
            Laterality = site?.Find<CodeItem>(ReportCodes.Laterality)?.Value,
            Segment = segment is { Segments: [var number, ..] } ? (Instance(segment, evidence), number) : null,
            Centre = group.Find<SpatialItem>(ReportCodes.ImageRegion) is { GraphicType: "POINT" } point
                ? (point.Points[0], point.FrameOfReferenceUid)
                : null,
            SourceSeriesUid = group.Find<UidItem>(ReportCodes.SourceSeries)?.Uid,
            Algorithm = algorithm is null
                ? null
                : new AlgorithmIdentification(algorithm, group.Find<TextItem>(ReportCodes.AlgorithmVersion)?.Text ?? "")
                {
                    Parameters = [.. group.FindAll<TextItem>(ReportCodes.AlgorithmParameters).Select(p => p.Text)],
                },
            SourceImages =
            [
                .. group.FindAll<ReferenceItem>(ReportCodes.Source)
                    .Select(i => (Instance(i, evidence), i.Frames is [var frame, ..] ? frame : (int?)null)),
            ],
            Measurements =
            [
                .. group.Children.OfType<NumericItem>().Where(n => n.Name is not null)
                    .Select(n => new ReportedMeasurement(n.Name!, n.Value, n.Unit)),
            ],
            Evaluations =
            [
                .. group.Children.OfType<CodeItem>()
                    .Where(c => c.Relationship == ContentRelationship.Contains && c.Name is { } name && !NotEvaluations.Any(name.IsSameAs))
                    .Select(c => new QualitativeEvaluation(c.Name!, c.Value)),
            ],
        };
    }

    private static InstanceReference Instance(ReferenceItem reference, Dictionary<string, InstanceReference> evidence) =>
        evidence.GetValueOrDefault(reference.SopInstanceUid) ?? new InstanceReference("", "", reference.SopClassUid, reference.SopInstanceUid);

    private static Dictionary<string, InstanceReference> Evidence(DicomDataset dataset)
    {
        var found = new Dictionary<string, InstanceReference>(StringComparer.Ordinal);
        foreach (var study in dataset.GetSequence(DicomTags.CurrentRequestedProcedureEvidenceSequence))
        {
            foreach (var series in study.GetSequence(DicomTags.ReferencedSeriesSequence))
            {
                foreach (var instance in series.GetSequence(DicomTags.ReferencedSOPSequence))
                {
                    var uid = instance.GetString(DicomTags.ReferencedSOPInstanceUID) ?? "";
                    found.TryAdd(uid, new InstanceReference(
                        study.GetString(DicomTags.StudyInstanceUID) ?? "",
                        series.GetString(DicomTags.SeriesInstanceUID) ?? "",
                        instance.GetString(DicomTags.ReferencedSOPClassUID) ?? "",
                        uid));
                }
            }
        }

        return found;
    }

    private static DicomException Missing(string what) =>
        new(DicomError.InvalidValue, $"A measurement group has no {what}", DicomTags.ContentSequence);
}
