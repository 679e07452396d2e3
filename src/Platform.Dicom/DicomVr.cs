namespace Platform.Dicom;

/// <summary>Value representation (PS3.5 §6.2).</summary>
public enum DicomVr : byte
{
    None, AE, AS, AT, CS, DA, DS, DT, FD, FL, IS, LO, LT, OB, OD, OF, OL, OV, OW, PN, SH, SL, SQ, SS, ST, SV, TM,
    UC, UI, UL, UN, UR, US, UT, UV,
}

/// <summary>What PS3.5 §6.2 and §7.1.2 say of each value representation.</summary>
public static class DicomVrs
{
    private const string Codes = "\0\0AEASATCSDADSDTFDFLISLOLTOBODOFOLOVOWPNSHSLSQSSSTSVTMUCUIULUNURUSUTUV";

    private const ulong Long =
        (1UL << (int)DicomVr.OB) | (1UL << (int)DicomVr.OD) | (1UL << (int)DicomVr.OF) | (1UL << (int)DicomVr.OL)
        | (1UL << (int)DicomVr.OV) | (1UL << (int)DicomVr.OW) | (1UL << (int)DicomVr.SQ) | (1UL << (int)DicomVr.SV)
        | (1UL << (int)DicomVr.UC) | (1UL << (int)DicomVr.UN) | (1UL << (int)DicomVr.UR) | (1UL << (int)DicomVr.UT)
        | (1UL << (int)DicomVr.UV);

    private const ulong Text =
        (1UL << (int)DicomVr.AE) | (1UL << (int)DicomVr.AS) | (1UL << (int)DicomVr.CS) | (1UL << (int)DicomVr.DA)
        | (1UL << (int)DicomVr.DS) | (1UL << (int)DicomVr.DT) | (1UL << (int)DicomVr.IS) | (1UL << (int)DicomVr.LO)
        | (1UL << (int)DicomVr.LT) | (1UL << (int)DicomVr.PN) | (1UL << (int)DicomVr.SH) | (1UL << (int)DicomVr.ST)
        | (1UL << (int)DicomVr.TM) | (1UL << (int)DicomVr.UC) | (1UL << (int)DicomVr.UI) | (1UL << (int)DicomVr.UR)
        | (1UL << (int)DicomVr.UT);

    private const ulong Charset =
        (1UL << (int)DicomVr.LO) | (1UL << (int)DicomVr.LT) | (1UL << (int)DicomVr.PN) | (1UL << (int)DicomVr.SH)
        | (1UL << (int)DicomVr.ST) | (1UL << (int)DicomVr.UC) | (1UL << (int)DicomVr.UT);

    private const ulong Single =
        (1UL << (int)DicomVr.LT) | (1UL << (int)DicomVr.ST) | (1UL << (int)DicomVr.UT) | (1UL << (int)DicomVr.UR);

    private static readonly string[] CodeOf =
        ["", .. Enumerable.Range(1, (int)DicomVr.UV).Select(vr => Codes.Substring(vr * 2, 2))];

    private static readonly DicomVr[] ByCode = MakeByCode();

    extension(DicomVr vr)
    {
        /// <summary>Explicit VR writes two reserved bytes and a 32-bit length (PS3.5 §7.1.2, Table 7.1-1).</summary>
        public bool Is32BitLength => Has(Long, vr);

        /// <summary>The value is characters.</summary>
        public bool IsText => Has(Text, vr);

        /// <summary>Specific Character Set (0008,0005) rules the value (PS3.5 §6.1.2.3).</summary>
        public bool IsCharsetText => Has(Charset, vr);

        /// <summary>A backslash is a character, not a separator of values (PS3.5 §6.2: LT, ST, UR, UT).</summary>
        public bool IsSingleText => Has(Single, vr);

        /// <summary>The value is numbers of a fixed size, or bytes: everything that is neither text nor a sequence.</summary>
        public bool IsBinary => vr != DicomVr.SQ && vr != DicomVr.None && !Has(Text, vr);

        /// <summary>OB, OD, OF, OL, OV, OW, UN: DICOM JSON writes it as InlineBinary or by URI (PS3.18 §F.2.7).</summary>
        public bool IsBulkable => vr is DicomVr.OB or DicomVr.OD or DicomVr.OF or DicomVr.OL or DicomVr.OV or DicomVr.OW
            or DicomVr.UN;

        /// <summary>Bytes that byte ordering swaps together (PS3.5 §7.3): 1, 2, 4 or 8; AT is two words of 2.</summary>
        public int UnitBytes => vr switch
        {
            DicomVr.AT or DicomVr.OW or DicomVr.SS or DicomVr.US => 2,
            DicomVr.FL or DicomVr.OF or DicomVr.OL or DicomVr.SL or DicomVr.UL => 4,
            DicomVr.FD or DicomVr.OD or DicomVr.OV or DicomVr.SV or DicomVr.UV => 8,
            _ => 1,
        };

        /// <summary>Bytes of one value of a binary VR: 4 for AT, else as <c>UnitBytes</c>.</summary>
        public int ValueBytes => vr == DicomVr.AT ? 4 : vr.UnitBytes;

        /// <summary>What makes an odd value even: space for text, NUL for UI and bytes (PS3.5 §6.2).</summary>
        public byte Padding => vr != DicomVr.UI && Has(Text, vr) ? (byte)' ' : (byte)0;

        /// <summary>The two letters.</summary>
        public string Code => CodeOf[(int)vr];
    }

    /// <summary>The VR of two letters; None if the standard has none such.</summary>
    public static DicomVr Parse(ReadOnlySpan<char> code) =>
        code.Length == 2 && char.IsAscii(code[0]) && char.IsAscii(code[1]) ? FromBytes((byte)code[0], (byte)code[1]) : DicomVr.None;

    internal static DicomVr FromBytes(byte first, byte second) =>
        IsUpper(first) && IsUpper(second) ? ByCode[((first - 'A') * 26) + second - 'A'] : DicomVr.None;

    internal static bool IsUpper(byte value) => value is >= (byte)'A' and <= (byte)'Z';

    private static bool Has(ulong set, DicomVr vr) => ((set >> (int)vr) & 1) != 0;

    private static DicomVr[] MakeByCode()
    {
        var result = new DicomVr[26 * 26];
        for (var vr = DicomVr.AE; vr <= DicomVr.UV; vr++)
        {
            result[((Codes[(int)vr * 2] - 'A') * 26) + Codes[((int)vr * 2) + 1] - 'A'] = vr;
        }

        return result;
    }
}
