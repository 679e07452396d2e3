namespace Platform.Dicom.Objects;

/// <summary>Writes a volume as MR or CT Image Storage instances (PS3.3 §A.4, §A.3), one for each slice.</summary>
public static class ImageSeriesWriter
{
    /// <summary>The instances in order of the slice index, made one by one; the same input gives the same bytes.</summary>
    /// <exception cref="ArgumentException">Another modality than MR or CT, sizes that disagree with the voxels, a voxel that is no number.</exception>
    public static IEnumerable<DicomFile> Write(ImageSeries series)
    {
        if (series.Modality is not ("MR" or "CT"))
        {
            throw new ArgumentException("Only MR and CT series are written.", nameof(series));
        }

        if (series.Columns is < 1 or > ushort.MaxValue || series.Rows is < 1 or > ushort.MaxValue || series.Slices < 1
            || (long)series.Columns * series.Rows * series.Slices != series.Voxels.Length)
        {
            throw new ArgumentException("Columns, rows and slices disagree with the voxels.", nameof(series));
        }

        var scale = StoredScale.For(series.Voxels.Span);
        return Enumerable.Range(0, series.Slices).Select(slice => Slice(series, scale, slice));
    }

    private static DicomFile Slice(ImageSeries series, StoredScale scale, int slice)
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SpecificCharacterSet, "ISO_IR 192");
        SetDefaults(dataset, series);
        if (series.Attributes is { } attributes)
        {
            ModuleCopy.All(attributes, dataset);
        }

        var sopClass = series.Modality == "MR" ? DicomUids.MRImageStorage : DicomUids.CTImageStorage;
        dataset.Set(DicomTags.SOPClassUID, sopClass);
        dataset.Set(DicomTags.SOPInstanceUID, series.SopInstanceUid(slice));
        dataset.Set(DicomTags.StudyInstanceUID, series.StudyInstanceUid);
        dataset.Set(DicomTags.SeriesInstanceUID, series.SeriesInstanceUid);
        dataset.Set(DicomTags.FrameOfReferenceUID, series.FrameOfReferenceUid);
        dataset.Set(DicomTags.Modality, series.Modality);
        dataset.Set(DicomTags.InstanceNumber, slice + 1L);
        SetPlane(dataset, series, slice);
        SetPixels(dataset, series, scale, slice);
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }

    private static void SetDefaults(DicomDataset dataset, ImageSeries series)
    {
        DicomTag[] empty =
        [
            DicomTags.StudyDate, DicomTags.StudyTime, DicomTags.AccessionNumber, DicomTags.ReferringPhysicianName, DicomTags.StudyID,
            DicomTags.PatientName, DicomTags.PatientID, DicomTags.PatientBirthDate, DicomTags.PatientSex,
            DicomTags.Manufacturer, DicomTags.PositionReferenceIndicator, DicomTags.PatientPosition,
        ];
        foreach (var tag in empty)
        {
            dataset.SetEmpty(tag);
        }

        dataset.Set(DicomTags.SeriesNumber, 1L);
        if (series.Modality == "MR")
        {
            dataset.Set(DicomTags.ImageType, "ORIGINAL", "PRIMARY", "OTHER");
            dataset.Set(DicomTags.ScanningSequence, "GR");
            dataset.Set(DicomTags.SequenceVariant, "NONE");
            dataset.SetEmpty(DicomTags.ScanOptions);
            dataset.Set(DicomTags.MRAcquisitionType, "3D");
            dataset.SetEmpty(DicomTags.RepetitionTime);
            dataset.SetEmpty(DicomTags.EchoTime);
            dataset.SetEmpty(DicomTags.EchoTrainLength);
        }
        else
        {
            dataset.Set(DicomTags.ImageType, "ORIGINAL", "PRIMARY", "AXIAL");
            dataset.SetEmpty(DicomTags.KVP);
            dataset.SetEmpty(DicomTags.AcquisitionNumber);
        }
    }

    private static void SetPlane(DicomDataset dataset, ImageSeries series, int slice)
    {
        var affine = series.Affine;
        var position = affine.ToPatient(0, 0, slice);
        var (row, column) = (affine.ColumnStep.Normalized(), affine.RowStep.Normalized());
        var spacing = affine.SpacingMm;
        dataset.Set(DicomTags.ImagePositionPatient, position.X, position.Y, position.Z);
        dataset.Set(DicomTags.ImageOrientationPatient, row.X, row.Y, row.Z, column.X, column.Y, column.Z);
        dataset.Set(DicomTags.PixelSpacing, spacing.Y, spacing.X);
        dataset.Set(DicomTags.SliceThickness, spacing.Z);
        if (series.Modality == "MR")
        {
            dataset.Set(DicomTags.SpacingBetweenSlices, spacing.Z);
        }
    }

    private static void SetPixels(DicomDataset dataset, ImageSeries series, StoredScale scale, int slice)
    {
        dataset.Set(DicomTags.SamplesPerPixel, 1L);
        dataset.Set(DicomTags.PhotometricInterpretation, "MONOCHROME2");
        dataset.Set(DicomTags.Rows, (long)series.Rows);
        dataset.Set(DicomTags.Columns, (long)series.Columns);
        dataset.Set(DicomTags.BitsAllocated, 16L);
        dataset.Set(DicomTags.BitsStored, 16L);
        dataset.Set(DicomTags.HighBit, 15L);
        dataset.Set(DicomTags.PixelRepresentation, scale.IsSigned ? 1L : 0L);

        // Rescale belongs to CT. MR has it only where its values had to be scaled to be stored.
        if (series.Modality == "CT" || scale.Slope != 1 || scale.Intercept != 0)
        {
            dataset.Set(DicomTags.RescaleIntercept, scale.Intercept);
            dataset.Set(DicomTags.RescaleSlope, scale.Slope);
            dataset.Set(DicomTags.RescaleType, series.Modality == "CT" ? "HU" : "US");
        }

        var pixels = series.Rows * series.Columns;
        var cells = new byte[2 * pixels];
        scale.Store(series.Voxels.Span.Slice(slice * pixels, pixels), cells);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, cells);
    }
}
