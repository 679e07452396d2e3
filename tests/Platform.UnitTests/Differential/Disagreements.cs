using System.Globalization;
using System.Text;
using Platform.Dicom;
using Platform.Dicom.CharacterSets;

namespace Platform.UnitTests.Differential;

/// <summary>Where a peer says something else than we do and the standard settles it: which peer, what differs, and the sentence.</summary>
/// <param name="Why">The sentence, with its section.</param>
internal sealed record Disagreement(string Name, string Peer, Aspect[] Aspects, Func<Difference, bool> Matches, string Why)
{
    private const string Pydicom = Difference.OfPydicom;
    private const string Dcmdump = Difference.OfDcmdump;

    public static IReadOnlyList<Disagreement> All { get; } =
    [
        new(
            "a UN is shown with the dictionary's VR",
            Pydicom,
            [Aspect.Vr],
            IsKnownUn,
            "PS3.5 §6.2.2: UN stands where the VR was unknown to who wrote it. We say UN, and read the value by the dictionary's VR."),
        new(
            "a UN is shown with the dictionary's VR",
            Dcmdump,
            [Aspect.Vr],
            IsKnownUn,
            "PS3.5 §6.2.2: UN stands where the VR was unknown to who wrote it. We say UN, and read the value by the dictionary's VR."),
        new(
            "a private element is given a VR by a private dictionary",
            Pydicom,
            [Aspect.Vr, Aspect.Failure, Aspect.Items],
            d => d.Ours is { Vr: DicomVr.UN } && d.Tag.IsPrivate && d.TheirVr != "UN",
            "PS3.5 §6.2.2: the VR of a private element without one is UN. No standard says another; the bytes are compared."),
        new(
            "an element of unknown VR that the dictionary calls a sequence has items",
            Pydicom,
            [Aspect.Extra],
            d => d.IsInUnknown,
            "PS3.5 §6.2.2: UN is bytes. We read items where PS3.6 has SQ and an item begins the value; the bytes are compared."),
        new(
            "an element of unknown VR that the dictionary calls a sequence is none",
            Pydicom,
            [Aspect.Failure, Aspect.Items],
            d => d.Ours is { Vr: DicomVr.UN, Items: -1 },
            "PS3.5 §7.5: a sequence is items. Bytes that do not begin with one are no sequence; they are compared."),
        new(
            "an empty UN is an empty sequence",
            Dcmdump,
            [Aspect.Items],
            d => d is { Ours: { Vr: DicomVr.UN, Items: -1, Bytes.Length: 0 }, TheirVr: "SQ" },
            "PS3.5 §6.2.2: UN says nothing of what is not there."),
        new(
            "a value that is no whole number of numbers has none",
            Pydicom,
            [Aspect.Failure],
            d => d.Ours is { Meaning: var vr, Bytes.Length: var length } && length % vr.ValueBytes != 0,
            "PS3.5 §6.2: a number has the size of its VR. Like dcmdump we read those that are whole."),
        new(
            "an underscore is part of a number",
            Pydicom,
            [Aspect.Number],
            d => d.Ours is { Meaning: DicomVr.DS or DicomVr.IS, Numbers: [], Texts: { } texts }
                && texts.Any(t => t.Contains('_', StringComparison.Ordinal)),
            "PS3.5 §6.2: a DS has digits, sign, point and exponent; an IS has digits and sign."),
        new(
            "an empty value among numbers is left out",
            Pydicom,
            [Aspect.Number],
            d => d.Ours is { Meaning: DicomVr.DS or DicomVr.IS, Numbers: [], Texts: { } texts } && texts.Contains(""),
            "PS3.5 §6.4: an empty value keeps its place. We give no numbers rather than fewer; the texts have all."),
        new(
            "an escape sequence stays in the text",
            Pydicom,
            [Aspect.Text],
            LeavesEscapes,
            "PS3.5 §6.2: the control character ESC is for code extension only. We obey it also where (0008,0005) does not announce it."),
        new(
            "an escape sequence stays in the text",
            Dcmdump,
            [Aspect.Text],
            LeavesEscapes,
            "PS3.5 §6.2: the control character ESC is for code extension only. We obey it also where (0008,0005) does not announce it."),
        new(
            "what is no character of a UID is left out",
            Dcmdump,
            [Aspect.Bytes],
            d => d.Ours is { Meaning: DicomVr.UI, Bytes: { } bytes } && Solid(Encoding.Latin1.GetString(bytes)) == Solid(d.Theirs),
            "PS3.5 §9.1: a UID is digits and points. We say what is written, and that it is no UID."),
        new(
            "white space around a UID is left out",
            Pydicom,
            [Aspect.Text],
            d => d.Ours is { Meaning: DicomVr.UI, Texts: { } texts } && Solid(string.Join('\\', texts)) == Solid(d.Theirs),
            "PS3.5 §9.1: a UID is digits and points. We say what is written, and that it is no UID."),
        new(
            "NULs behind the data set are an element",
            Pydicom,
            [Aspect.Extra],
            d => d is { Path: "00000000", File.TrailingZeroBytes: > 0 },
            "PS3.5 §7.1: elements ascend by tag, and PS3.7 §6.3: group 0000 is of commands. Some archives pad files."),
        new(
            "the group length of a private group is UN",
            Pydicom,
            [Aspect.Vr],
            d => d is { Tag: { IsGroupLength: true, IsPrivate: true }, Ours.Vr: DicomVr.UL, TheirVr: "UN" },
            "PS3.5 §7.2: a group length (gggg,0000) is UL, in every group."),
        new(
            "what follows an element whose VR is two spaces is lost",
            Pydicom,
            [Aspect.Missing, Aspect.Vr, Aspect.Bytes, Aspect.Number, Aspect.Extra],
            d => d.File.Dataset.Any(e => (e.Form & ElementForm.VrUnknown) != 0 && e.Tag <= d.RootTag),
            "PS3.5 §7.1.2: in explicit VR a length follows the two letters. Read with 16 bits the elements behind it are whole; dcmdump agrees."),
        new(
            "an element whose VR is two spaces is UN",
            Dcmdump,
            [Aspect.Vr],
            d => d.Ours is { Form: var form } && (form & ElementForm.VrUnknown) != 0 && d.TheirVr == "UN",
            "PS3.5 §6.2.2: of a value whose VR is unknown UN may be said; the dictionary has one for the tag, and we take that."),
        new(
            "an encapsulated value of OW is shown as OB",
            Dcmdump,
            [Aspect.Vr],
            d => d is { Ours: { Vr: DicomVr.OW, Items: >= 0 }, TheirVr: "OB" },
            "PS3.5 §A.4: encapsulated pixel data shall be OB. The sender wrote OW, and that is what we say."),
        new(
            "the pad byte of an odd value is counted",
            Dcmdump,
            [Aspect.Length],
            d => d.Ours is { Bytes.Length: var length } && length % 2 == 1
                && d.Theirs == (length + 1).ToString(CultureInfo.InvariantCulture),
            "PS3.5 §7.1.1: a value has even length. DCMTK adds the byte that is missing; we say what is written."),
        new(
            "minus zero is printed as zero",
            Dcmdump,
            [Aspect.Bytes],
            d => d.Ours is { Meaning: DicomVr.FL or DicomVr.FD or DicomVr.OF or DicomVr.OD } && AreClose(d, isExact: true),
            "PS3.5 §6.2: FL and FD are IEEE 754, which has a minus zero. It is a matter of printing: pydicom has our bits."),
        new(
            "the last digit of a 64-bit float is not the nearest",
            Dcmdump,
            [Aspect.Bytes],
            d => d.Ours is { Meaning: DicomVr.FD or DicomVr.OD } && AreClose(d, isExact: false),
            "PS3.5 §6.2: FD is IEEE 754. It is a matter of printing: pydicom has our bits."),
        new(
            "an ambiguous VR stays open",
            Dcmdump,
            [Aspect.Vr],
            d => d is { Ours.Vr: DicomVr.US, TheirVr: "xs" },
            "PS3.3 §C.7.6.3.1.1: Pixel Representation decides between US and SS; where it is absent we take US."),
        new(
            "empty groups at a name's end are left out",
            Pydicom,
            [Aspect.Text],
            d => d.Ours is { Meaning: DicomVr.PN, Texts: { } texts }
                && texts.Select(t => t.TrimEnd('=')).SequenceEqual(d.Theirs.Split('\\').Select(t => t.TrimEnd('='))),
            "PS3.5 §6.2.1.1: trailing null component groups may be left out with their delimiters. It is the same name."),
        new(
            "the escape sequence of GB 2312 is left in the text",
            Pydicom,
            [Aspect.Text],
            d => d.Ours is { Bytes: { } bytes } && bytes.AsSpan().IndexOf("\u001b$)A"u8) >= 0
                && d.Theirs.Contains("$)A", StringComparison.Ordinal),
            "PS3.3 Table C.12-4: ISO 2022 IR 58 is designated by ESC 02/04 02/09 04/01, which is no text."),
    ];

    public static Disagreement? Find(Difference difference) =>
        All.FirstOrDefault(d => d.Peer == difference.Peer && d.Aspects.Contains(difference.Aspect) && d.Matches(difference));

    private static bool LeavesEscapes(Difference d) => d.Theirs.Contains('\u001b', StringComparison.Ordinal);

    private static string Solid(string text) => string.Concat(text.Where(c => c > ' '));

    private static bool IsKnownUn(Difference d) => d.Ours is { Vr: DicomVr.UN }
        && (d.TheirVr == d.Ours.Meaning.Code || DicomDictionary.Find(d.Tag)?.Vrs.Any(v => v.Code == d.TheirVr) == true);

    /// <summary>Printed numbers that are ours but for the sign of zero, or but for the last digit.</summary>
    private static bool AreClose(Difference d, bool isExact)
    {
        var isSingle = d.Ours!.Meaning is DicomVr.FL or DicomVr.OF;
        var theirs = d.Theirs.Split('\\');
        var ours = ElementValues.Doubles(new DicomElement(d.Tag, d.Ours.Meaning, d.Ours.Bytes), SpecificCharacterSet.Default);
        return ours.Count == theirs.Length && ours.Zip(theirs).All(pair =>
            double.TryParse(pair.Second, CultureInfo.InvariantCulture, out var their)
            && (isExact
                ? (isSingle ? (float)their : their) == pair.First
                : Math.Abs(their - pair.First) <= 1e-15 * Math.Abs(pair.First)));
    }
}
