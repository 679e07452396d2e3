namespace Platform.Dicom.Objects;

/// <summary>Writes a PDF as an Encapsulated PDF document (PS3.3 §A.45.1).</summary>
public static class EncapsulatedPdfWriter
{
    /// <summary>Makes the instance, explicit VR little endian.</summary>
    /// <param name="source">A header of the study that the document lies in.</param>
    /// <param name="title">As a person reads it; may be empty.</param>
    /// <param name="concept">What kind of document; null where no code fits.</param>
    /// <param name="hasIdentity">Whether its pages name the patient (0028,0301).</param>
    /// <exception cref="ArgumentException">The bytes are no PDF.</exception>
    public static DicomFile Write(
        DicomDataset source, ReadOnlyMemory<byte> pdf, string title, CodedConcept? concept, bool hasIdentity, DerivedObjectOptions options)
    {
        if (!pdf.Span.StartsWith("%PDF-"u8))
        {
            throw new ArgumentException("The document does not begin as a PDF does.", nameof(pdf));
        }

        var dataset = DerivedObject.Begin(source, DicomUids.EncapsulatedPDFStorage, "DOC", options);
        dataset.Set(DicomTags.ConversionType, "WSD");
        dataset.SetEmpty(DicomTags.AcquisitionDateTime);
        dataset.Set(DicomTags.BurnedInAnnotation, hasIdentity ? "YES" : "NO");
        dataset.Set(DicomTags.DocumentTitle, title);
        dataset.SetSequence(DicomTags.ConceptNameCodeSequence, concept is null ? [] : [concept.ToItem()]);
        dataset.Set(DicomTags.MIMETypeOfEncapsulatedDocument, "application/pdf");
        dataset.Set(DicomTags.EncapsulatedDocumentLength, (long)pdf.Length);
        dataset.Set(DicomTags.EncapsulatedDocument, DicomVr.OB, SecondaryCaptureWriter.Padded(pdf));
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }
}
