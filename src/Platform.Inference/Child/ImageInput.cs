using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Inference.Images;

namespace Platform.Inference.Child;

/// <summary>One frame of a series that a model takes, with its pixels.</summary>
/// <param name="Header">Of its instance, without the pixels' bytes being read again.</param>
/// <param name="Frame">From 0.</param>
/// <param name="Display">0 black to 1 white, as its sender wanted it shown.</param>
/// <param name="Values">What the model takes: display or modality values.</param>
internal sealed record ImageInput(DicomDataset Header, int Frame, PlanarImage Display, PlanarImage Values)
{
    /// <summary>The frame as DICOM counts, from 1; null in an image of one frame.</summary>
    public int? FrameNumber => NumberOf(Header, Frame);

    /// <summary>The image as a source of another (PS3.3 §C.7.6.4).</summary>
    public DicomDataset AsReference()
    {
        var reference = new DicomDataset();
        reference.Set(DicomTags.ReferencedSOPClassUID, Header.GetUid(DicomTags.SOPClassUID) ?? "");
        reference.Set(DicomTags.ReferencedSOPInstanceUID, Header.GetUid(DicomTags.SOPInstanceUID) ?? "");
        if (FrameNumber is { } number)
        {
            reference.Set(DicomTags.ReferencedFrameNumber, (long)number);
        }

        return reference;
    }

    /// <summary>What shows a finding: one frame (from 0) of an image.</summary>
    public static FindingEvidence Evidence(string trackingId, DicomDataset header, int frame) =>
        new(trackingId, InstanceReference.Of(header), NumberOf(header, frame), Segment: null);

    private static int? NumberOf(DicomDataset header, int frame) => header.GetInt32(DicomTags.NumberOfFrames) > 1 ? frame + 1 : null;
}
