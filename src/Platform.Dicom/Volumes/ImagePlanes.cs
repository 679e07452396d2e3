using Platform.Dicom.Pixels;

namespace Platform.Dicom.Volumes;

/// <summary>Reads the planes of a series' instances out of their headers.</summary>
internal static class ImagePlanes
{
    /// <summary>The planes of every image, localizers left out, or the refusal.</summary>
    public static (List<ImagePlane> Planes, int Localizers, VolumeRefusal? Refusal) Read(IReadOnlyList<DicomDataset> headers)
    {
        var planes = new List<ImagePlane>(headers.Count);
        var localizers = 0;
        var frameOfReference = "";
        for (var i = 0; i < headers.Count; i++)
        {
            var header = headers[i];
            if (header.GetInt32(DicomTags.Rows) is not > 0 || header.GetInt32(DicomTags.Columns) is not > 0)
            {
                continue; // a report or another object without an image
            }

            var imageType = header.GetStrings(DicomTags.ImageType);
            if (imageType.Contains("MOSAIC"))
            {
                return ([], 0, VolumeRefusal.Mosaic);
            }

            if (imageType.Contains("LOCALIZER"))
            {
                localizers++;
                continue;
            }

            if (header.GetInt32(DicomTags.SamplesPerPixel) is > 1
                || header.GetString(DicomTags.PhotometricInterpretation) == "PALETTE COLOR")
            {
                return ([], 0, VolumeRefusal.Colour);
            }

            var reference = header.GetUid(DicomTags.FrameOfReferenceUID) ?? "";
            if (reference.Length > 0 && frameOfReference.Length > 0 && reference != frameOfReference)
            {
                return ([], 0, VolumeRefusal.MixedFrameOfReference);
            }

            frameOfReference = reference.Length > 0 ? reference : frameOfReference;
            if (Append(planes, header, i) is { } refusal)
            {
                return ([], 0, refusal);
            }
        }

        return planes.Count > 0
            ? (planes, localizers, null)
            : (planes, localizers, localizers > 0 ? VolumeRefusal.LocalizerOnly : VolumeRefusal.NoPixels);
    }

    /// <summary>Adds the planes of one instance's frames, whatever its pixels mean; a refusal where they have no place.</summary>
    public static VolumeRefusal? Append(List<ImagePlane> planes, DicomDataset header, int instance)
    {
        var frames = Math.Max(1, header.GetInt32(DicomTags.NumberOfFrames) ?? 1);
        var isEnhanced = FunctionalGroups.ArePresent(header);
        if (frames > 1 && !isEnhanced)
        {
            return VolumeRefusal.MissingGeometry;
        }

        // One item a frame, else shared groups only: a declared number of frames must not make us allocate more than was received.
        if (isEnhanced && frames > 1 && header.GetSequence(DicomTags.PerFrameFunctionalGroupsSequence).Count < frames)
        {
            return VolumeRefusal.MissingGeometry;
        }

        var reading = new Reading(header, instance, isEnhanced);
        for (var frame = 0; frame < frames; frame++)
        {
            if (reading.Plane(frame) is not { } plane)
            {
                return VolumeRefusal.MissingGeometry;
            }

            planes.Add(plane);
        }

        return null;
    }

    /// <summary>What all frames of an instance share is read once: it may be as long as the frames are many.</summary>
    private sealed class Reading(DicomDataset header, int instance, bool isEnhanced)
    {
        private readonly string _sopInstanceUid = header.GetUid(DicomTags.SOPInstanceUID) ?? $"#{instance}";
        private readonly int _rows = header.GetInt32(DicomTags.Rows)!.Value;
        private readonly int _columns = header.GetInt32(DicomTags.Columns)!.Value;
        private readonly Dictionary<DicomElement, IReadOnlyList<double>> _read = [];

        public ImagePlane? Plane(int frame)
        {
            var position = Values(frame, DicomTags.PlanePositionSequence, DicomTags.ImagePositionPatient);
            var orientation = Values(frame, DicomTags.PlaneOrientationSequence, DicomTags.ImageOrientationPatient);
            var spacing = Values(frame, DicomTags.PixelMeasuresSequence, DicomTags.PixelSpacing);
            if (position is not { Count: 3 } || orientation is not { Count: 6 } || spacing is not { Count: >= 2 })
            {
                return null;
            }

            return new ImagePlane(
                instance,
                frame,
                _sopInstanceUid,
                new(position[0], position[1], position[2]),
                new(orientation[0], orientation[1], orientation[2]),
                new(orientation[3], orientation[4], orientation[5]),
                spacing[0],
                spacing[1],
                _rows,
                _columns);
        }

        private IReadOnlyList<double> Values(int frame, DicomTag macro, DicomTag tag)
        {
            var source = isEnhanced ? FunctionalGroups.Find(header, frame, macro) ?? header : header;
            if (source[tag] is not { } element)
            {
                return [];
            }

            if (!_read.TryGetValue(element, out var values))
            {
                _read.Add(element, values = source.GetDoubles(tag));
            }

            return values;
        }
    }
}
