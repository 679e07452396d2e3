using Platform.Api.Studies;
using Platform.Api.Tenants;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Platform.Hosting.Blobs;

namespace Platform.Api.Dicomweb;

/// <summary>One instance on its way in: who it is, whether it may, and what becomes of its header.</summary>
internal sealed class IncomingInstance(StowRules rules, int part, string? studyInUrl)
{
    private const string StorageClasses = "1.2.840.10008.5.1.4.1.1.";

    // A DICOMDIR is the table of a medium, not an object of a study.
    private const string MediaStorageDirectory = "1.2.840.10008.1.3.10";

    private string? sopClassUid;
    private InstanceUids? received;
    private InstanceUids? stored;
    private BodyParts.Found? bodyPart;
    private IReadOnlyList<string> suspicions = [];

    /// <summary>Why it is not taken; null when it is. Reads who it is on the way.</summary>
    public StoreOutcome? Refuse(DicomHeader header)
    {
        var dataset = header.Dataset;
        sopClassUid = Uid(dataset, DicomTags.SOPClassUID);
        if ((sopClassUid ?? Uid(header.Meta, DicomTags.MediaStorageSOPClassUID)) is { } declared && !IsStored(declared))
        {
            // A DICOMDIR names its class in the meta header only.
            sopClassUid = declared;
            return Refused(StoreReason.SopClassNotSupported, "Objects of this SOP Class are not stored here.");
        }

        if (sopClassUid is null || Uid(dataset, DicomTags.SOPInstanceUID) is not { } instance
            || Uid(dataset, DicomTags.StudyInstanceUID) is not { } study
            || Uid(dataset, DicomTags.SeriesInstanceUID) is not { } series)
        {
            return Refused(StoreReason.DoesNotMatchSopClass, "SOP Class, SOP Instance, Series or Study UID is missing or bad.");
        }

        received = new InstanceUids(study, series, instance);
        stored = rules.Policy == DeidentificationPolicy.Apply
            ? new InstanceUids(rules.Keys.MapUid(study), rules.Keys.MapUid(series), rules.Keys.MapUid(instance))
            : received;
        if (studyInUrl is not null && studyInUrl != study && studyInUrl != stored.StudyInstanceUid)
        {
            return Refused(StoreReason.DoesNotMatchSopClass, "It belongs to another study than the one in the URL.");
        }

        if (header.Syntax.Name.StartsWith("JPIP", StringComparison.Ordinal))
        {
            return Refused(StoreReason.TransferSyntaxNotSupported, "Its pixels are on another server (JPIP); send the pixels.");
        }

        return RefuseIdentity(dataset);
    }

    /// <summary>Cleans the header where the tenant's policy says so, and gives it a meta header of our own.</summary>
    public void Clean(DicomHeader header)
    {
        var dataset = header.Dataset;
        bodyPart = BodyParts.Derive(TextsOfBodyPart(dataset));
        if (header.PixelData is not null)
        {
            // Before cleaning: it removes what says that an overlay lies in the pixels, and leaves the pixels.
            suspicions = [.. BurnedInText.Suspect(dataset).Select(suspicion => suspicion.ToString())];
        }

        if (rules.Policy == DeidentificationPolicy.Apply)
        {
            new Deidentifier(rules.Keys).Apply(dataset);
        }

        // The sender's meta header and preamble can hold anything: application titles, private data, a name.
        var file = header.File;
        file.Preamble = new byte[128];
        file.TrailingZeroBytes = 0;
        var meta = new DicomFile(dataset, StoredSyntax(header)).Meta;
        foreach (var element in file.Meta.ToArray())
        {
            file.Meta.Remove(element.Tag);
        }

        foreach (var element in meta)
        {
            file.Meta.Set(element);
        }
    }

    /// <summary>Everything the rows need, when the blob is written to its end.</summary>
    public StagedInstance Staged(
        DicomHeader header, BlobWriter writer, HashedBlob blob, string receivedHmac, string metadata, DateTimeOffset at)
    {
        var dataset = header.Dataset;
        return new StagedInstance(
            part,
            writer,
            blob.Written,
            blob.Sha256(),
            receivedHmac,
            at,
            received!,
            stored!,
            new StagedStudy(
                Text(dataset, DicomTags.PatientID) ?? "",
                Text(dataset, DicomTags.StudyDate),
                Text(dataset, DicomTags.StudyDescription),
                Text(dataset, DicomTags.AccessionNumber),
                bodyPart),
            new StagedSeries(
                Text(dataset, DicomTags.Modality) ?? "OT",
                Text(dataset, DicomTags.SeriesDescription),
                dataset.GetInt32(DicomTags.SeriesNumber),
                bodyPart?.Code),
            sopClassUid!,
            StoredSyntax(header).Uid,
            dataset.GetInt32(DicomTags.InstanceNumber),
            dataset.GetInt32(DicomTags.Rows),
            dataset.GetInt32(DicomTags.Columns),
            dataset.GetInt32(DicomTags.NumberOfFrames),
            suspicions,
            metadata);
    }

    public StoreOutcome Refused(StoreReason reason, string comment) =>
        StoreOutcome.Refused(reason, comment, sopClassUid, received);

    public StoreOutcome OverBudget(string budget) => Refused(StoreReason.OutOfResources, $"Over the budget {budget}.");

    /// <summary>The reason for bytes that the reader refused. Its own message is too long for Error Comment (LO).</summary>
    public StoreOutcome Refused(DicomException e) => e.Error switch
    {
        DicomError.OverBudget => OverBudget(e.Budget!),
        DicomError.NotDicom => Refused(StoreReason.CannotUnderstand, "This is not a DICOM file."),
        DicomError.Truncated => Refused(StoreReason.CannotUnderstand, "It ends too early; send it again whole."),
        DicomError.UnknownTransferSyntax =>
            Refused(StoreReason.TransferSyntaxNotSupported, "Its transfer syntax is not one of the standard."),
        _ => Refused(StoreReason.CannotUnderstand, Where(e)),
    };

    private static string Where(DicomException e)
    {
        var rule = e.Tag is { } tag ? $"{e.Error} at {tag}" : $"{e.Error}";
        return e.Offset is { } offset ? $"Broken DICOM: {rule}, byte {offset}." : $"Broken DICOM: {rule}.";
    }

    private StoreOutcome? RefuseIdentity(DicomDataset dataset)
    {
        if (rules.Policy == DeidentificationPolicy.Verify)
        {
            return DeidentificationVerifier.Check(dataset) switch
            {
                [] => null,
                [var leak, ..] when leak.Rule == IdentityRule.NotMarked =>
                    Refused(StoreReason.ProcessingFailure, "Not marked as de-identified (0012,0062); de-identify it first."),
                [var leak, ..] =>
                    Refused(StoreReason.ProcessingFailure, $"It still identifies at {leak.Path[^11..]}: {leak.Rule}."),
            };
        }

        return Deidentifier.Refuse(dataset) switch
        {
            null => null,
            DeidentificationRefusal.BurnedInAnnotation =>
                Refused(StoreReason.ProcessingFailure, "Its pixels show text (Burned In Annotation), not cleaned here."),
            DeidentificationRefusal.StructuredContent =>
                Refused(StoreReason.ProcessingFailure, "Free text of a structured report can't be de-identified here."),
            _ => Refused(StoreReason.ProcessingFailure, "A document inside DICOM can't be de-identified here."),
        };
    }

    /// <summary>Storage classes of the standard, current and retired; not directories, not private classes.</summary>
    private static bool IsStored(string uid) =>
        uid.StartsWith(StorageClasses, StringComparison.Ordinal)
        || (uid != MediaStorageDirectory && DicomUids.FindSopClassName(uid) is not null);

    /// <summary>The syntax that the bytes really have, which some writers do not declare.</summary>
    private static DicomTransferSyntax StoredSyntax(DicomHeader header) =>
        header.File.Encoding == header.Syntax.Encoding || header.Syntax.IsEncapsulated || header.Syntax.IsDeflated
            ? header.Syntax
            : header.File.Encoding switch
            {
                DicomEncoding.ImplicitLittleEndian => DicomTransferSyntax.ImplicitLittleEndian,
                DicomEncoding.ExplicitBigEndian => DicomTransferSyntax.ExplicitBigEndian,
                _ => DicomTransferSyntax.ExplicitLittleEndian,
            };

    private static IEnumerable<(string Keyword, string? Text)> TextsOfBodyPart(DicomDataset dataset)
    {
        yield return (nameof(DicomTags.BodyPartExamined), dataset.GetString(DicomTags.BodyPartExamined));
        foreach (var region in dataset.GetSequence(DicomTags.AnatomicRegionSequence))
        {
            yield return (nameof(DicomTags.AnatomicRegionSequence), region.GetString(DicomTags.CodeMeaning));
        }

        yield return (nameof(DicomTags.ProtocolName), dataset.GetString(DicomTags.ProtocolName));
        yield return (nameof(DicomTags.SeriesDescription), dataset.GetString(DicomTags.SeriesDescription));
        yield return (nameof(DicomTags.StudyDescription), dataset.GetString(DicomTags.StudyDescription));
        yield return (
            nameof(DicomTags.RequestedProcedureDescription), dataset.GetString(DicomTags.RequestedProcedureDescription));
        yield return (
            nameof(DicomTags.PerformedProcedureStepDescription), dataset.GetString(DicomTags.PerformedProcedureStepDescription));
        foreach (var request in dataset.GetSequence(DicomTags.RequestAttributesSequence))
        {
            yield return (
                nameof(DicomTags.ScheduledProcedureStepDescription),
                request.GetString(DicomTags.ScheduledProcedureStepDescription));
        }
    }

    /// <summary>Up to 64 digits and dots: real scanners break PS3.5 §9.1 by leading zeros, and mapping makes UIDs whole.</summary>
    private static string? Uid(DicomDataset dataset, DicomTag tag) =>
        dataset.GetString(tag) is { } uid && UidPath.IsWellFormed(uid) ? uid : null;

    /// <summary>PostgreSQL's text takes no NUL.</summary>
    private static string? Text(DicomDataset dataset, DicomTag tag) =>
        dataset.GetString(tag)?.Replace("\0", "", StringComparison.Ordinal) is { Length: > 0 } text ? text : null;
}
