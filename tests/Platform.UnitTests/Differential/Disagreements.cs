using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Platform.Dicom;

namespace Platform.UnitTests.Differential;

/// <summary>Where a peer says something else than we do and the standard settles it: which peer, what differs, and the sentence.</summary>
/// <param name="Why">The sentence, with its section.</param>
internal sealed partial record Disagreement(string Name, string Peer, Aspect[] Aspects, Func<Difference, bool> Matches, string Why)
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
            "a tag that the standard has no more is given a VR",
            Pydicom,
            [Aspect.Vr],
            d => d.Ours is { Vr: DicomVr.UN } && !d.Tag.IsPrivate && DicomDictionary.Find(d.Tag) is null,
            "PS3.6 §6 has the tags. What is not among them is UN (PS3.5 §6.2.2); the bytes are compared."),
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
            [Aspect.Failure, Aspect.Bytes],
            d => d.Ours is { Meaning: var vr, Bytes.Length: var length } && length % vr.ValueBytes != 0,
            "PS3.5 §6.2: a number has the size of its VR. Like dcmdump we read those that are whole."),
        new(
            "beside a group length of no whole number other values cannot be had",
            Pydicom,
            [Aspect.Failure],
            d => d.Theirs == "BytesLengthException",
            "PS3.5 §6.2: a number has the size of its VR. It is another element that has not; this one can be read."),
        new(
            "a VR that depends on what is absent cannot be told",
            Pydicom,
            [Aspect.Failure],
            d => d is { TheirVr: "", Theirs: "AttributeError" },
            "PS3.5 §A.1, PS3.3 §C.7.6.3.1.1: Pixel Data in implicit VR is OW, and without Pixel Representation we take US."),
        new(
            "a little endian data set in a file that says big endian",
            Pydicom,
            [Aspect.Missing, Aspect.Extra],
            d => d.File.Syntax.IsBigEndian,
            "PS3.5 §7.1: elements ascend by tag. Read as big endian the first would be of group 0800; we read what stands there, and say so."),
        new(
            "a UN in a big endian file is big endian",
            Pydicom,
            [Aspect.Number],
            d => d.Ours is { Vr: DicomVr.UN } && d.File.Syntax.IsBigEndian,
            "PS3.5 §6.2.2: the value of a UN is Little Endian whatever the transfer syntax."),
        new(
            "a NUL before a number spoils it",
            Pydicom,
            [Aspect.Failure],
            d => d.Ours is { Meaning: DicomVr.DS or DicomVr.IS, Bytes: { } bytes } && Encoding.Latin1.GetString(bytes).Split('\\').Any(t => t.TrimStart(' ').StartsWith('\0')),
            "PS3.5 §6.2: padding is spaces; NULs in their place are common, and are taken for padding at both ends."),
        new(
            "a number that is none, or is too large",
            Pydicom,
            [Aspect.Number],
            d => d.Ours is { Meaning: DicomVr.DS, Numbers: [] }
                && d.Theirs.Split('\\').Any(n => n is "nan" or "7ff0000000000000" or "fff0000000000000"),
            "PS3.5 §6.2: a DS has digits, sign, point and exponent. What is no such number, or none that a double holds, is no number; the text is there."),
        new(
            "a control character around a number is left out",
            Pydicom,
            [Aspect.Number],
            d => d.Ours is { Meaning: DicomVr.DS or DicomVr.IS, Numbers: [], Texts: { } texts } && texts.Any(t => t.Trim(' ') != t.Trim(Blanks)),
            "PS3.5 §6.2: padding is spaces. With any other character around it a text is no number; the text is there."),
        new(
            "blanks where a number should be are an empty value",
            Pydicom,
            [Aspect.Number],
            d => d is { Ours: { Meaning: DicomVr.DS or DicomVr.IS, Numbers: [], Texts: { } texts }, Theirs: "" } && texts.All(IsBlank),
            "PS3.5 §6.2: blanks are padding, and there is no number."),
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
            "a control character around a text is left out",
            Pydicom,
            [Aspect.Text],
            d => d.Ours is { Meaning.IsText: true, Texts: { } texts }
                && texts.Select(t => t.Trim(Blanks)).SequenceEqual(d.Theirs.Split('\\').Select(t => t.Trim(Blanks))),
            "PS3.5 §6.2: padding is spaces, and a NUL in UIDs. Any other control character is part of what was written."),
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
            "what follows an element whose VR is two spaces or NULs is lost",
            Pydicom,
            [Aspect.Missing, Aspect.Vr, Aspect.Bytes, Aspect.Number, Aspect.Extra, Aspect.Items, Aspect.Text, Aspect.Failure],
            d => HasNoVr(d.File.Meta) || HasNoVr(d.File.Dataset),
            "PS3.5 §7.1.2: in explicit VR a length follows the two letters. Read with 16 bits the elements behind it are whole; dcmdump agrees."),
        new(
            "an element whose VR is two spaces is UN",
            Dcmdump,
            [Aspect.Vr],
            d => d.Ours is { Form: var form } && (form & ElementForm.VrUnknown) != 0 && d.TheirVr == "UN",
            "PS3.5 §6.2.2: of a value whose VR is unknown UN may be said; the dictionary has one for the tag, and we take that."),
        new(
            "an empty element without its VR is UN",
            Dcmdump,
            [Aspect.Vr],
            IsImplicitHeader,
            "PS3.5 §6.2.2: of a value whose VR is unknown UN may be said; the dictionary has one for the tag, and we take that."),
        new(
            "an empty element without its VR is UN",
            Pydicom,
            [Aspect.Vr],
            IsImplicitHeader,
            "PS3.5 §6.2.2: of a value whose VR is unknown UN may be said; the dictionary has one for the tag, and we take that."),
        new(
            "NULs behind the data set are an element",
            Dcmdump,
            [Aspect.Extra],
            d => d is { Path: "00000000", File.TrailingZeroBytes: > 0 },
            "PS3.5 §7.1: elements ascend by tag, and PS3.7 §6.3: group 0000 is of commands. Some archives pad files."),
        new(
            "groups 0001 to 0007 and FFFF are private",
            Dcmdump,
            [Aspect.Vr, Aspect.Missing, Aspect.Extra],
            IsInForbiddenGroup,
            "PS3.5 §7.1: these groups are no private groups, and no data element may be in them; so nothing in them is a private creator."),
        new(
            "groups 0001 to 0007 and FFFF are private",
            Pydicom,
            [Aspect.Vr, Aspect.Missing, Aspect.Extra],
            IsInForbiddenGroup,
            "PS3.5 §7.1: these groups are no private groups, and no data element may be in them; so nothing in them is a private creator."),
        new(
            "behind the escape to ASCII a high byte is Latin-1",
            Pydicom,
            [Aspect.Text],
            d => d.Ours is { Bytes: { } bytes } && bytes.AsSpan().IndexOf("\u001b(B"u8) >= 0 && d.Theirs.Any(c => c is >= '\u00A0' and <= '\u00FF'),
            "PS3.5 §6.1.2.5.1: ESC 02/08 04/02 designates G0. What G1 was it stays."),
        new(
            "behind a delimiter without an escape a high byte is Latin-1",
            Pydicom,
            [Aspect.Text],
            d => d.Ours is { Bytes: { } bytes } && bytes.Contains((byte)0x1B) && bytes.AsSpan().IndexOfAny("\\^="u8) >= 0
                && Terms(d.File.Dataset).All(t => t is "" || TwoByteTerm().IsMatch(t)) && d.Theirs.Any(c => c is >= '\u00A0' and <= '\u00FF'),
            "PS3.5 §6.1.2.5.3: there the set of Value 1 is active; ISO 646 has no high byte. We read what was designated last, and U+FFFD for what is none of it."),
        new(
            "where no character set is announced a high byte is none",
            Dcmdump,
            [Aspect.Text],
            d => d.Ours is { Bytes: { } bytes } && bytes.Any(b => b > 0x7F) && (d.Tag.Group == 0x0002 || !Terms(d.File.Dataset).Any()),
            "PS3.5 §6.1.2.1, PS3.10 §7.1: there the repertoire is the default one. A byte beyond it is no character; we show it as Latin-1."),
        new(
            "group 0000 in a data set has the names of commands",
            Dcmdump,
            [Aspect.Vr, Aspect.Bytes, Aspect.Text],
            d => d.Tag.Group == 0x0000,
            "PS3.7 §6.3: group 0000 is of commands, and PS3.6 has no such element for data sets: its VR is UN."),
        new(
            "group 0000 in a data set has the names of commands",
            Pydicom,
            [Aspect.Vr, Aspect.Number, Aspect.Text, Aspect.Failure],
            d => d.Tag.Group == 0x0000,
            "PS3.7 §6.3: group 0000 is of commands, and PS3.6 has no such element for data sets: its VR is UN."),
        new(
            "an escape sequence cut short is left out",
            Dcmdump,
            [Aspect.Text],
            d => d.Ours is { Bytes: { } bytes, Texts: { } texts } && bytes.Contains((byte)0x1B) && texts.Any(t => t.Contains('\uFFFD', StringComparison.Ordinal)),
            "PS3.5 §6.1.2.5.3: only the sequences of PS3.3 §C.12.1.1.2 may occur. What is none of them shows as U+FFFD, and not as nothing."),
        new(
            "ISO-IR 126 has a euro sign and later quotes",
            Dcmdump,
            [Aspect.Text],
            IsLaterGreek,
            "PS3.3 Table C.12-2: ISO-IR 126 is ISO 8859-7 of 1987; the euro, the drachma, the iota below and other quotes came in 2003."),
        new(
            "ISO-IR 126 has a euro sign and later quotes",
            Pydicom,
            [Aspect.Text],
            IsLaterGreek,
            "PS3.3 Table C.12-2: ISO-IR 126 is ISO 8859-7 of 1987; the euro, the drachma, the iota below and other quotes came in 2003."),
        new(
            "ISO-IR 138 has a macron and marks of direction",
            Dcmdump,
            [Aspect.Text],
            IsLaterHebrew,
            "PS3.3 Table C.12-2: ISO-IR 138 is ISO 8859-8 of 1988: AF is an overline, FD and FE are nothing. The edition of 1999 has other ones."),
        new(
            "ISO-IR 138 has a macron and marks of direction",
            Pydicom,
            [Aspect.Text],
            IsLaterHebrew,
            "PS3.3 Table C.12-2: ISO-IR 138 is ISO 8859-8 of 1988: AF is an overline, FD and FE are nothing. The edition of 1999 has other ones."),
        new(
            "ISO-IR 13 is Shift-JIS",
            Pydicom,
            [Aspect.Text],
            d => Terms(d.File.Dataset).Any(t => t.EndsWith("IR 13", StringComparison.Ordinal)) && d.Ours!.Bytes.Any(b => b is > 0x7F and < 0xA1 or > 0xDF),
            "PS3.3 Table C.12-2: ISO-IR 13 is JIS X 0201, one byte a character. A byte that is none of its characters shows as U+FFFD."),
        new(
            "a misspelled character set is the default one, or ends the reading",
            Pydicom,
            [Aspect.Text, Aspect.Items, Aspect.Missing],
            d => Terms(d.File.Dataset).Any(t => !DefinedTerm().IsMatch(t)),
            "PS3.3 §C.12.1.1.2 has the terms. Where one is written otherwise we go by its number, as scanners leave out spaces and underscores."),
        new(
            "a Specific Character Set with another VR cannot be read on",
            Pydicom,
            [Aspect.Missing, Aspect.Items],
            d => Everywhere(d.File.Dataset).Any(e => e.Tag == DicomTags.SpecificCharacterSet && e.Vr != DicomVr.CS),
            "PS3.5 §7.1.2: the length tells where the next element begins, whatever the VR."),
        new(
            "Pixel Representation has another value than 0 and 1",
            Pydicom,
            [Aspect.Vr, Aspect.Number],
            d => d is { Ours.Vr: DicomVr.US, TheirVr: "SS" } && Everywhere(d.File.Dataset)
                .Any(e => e.Tag == DicomTags.PixelRepresentation && e.Value.Span is not ([0, 0] or [1, 0])),
            "PS3.3 §C.7.6.3.1.1: 0 is unsigned, 1 is two's complement. Anything else says nothing, and we take US."),
        new(
            "a directory's identifiers are written anew",
            Dcmdump,
            [Aspect.Length],
            d => d is { Tag.Group: 0x0004, Ours.Meaning: DicomVr.CS },
            "PS3.5 §6.2: the length of a value is that which is written; dcmdump makes it the shortest that holds a directory's term."),
        new(
            "a tag that the peer's dictionary lacks is UN",
            Dcmdump,
            [Aspect.Vr],
            IsLackedByPeer,
            "PS3.6 §6 has the tag (edition 2024e, the ranges of xx as well); this DCMTK is older, or has one tag of a range, and without a VR in the file says UN."),
        new(
            "a tag that the peer's dictionary lacks is UN",
            Pydicom,
            [Aspect.Vr],
            IsLackedByPeer,
            "PS3.6 §6 has the tag (edition 2024e, the ranges of xx as well); this pydicom is older, and without a VR in the file says UN."),
        new(
            "an encapsulated value of OW is shown as OB",
            Dcmdump,
            [Aspect.Vr],
            d => d is { Ours: { Vr: DicomVr.OW, Items: >= 0 }, TheirVr: "OB" },
            "PS3.5 §A.4: encapsulated pixel data shall be OB. The sender wrote OW, and that is what we say."),
        new(
            "pixel data without a VR in a file of an encapsulated syntax is OB",
            Pydicom,
            [Aspect.Vr],
            d => d is { Ours: { Vr: DicomVr.OW, Items: -1 }, TheirVr: "OB", File: { Syntax.IsEncapsulated: true, Encoding: DicomEncoding.ImplicitLittleEndian } },
            "PS3.5 §A.1: what has no VR and is not encapsulated is OW, whatever the meta header promised."),
        new(
            "a byte of 80 to 9F among two-byte characters is a control character",
            Pydicom,
            [Aspect.Text],
            d => d.Ours is { Bytes: { } bytes } && bytes.AsSpan().IndexOf("\u001b$"u8) >= 0 && d.Theirs.Any(c => c is >= '\u0080' and <= '\u009F'),
            "PS3.5 §6.1.3: LF, FF, CR, TAB and ESC are the control characters; none of C1 is. What is no character shows as U+FFFD."),
        new(
            "the group length of a group that the dictionary lacks is UN",
            Dcmdump,
            [Aspect.Vr, Aspect.Bytes],
            d => d is { Tag.IsGroupLength: true, Ours.Vr: DicomVr.UL, TheirVr: "UN" },
            "PS3.5 §7.2: a group length (gggg,0000) is UL, in every group."),
        new(
            "a value of undefined length is a sequence only where the dictionary has SQ",
            Pydicom,
            [Aspect.Vr, Aspect.Items, Aspect.Bytes, Aspect.Missing, Aspect.Extra, Aspect.Text, Aspect.Number, Aspect.Failure],
            d => d.IsIn(e => e is { Vr: DicomVr.SQ } && (e.Form & ElementForm.UndefinedLength) != 0
                && !DicomDictionary.FindVrs(e.Tag).Contains(DicomVr.SQ)),
            "PS3.5 §7.1.3: a value without a length is a sequence, or encapsulated pixels. Where items follow it is what they say, whatever its tag."),
        new(
            "the meta header is as long as it says, whatever stands there",
            Dcmdump,
            [Aspect.Text],
            d => d.Tag.Group != 0x0002 && d.File.Meta.GetInt64(DicomTags.FileMetaInformationGroupLength) > MetaLength(d.File.Meta),
            "PS3.10 §7.1: the meta information is group 0002. What comes behind it is the data set, with its character set."),
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
            "a header without a VR has a length of 16 bits",
            Dcmdump,
            [Aspect.Vr, Aspect.Length, Aspect.Missing, Aspect.Extra],
            d => Everywhere(d.File.Dataset).Any(e => (e.Form & ElementForm.ImplicitHeader) != 0),
            "PS3.5 §7.1.3: a header without a VR is that of implicit VR, whose length has 32 bits. Some writers mix both; pydicom agrees."),
        new(
            "what follows a meta header without a transfer syntax is read as the meta header is",
            Dcmdump,
            [Aspect.Vr, Aspect.Length, Aspect.Missing, Aspect.Extra],
            d => d.File.Encoding == DicomEncoding.ImplicitLittleEndian && d.File.Meta.Count > 0 && !d.File.Meta.Contains(DicomTags.TransferSyntaxUID),
            "PS3.5 §10.1: the default transfer syntax is implicit VR little endian, and no other is announced; pydicom agrees."),
        new(
            "an ambiguous VR stays open",
            Pydicom,
            [Aspect.Vr],
            d => d is { Ours.Vr: DicomVr.OW, TheirVr: "OB or OW" },
            "PS3.5 §A.1: in implicit VR such data are OW."),
        new(
            "an ambiguous VR stays open",
            Dcmdump,
            [Aspect.Vr],
            d => d is { Ours.Vr: DicomVr.US or DicomVr.UN, TheirVr: "xs" } or { Ours.Vr: DicomVr.OW or DicomVr.UN, TheirVr: "ox" },
            "PS3.3 §C.7.6.3.1.1: Pixel Representation decides between US and SS; where it is absent we take US, and OW between OB and OW."),
        new(
            "empty groups at a name's end are left out",
            Pydicom,
            [Aspect.Text],
            d => d.Ours is { Meaning: DicomVr.PN, Texts: { } texts }
                && texts.Select(t => t.TrimEnd('=')).SequenceEqual(d.Theirs.Split('\\').Select(t => t.TrimEnd('='))),
            "PS3.5 §6.2.1.1: trailing null component groups may be left out with their delimiters. It is the same name."),
        new(
            "half of a two-byte character is a delimiter of names",
            Pydicom,
            [Aspect.Text],
            d => d.Ours is { Meaning: DicomVr.PN, Bytes: { } bytes, Texts: { } texts } && HasDelimiterInTwoBytes(bytes)
                && Delimiters(d.Theirs) > Delimiters(string.Join('\\', texts)),
            "PS3.5 §6.1.2.5.3: what is designated holds until the delimiter, so a 3D, 5C or 5E in a character of two bytes is none."),
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

    /// <summary>Between the escape to a set of two bytes in G0 and the next escape lies a byte that would be a delimiter in ASCII.</summary>
    private static bool HasDelimiterInTwoBytes(byte[] bytes) => TwoByteRuns().Matches(Encoding.Latin1.GetString(bytes))
        .Any(run => run.Groups[1].Value.AsSpan().IndexOfAny("=\\^") >= 0);

    private static int Delimiters(string text) => text.Count(c => c is '=' or '^' or '\\');

    private static readonly char[] Blanks = [.. Enumerable.Range(0, 33).Append(0x7F).Append(0x85).Append(0xA0).Select(c => (char)c)];

    private static string Solid(string text) => string.Concat(text.Where(c => c is > ' ' and not ('\u0085' or '\u00a0')));

    private static bool IsBlank(string text) => text.Trim(Blanks).Length == 0;

    private static bool IsImplicitHeader(Difference d) =>
        d is { Ours: { Bytes.Length: 0, Form: var form }, TheirVr: "UN" } && (form & ElementForm.ImplicitHeader) != 0;

    private static bool IsLackedByPeer(Difference d) => d is { TheirVr: "UN", Tag.IsPrivate: false, Ours: { Vr: var vr, Form: var form } }
        && (d.File.Encoding == DicomEncoding.ImplicitLittleEndian || (form & ElementForm.ImplicitHeader) != 0)
        && DicomDictionary.Find(d.Tag)?.Vrs is [var only] && only == vr;

    private static bool IsInForbiddenGroup(Difference d) => d.Tag.Group is 0x0001 or 0x0003 or 0x0005 or 0x0007 or 0xFFFF;

    /// <summary>What follows the group length.</summary>
    private static long MetaLength(DicomDataset meta) =>
        meta.Where(e => !e.Tag.IsGroupLength).Sum(e => (e.Vr.Is32BitLength ? 12L : 8L) + e.Value.Length);

    private static bool IsLaterHebrew(Difference d) =>
        Terms(d.File.Dataset).Any(t => t.EndsWith("138", StringComparison.Ordinal)) && d.Ours!.Bytes.Any(b => b is 0xAF or 0xFD or 0xFE);

    private static bool IsLaterGreek(Difference d) => Terms(d.File.Dataset).Any(t => t.EndsWith("IR 126", StringComparison.Ordinal))
        && d.Theirs.Any(c => c is '\u20AC' or '\u20AF' or '\u037A' or '\u2018' or '\u2019');

    private static bool HasNoVr(DicomDataset dataset) =>
        Everywhere(dataset).Any(e => (e.Form & (ElementForm.VrUnknown | ElementForm.VrNuls)) != 0);

    private static IEnumerable<string> Terms(DicomDataset dataset) => Everywhere(dataset)
        .Where(e => e.Tag == DicomTags.SpecificCharacterSet)
        .SelectMany(e => Encoding.Latin1.GetString(e.Value.Span).TrimEnd(' ', '\0').Split('\\'));

    private static IEnumerable<DicomElement> Everywhere(DicomDataset dataset) =>
        dataset.SelectMany(e => (e.Items ?? []).SelectMany(Everywhere).Prepend(e));

    [GeneratedRegex("^(|ISO_IR (100|101|109|110|144|127|126|138|148|13|166|192|203)|GB18030|GBK|ISO 2022 IR (6|100|101|109|110|144|127|126|138|148|13|166|203|87|159|149|58))$")]
    private static partial Regex DefinedTerm();

    [GeneratedRegex(@"\x1b\$(?:[@B]|\(D)([^\x1b]+)")]
    private static partial Regex TwoByteRuns();

    [GeneratedRegex("^ISO 2022 IR (87|159|149|58)$")]
    private static partial Regex TwoByteTerm();

    private static bool IsKnownUn(Difference d) => d.Ours is { Vr: DicomVr.UN }
        && (d.TheirVr == d.Ours.Meaning.Code || DicomDictionary.Find(d.Tag)?.Vrs.Any(v => v.Code == d.TheirVr) == true);

    /// <summary>Printed numbers that are ours but for the sign of zero, or but for the last digit.</summary>
    private static bool AreClose(Difference d, bool isExact)
    {
        var isSingle = d.Ours!.Meaning is DicomVr.FL or DicomVr.OF;
        var theirs = d.Theirs.Split('\\');
        var ours = ElementValues.Doubles(new DicomElement(d.Tag, d.Ours.Meaning, d.Ours.Bytes), new DicomDataset());
        return ours.Count == theirs.Length && ours.Zip(theirs).All(pair =>
            Comparison.TryParseC(pair.Second, out var their)
            && (isExact
                ? (isSingle ? (float)their : their) == pair.First
                : Math.Abs(their - pair.First) <= 1e-14 * Math.Abs(pair.First) || (double.IsNaN(their) && double.IsNaN(pair.First))));
    }
}
