using Platform.Dicom.Volumes;

namespace Platform.Dicom.Objects;

/// <summary>
/// Writes values computed from a series as a series of its own in the same study, on the same grid: DERIVED, SECONDARY, each image with its
/// source and with what was done (PS3.3 §C.7.6.1.1.2, §C.12.4). The source stays as it is.
/// </summary>
public static class DerivedImageSeriesWriter
{
    /// <summary>The instances in order of the slice index, made one by one.</summary>
    /// <param name="geometry">Grid of the source; the values lie on it.</param>
    /// <param name="headers">The source's headers, in the order that the geometry was read from; of modality MR or CT.</param>
    /// <param name="values">Modality values in order slice, row, column.</param>
    /// <param name="options">Its SOP Instance UID is not used.</param>
    /// <param name="derivation">What was done; at most 1024 characters.</param>
    /// <param name="further">Instances from which every image was made beside its own source.</param>
    /// <exception cref="ArgumentException">Another modality than MR or CT, values of another size, a value that is no number.</exception>
    public static IEnumerable<DicomFile> Write(
        SeriesGeometry geometry,
        IReadOnlyList<DicomDataset> headers,
        ReadOnlyMemory<float> values,
        Func<int, string> sopInstanceUid,
        DerivedObjectOptions options,
        string derivation,
        IReadOnlyList<InstanceReference>? further = null)
    {
        var source = headers[geometry.Planes[0].Instance];
        var modality = source.GetString(DicomTags.Modality) ?? "";
        var attributes = DerivedObject.Begin(source, "", modality, options);
        if (source.GetString(DicomTags.BodyPartExamined) is { } bodyPart)
        {
            attributes.Set(DicomTags.BodyPartExamined, bodyPart);
        }

        if (source.GetString(DicomTags.Laterality) is { Length: > 0 } side)
        {
            attributes.Set(DicomTags.Laterality, side);
        }
        else
        {
            attributes.SetEmpty(DicomTags.Laterality); // type 2C: not known whether what it shows is one of a pair
        }

        attributes.Set(DicomTags.ImageType, "DERIVED", "SECONDARY", "OTHER");
        attributes.Set(DicomTags.DerivationDescription, derivation);
        if (source.GetDoubles(DicomTags.WindowCenter) is [var centre, ..] && source.GetDoubles(DicomTags.WindowWidth) is [var width, ..])
        {
            attributes.Set(DicomTags.WindowCenter, centre);
            attributes.Set(DicomTags.WindowWidth, width);
        }

        // What was lossy once stays so (PS3.3 §C.7.6.1.1.5).
        if (geometry.Planes.Any(p => headers[p.Instance].GetString(DicomTags.LossyImageCompression) == "01"))
        {
            attributes.Set(DicomTags.LossyImageCompression, "01");
        }

        var files = ImageSeriesWriter.Write(new ImageSeries
        {
            Modality = modality,
            Columns = geometry.Columns,
            Rows = geometry.Rows,
            Slices = geometry.Slices,
            Affine = geometry.Affine,
            Voxels = values,
            StudyInstanceUid = source.GetUid(DicomTags.StudyInstanceUID) ?? "",
            SeriesInstanceUid = options.SeriesInstanceUid,
            FrameOfReferenceUid = source.GetUid(DicomTags.FrameOfReferenceUID) ?? "",
            SopInstanceUid = sopInstanceUid,
            Attributes = attributes,
        });
        return files.Select((file, slice) =>
        {
            var plane = geometry.Planes[slice];
            var reference = SegmentationFrames.Reference(headers[plane.Instance]);
            if (headers[plane.Instance].GetInt32(DicomTags.NumberOfFrames) is > 1)
            {
                reference.Set(DicomTags.ReferencedFrameNumber, plane.Frame + 1L);
            }

            file.Dataset.SetSequence(
                DicomTags.SourceImageSequence, [reference, .. (further ?? []).Select(i => DerivedObject.Reference(i.SopClassUid, i.SopInstanceUid))]);
            return file;
        });
    }
}
