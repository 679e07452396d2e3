using System.Globalization;
using Platform.Dicom;

namespace Platform.UnitTests.Differential;

/// <summary>In what a peer's listing of an element differs from ours.</summary>
internal enum Aspect
{
    /// <summary>The peer has no such element, or has it elsewhere.</summary>
    Missing,

    /// <summary>The peer has one that we have not.</summary>
    Extra,
    Vr,
    Length,
    Items,
    Bytes,

    /// <summary>The text, as Unicode.</summary>
    Text,
    Number,

    /// <summary>The peer has the element and cannot say its value.</summary>
    Failure,
}

/// <summary>One disagreement. <c>Ours</c> is null for an extra element.</summary>
/// <param name="TheirVr">As the peer writes it; "" where the element is missing.</param>
/// <param name="Theirs">The peer's value; never shown, since it may be a patient's.</param>
internal sealed record Difference(
    string Peer, Aspect Aspect, string Path, ListedElement? Ours, string TheirVr, string Theirs, DicomFile File)
{
    public const string OfPydicom = "pydicom";
    public const string OfDcmdump = "dcmdump";

    /// <summary>The tag of the element itself.</summary>
    public DicomTag Tag { get; } = DicomTag.Parse((Path[^1] == ']' ? Path[..Path.LastIndexOf('[')] : Path)[^8..]);

    /// <summary>The tag of the root's element that it lies in.</summary>
    public DicomTag RootTag => DicomTag.Parse(Path[..8]);

    /// <summary>It lies in an element of unknown VR that is bytes to us.</summary>
    public bool IsInUnknown => IsIn(element => element is { Vr: DicomVr.UN, Items: null });

    /// <summary>It is of such an element of the data set, or lies in one.</summary>
    public bool IsIn(Func<DicomElement, bool> which)
    {
        var dataset = File.Dataset;
        foreach (var step in Path.Split(']'))
        {
            var element = step.Length < 8 ? null : dataset?[DicomTag.Parse(step[..8])];
            if (element is not null && which(element))
            {
                return true;
            }

            dataset = step.Length > 9 ? element?.Items?.ElementAtOrDefault(int.Parse(step[9..], CultureInfo.InvariantCulture)) : null;
        }

        return false;
    }

    /// <summary>Without values.</summary>
    public override string ToString() =>
        $"{Peer}: {Aspect} at {Path}, {Ours?.Vr.Code ?? "-"} ({Ours?.Bytes.Length ?? 0} bytes) here, {TheirVr} there";
}
