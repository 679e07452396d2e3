using System.Globalization;

namespace Platform.Dicom.Objects;

/// <summary>What all objects that are made from a study have in common.</summary>
internal static class DerivedObject
{
    /// <summary>Patient and study modules as in the source, SOP common, series, equipment, content date (PS3.3 §C.7.1 to §C.7.5, §C.12.1).</summary>
    public static DicomDataset Begin(DicomDataset source, string sopClassUid, string modality, DerivedObjectOptions options)
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SpecificCharacterSet, "ISO_IR 192");
        ModuleCopy.PatientAndStudyModules(source, dataset);
        dataset.Set(DicomTags.SOPClassUID, sopClassUid);
        dataset.Set(DicomTags.SOPInstanceUID, options.SopInstanceUid);
        dataset.Set(DicomTags.InstanceNumber, (long)options.InstanceNumber);
        dataset.Set(DicomTags.ContentDate, Date(options));
        dataset.Set(DicomTags.ContentTime, Time(options));
        dataset.Set(DicomTags.Modality, modality);
        dataset.Set(DicomTags.SeriesInstanceUID, options.SeriesInstanceUid);
        dataset.Set(DicomTags.SeriesNumber, (long)options.SeriesNumber);
        if (options.SeriesDescription.Length > 0)
        {
            dataset.Set(DicomTags.SeriesDescription, options.SeriesDescription);
        }

        dataset.Set(DicomTags.SeriesDate, Date(options));
        dataset.Set(DicomTags.SeriesTime, Time(options));
        dataset.Set(DicomTags.Manufacturer, options.Manufacturer);
        dataset.Set(DicomTags.ManufacturerModelName, options.ManufacturerModelName);
        dataset.Set(DicomTags.DeviceSerialNumber, options.DeviceSerialNumber);
        dataset.Set(DicomTags.SoftwareVersions, options.SoftwareVersions);
        return dataset;
    }

    /// <summary>A reference to an instance (PS3.3 Table 10-11).</summary>
    public static DicomDataset Reference(string sopClassUid, string sopInstanceUid)
    {
        var item = new DicomDataset();
        item.Set(DicomTags.ReferencedSOPClassUID, sopClassUid);
        item.Set(DicomTags.ReferencedSOPInstanceUID, sopInstanceUid);
        return item;
    }

    private static string Date(DerivedObjectOptions options) => options.ContentDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    private static string Time(DerivedObjectOptions options) => options.ContentDateTime.ToString("HHmmss", CultureInfo.InvariantCulture);
}
