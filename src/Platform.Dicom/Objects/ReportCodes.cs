namespace Platform.Dicom.Objects;

/// <summary>Concept names of the report templates of PS3.16 that are written here, by their template.</summary>
internal static class ReportCodes
{
    // TID 1500, 1600
    public static readonly CodedConcept ImagingMeasurementReport = Dcm("126000", "Imaging Measurement Report");
    public static readonly CodedConcept ImagingMeasurements = Dcm("126010", "Imaging Measurements");
    public static readonly CodedConcept ProcedureReported = Dcm("121058", "Procedure reported");
    public static readonly CodedConcept ImageLibrary = Dcm("111028", "Image Library");
    public static readonly CodedConcept ImageLibraryGroup = Dcm("126200", "Image Library Group");

    // TID 1204
    public static readonly CodedConcept Language = Dcm("121049", "Language of Content Item and Descendants");

    // TID 1002, 1004
    public static readonly CodedConcept ObserverType = Dcm("121005", "Observer Type");
    public static readonly CodedConcept Device = Dcm("121007", "Device");
    public static readonly CodedConcept DeviceObserverUid = Dcm("121012", "Device Observer UID");
    public static readonly CodedConcept DeviceObserverName = Dcm("121013", "Device Observer Name");
    public static readonly CodedConcept DeviceObserverManufacturer = Dcm("121014", "Device Observer Manufacturer");
    public static readonly CodedConcept DeviceObserverModel = Dcm("121015", "Device Observer Model Name");
    public static readonly CodedConcept DeviceObserverSerial = Dcm("121016", "Device Observer Serial Number");

    // TID 1410, 1411, 1501
    public static readonly CodedConcept MeasurementGroup = Dcm("125007", "Measurement Group");
    public static readonly CodedConcept TrackingIdentifier = Dcm("112039", "Tracking Identifier");
    public static readonly CodedConcept TrackingUid = Dcm("112040", "Tracking Unique Identifier");
    public static readonly CodedConcept FindingCategory = new("276214006", "SCT", "Finding category");
    public static readonly CodedConcept Finding = Dcm("121071", "Finding");
    public static readonly CodedConcept FindingSite = new("363698007", "SCT", "Finding Site");
    public static readonly CodedConcept Laterality = new("272741003", "SCT", "Laterality");
    public static readonly CodedConcept ReferencedSegment = Dcm("121191", "Referenced Segment");
    public static readonly CodedConcept SourceSeries = Dcm("121232", "Source series for segmentation");
    public static readonly CodedConcept Source = new("260753009", "SCT", "Source");
    public static readonly CodedConcept ImageRegion = Dcm("111030", "Image Region");

    // TID 4019
    public static readonly CodedConcept AlgorithmName = Dcm("111001", "Algorithm Name");
    public static readonly CodedConcept AlgorithmParameters = Dcm("111002", "Algorithm Parameters");
    public static readonly CodedConcept AlgorithmVersion = Dcm("111003", "Algorithm Version");

    // TID 2010
    public static readonly CodedConcept KeyObjectDescription = Dcm("113012", "Key Object Description");

    private static CodedConcept Dcm(string value, string meaning) => new(value, "DCM", meaning);
}
