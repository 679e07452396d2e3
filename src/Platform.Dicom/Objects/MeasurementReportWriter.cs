using static Platform.Dicom.Objects.ContentRelationship;

namespace Platform.Dicom.Objects;

/// <summary>Writes a measurement report as a Comprehensive 3D SR document (PS3.3 §A.35.13) by template 1500 of PS3.16.</summary>
public static class MeasurementReportWriter
{
    /// <summary>Makes the instance, explicit VR little endian: complete, not verified by a person.</summary>
    /// <param name="source">A header of the study that the report lies in.</param>
    /// <exception cref="ArgumentException">A group with a segment but without the series that was segmented, or with neither segment, centre nor measurement.</exception>
    public static DicomFile Write(DicomDataset source, MeasurementReport report, DerivedObjectOptions options)
    {
        var dataset = DerivedObject.Begin(source, DicomUids.Comprehensive3DSRStorage, "SR", options);
        dataset.SetEmpty(DicomTags.ReferencedPerformedProcedureStepSequence);
        dataset.SetEmpty(DicomTags.PerformedProcedureCodeSequence);
        dataset.Set(DicomTags.CompletionFlag, "COMPLETE");
        dataset.Set(DicomTags.VerificationFlag, "UNVERIFIED");
        StructuredReport.SetEvidence(
            dataset, report.Images
                .Concat(report.Groups.Select(g => g.Segment?.Instance).OfType<InstanceReference>())
                .Concat(report.Groups.SelectMany(g => g.SourceImages.Select(i => i.Image))));
        ContentTree.Write(dataset, Tree(report));
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }

    private static ContainerItem Tree(MeasurementReport report)
    {
        var children = new List<ContentItem> { new CodeItem(HasConceptModifier, ReportCodes.Language, report.Language) };
        children.AddRange(Observer(report.Observer));
        children.Add(new CodeItem(HasConceptModifier, ReportCodes.ProcedureReported, report.Procedure));
        if (report.Images.Count > 0)
        {
            children.Add(Library(report.Images));
        }

        children.Add(new ContainerItem(Contains, ReportCodes.ImagingMeasurements) { Children = [.. report.Groups.Select(Group)] });
        return new ContainerItem(Root, ReportCodes.ImagingMeasurementReport) { TemplateId = "1500", Children = children };
    }

    private static IEnumerable<ContentItem> Observer(ObserverDevice device)
    {
        yield return new CodeItem(HasObservationContext, ReportCodes.ObserverType, ReportCodes.Device);
        yield return new UidItem(HasObservationContext, ReportCodes.DeviceObserverUid, device.Uid);
        (CodedConcept Name, string? Text)[] texts =
        [
            (ReportCodes.DeviceObserverName, device.Name),
            (ReportCodes.DeviceObserverManufacturer, device.Manufacturer),
            (ReportCodes.DeviceObserverModel, device.Model),
            (ReportCodes.DeviceObserverSerial, device.SerialNumber),
        ];
        foreach (var (name, text) in texts)
        {
            if (text is not null)
            {
                yield return new TextItem(HasObservationContext, name, text);
            }
        }
    }

    private static ContainerItem Library(IEnumerable<InstanceReference> images) => new(Contains, ReportCodes.ImageLibrary)
    {
        Children =
        [
            .. images.GroupBy(i => i.SeriesInstanceUid).Select(series => new ContainerItem(Contains, ReportCodes.ImageLibraryGroup)
            {
                Children = [.. series.Select(i => new ReferenceItem(Contains, null, i.SopClassUid, i.SopInstanceUid))],
            }),
        ],
    };

    private static ContainerItem Group(MeasurementGroup group)
    {
        if (group.Segment is not null && group.SourceSeriesUid is null)
        {
            throw new ArgumentException($"{nameof(group.SourceSeriesUid)} goes with {nameof(group.Segment)}.", nameof(group));
        }

        if (group.Segment is null && group.Centre is null && group.Measurements.Count == 0 && group.Evaluations.Count == 0)
        {
            throw new ArgumentException("A group says nothing of its finding.", nameof(group));
        }

        var template = group.Segment is not null ? "1411" : group.Centre is not null ? "1410" : "1501";
        return new(Contains, ReportCodes.MeasurementGroup) { TemplateId = template, Children = [.. Content(group)] };
    }

    private static IEnumerable<ContentItem> Content(MeasurementGroup group)
    {
        yield return new TextItem(HasObservationContext, ReportCodes.TrackingIdentifier, group.TrackingId);
        yield return new UidItem(HasObservationContext, ReportCodes.TrackingUid, group.TrackingUid);
        if (group.Category is { } category)
        {
            yield return new CodeItem(Contains, ReportCodes.FindingCategory, category);
        }

        yield return new CodeItem(Contains, ReportCodes.Finding, group.Finding);
        if (group.Algorithm is { } algorithm)
        {
            yield return new TextItem(HasConceptModifier, ReportCodes.AlgorithmName, algorithm.Name);
            yield return new TextItem(HasConceptModifier, ReportCodes.AlgorithmVersion, algorithm.Version);
            foreach (var parameter in algorithm.Parameters)
            {
                yield return new TextItem(HasConceptModifier, ReportCodes.AlgorithmParameters, parameter);
            }
        }

        if (group.Site is { } site)
        {
            yield return new CodeItem(HasConceptModifier, ReportCodes.FindingSite, site)
            {
                Children = group.Laterality is { } side ? [new CodeItem(HasConceptModifier, ReportCodes.Laterality, side)] : [],
            };
        }

        if (group.Segment is var (segmentation, number))
        {
            yield return new ReferenceItem(Contains, ReportCodes.ReferencedSegment, segmentation.SopClassUid, segmentation.SopInstanceUid)
            {
                Segments = [number],
            };
            yield return new UidItem(Contains, ReportCodes.SourceSeries, group.SourceSeriesUid!);
        }
        else if (group.Centre is var (point, frameOfReference))
        {
            yield return new SpatialItem(Contains, ReportCodes.ImageRegion, "POINT", [point], frameOfReference);
        }

        foreach (var (image, frame) in group.SourceImages)
        {
            yield return new ReferenceItem(Contains, ReportCodes.Source, image.SopClassUid, image.SopInstanceUid)
            {
                Frames = frame is { } one ? [one] : [],
            };
        }

        foreach (var measurement in group.Measurements)
        {
            yield return new NumericItem(Contains, measurement.Name, measurement.Value, measurement.Unit);
        }

        foreach (var evaluation in group.Evaluations)
        {
            yield return new CodeItem(Contains, evaluation.Name, evaluation.Value);
        }
    }
}
