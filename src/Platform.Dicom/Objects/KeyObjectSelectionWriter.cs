using static Platform.Dicom.Objects.ContentRelationship;

namespace Platform.Dicom.Objects;

/// <summary>Writes a Key Object Selection document (PS3.3 §A.35.4, PS3.16 TID 2010): which instances matter, and why.</summary>
public static class KeyObjectSelectionWriter
{
    /// <summary>Makes the instance, explicit VR little endian.</summary>
    /// <param name="source">A header of the study that the document lies in.</param>
    /// <param name="title">Why, of context group 7010, e.g. (113000, DCM, "Of Interest").</param>
    /// <param name="objects">The instances; images have pixels, the others are referenced as composite objects.</param>
    /// <exception cref="ArgumentException">No object is named.</exception>
    public static DicomFile Write(
        DicomDataset source,
        CodedConcept title,
        IReadOnlyList<(InstanceReference Instance, bool IsImage)> objects,
        DerivedObjectOptions options,
        string? description = null)
    {
        if (objects.Count == 0)
        {
            throw new ArgumentException("A key object selection names at least one object.", nameof(objects));
        }

        var dataset = DerivedObject.Begin(source, DicomUids.KeyObjectSelectionDocumentStorage, "KO", options);
        dataset.SetEmpty(DicomTags.ReferencedPerformedProcedureStepSequence);
        StructuredReport.SetEvidence(dataset, objects.Select(o => o.Instance));
        var children = new List<ContentItem>();
        if (description is not null)
        {
            children.Add(new TextItem(Contains, ReportCodes.KeyObjectDescription, description));
        }

        children.AddRange(objects.Select(o => new ReferenceItem(Contains, null, o.Instance.SopClassUid, o.Instance.SopInstanceUid, o.IsImage)));
        ContentTree.Write(dataset, new ContainerItem(Root, title) { TemplateId = "2010", Children = children });
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }
}
