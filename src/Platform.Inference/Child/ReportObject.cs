using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Inference.Engine;
using Platform.Inference.Packages;

namespace Platform.Inference.Child;

/// <summary>The findings of a run as a structured report (PS3.16 TID 1500), and the images to look at first as key objects.</summary>
internal static class ReportObject
{
    // An X-ray has one; a reader looks at no more than these of a long series.
    private const int MaxKeyImages = 20;

    private static readonly CodedConcept Procedure = new("363679005", "SCT", "Imaging procedure");
    private static readonly CodedConcept Certainty = new("111012", "DCM", "Certainty of Finding");
    private static readonly CodedConcept Percent = new("%", "UCUM", "percent");
    private static readonly CodedConcept Presence = new("705057003", "SCT", "Presence");
    private static readonly CodedConcept Quality = new("IMAGE-QUALITY", "99PLATFORM", "Image quality for the algorithm");
    private static readonly CodedConcept Sufficient = new("SUFFICIENT", "99PLATFORM", "Sufficient");
    private static readonly CodedConcept Limited = new("LIMITED", "99PLATFORM", "Limited: take the images again");
    private static readonly CodedConcept OfInterest = new("113000", "DCM", "Of Interest");

    /// <summary>Every finding with its tracking identifiers, what computed it, its numbers, and the segment or image that shows it.</summary>
    public static DicomFile Write(RunManifest run, PackageManifest model, ComputedRun computed, DateTimeOffset at)
    {
        var report = new MeasurementReport(Procedure, new ObserverDevice(Findings.DerivedUid(Guid.Empty, run.Model.Hash))
        {
            Name = model.Title ?? model.Name,
            Manufacturer = "Platform",
            Model = model.Name,
            SerialNumber = run.Model.Hash,
        })
        {
            Images = [.. Shown(computed).Concat(computed.Basis).DistinctBy(i => i.SopInstanceUid)],
            Groups = [.. computed.Findings.Zip(computed.Evidence, (finding, evidence) => Group(run, model, finding, evidence, computed.Quality.IsLimited))],
        };
        return MeasurementReportWriter.Write(
            computed.Source,
            report,
            ResultObjects.Options(run, model, "report", 1002, at) with
            {
                SeriesDescription = ResultObjects.Shortened($"AI report: {model.Title ?? model.Name}"),
            });
    }

    /// <summary>The images that show the findings, and what was drawn of them.</summary>
    public static DicomFile WriteKeyObjects(RunManifest run, PackageManifest model, ComputedRun computed, DateTimeOffset at)
    {
        var drawn = computed.Objects.Select(o => o.File.Dataset)
            .Where(d => d.GetUid(DicomTags.SOPClassUID) == DicomUids.SecondaryCaptureImageStorage).Select(InstanceReference.Of);
        var images = Shown(computed).Concat(drawn).DistinctBy(i => i.SopInstanceUid).Take(MaxKeyImages);
        return KeyObjectSelectionWriter.Write(
            computed.Source,
            OfInterest,
            [.. images.Select(i => (i, true))],
            ResultObjects.Options(run, model, "key images", 1003, at) with
            {
                SeriesDescription = ResultObjects.Shortened($"AI key images: {model.Title ?? model.Name}"),
            },
            $"Images on which {model.Name} {model.Version} found something; for evaluation");
    }

    /// <summary>The images that findings lie on.</summary>
    public static IEnumerable<InstanceReference> Shown(ComputedRun computed) => computed.Evidence.Select(e => e.Image).OfType<InstanceReference>();

    private static MeasurementGroup Group(
        RunManifest run, PackageManifest model, Finding finding, FindingEvidence evidence, bool isLimited)
    {
        var measurements = finding.Measurements
            .Select(m => new ReportedMeasurement(ResultObjects.Coded(m.Concept), m.Value, ResultObjects.Coded(m.Unit))).ToList();
        if (finding.Probability is { } probability)
        {
            measurements.Add(new(Certainty, Math.Round(100 * probability, 1), Percent));
        }

        return new MeasurementGroup(evidence.TrackingId, finding.TrackingUid, ResultObjects.Coded(finding.Concept))
        {
            Segment = evidence.Segment,
            SourceSeriesUid = evidence.Segment is null ? null : finding.SeriesInstanceUid,
            SourceImages = evidence is { Segment: null, Image: { } image } ? [(image, evidence.Frame)] : [],
            Algorithm = new AlgorithmIdentification(model.Name, model.Version)
            {
                Parameters = [$"package sha256 {run.Model.Hash}", .. run.Parameters.Select(p => $"{p.Key} {p.Value}")],
            },
            Measurements = measurements,
            Evaluations =
            [
                .. finding.Evaluation is { } said ? [new QualitativeEvaluation(Presence, ResultObjects.Coded(said))] : (QualitativeEvaluation[])[],
                new(Quality, isLimited ? Limited : Sufficient),
            ],
        };
    }
}
