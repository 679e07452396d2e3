using System.Globalization;
using System.Text;

namespace Platform.Dicom.Deidentification;

/// <summary>A private element that does not identify (PS3.15 §E.3.10): group, creator of its block, number in the block, VR.</summary>
public sealed record SafePrivateElement(ushort Group, string Creator, byte Number, DicomVr Vr)
{
    /// <summary>Of PS3.15 Table E.3.10-1 the diffusion and quantification parameters without which images can't be computed with; numbers and codes only.</summary>
    public static IReadOnlyList<SafePrivateElement> Known { get; } =
    [
        new(0x0019, "SIEMENS MR HEADER", 0x0C, DicomVr.IS), // b value
        new(0x0019, "SIEMENS MR HEADER", 0x0D, DicomVr.CS), // diffusion directionality
        new(0x0019, "SIEMENS MR HEADER", 0x0E, DicomVr.FD), // diffusion gradient direction
        new(0x0019, "SIEMENS MR HEADER", 0x27, DicomVr.FD), // b matrix
        new(0x0043, "GEMS_PARM_01", 0x39, DicomVr.IS), // b value, first of four
        new(0x2001, "Philips Imaging DD 001", 0x03, DicomVr.FL), // b value
        new(0x2001, "Philips Imaging DD 001", 0x04, DicomVr.CS), // diffusion direction
        new(0x2005, "Philips MR Imaging DD 001", 0x0D, DicomVr.FL), // scale intercept
        new(0x2005, "Philips MR Imaging DD 001", 0x0E, DicomVr.FL), // scale slope
        new(0x7053, "Philips PET Private Group", 0x00, DicomVr.DS), // SUV factor
        new(0x7053, "Philips PET Private Group", 0x09, DicomVr.DS), // activity concentration factor
    ];

    /// <summary>Whether an element, whose block has this creator, is this one, and its bytes are what the VR says.</summary>
    internal bool Matches(DicomElement element, string creator)
    {
        if (element.Tag.Group != Group || (element.Tag.Element & 0xFF) != Number || creator != Creator)
        {
            return false;
        }

        if (Vr == DicomVr.SQ || element.Items is not null)
        {
            return Vr == DicomVr.SQ && (element.Items is not null || element.IsEmpty);
        }

        return (element.Vr == Vr || element.Vr == DicomVr.UN) && !element.HasContent && IsOfVr(element.Value.Span);
    }

    private bool IsOfVr(ReadOnlySpan<byte> value)
    {
        if (!Vr.IsText)
        {
            return value.Length % Vr.ValueBytes == 0;
        }

        foreach (var one in Encoding.Latin1.GetString(value).Split('\\'))
        {
            var text = one.Trim(' ', '\0');
            var isGood = Vr switch
            {
                DicomVr.DS => text.Length == 0 || ElementValues.TryParseDecimal(text, out _),
                DicomVr.IS => text.Length == 0 || long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
                DicomVr.CS => text.Length == 0 || DescriptorWords.IsKnown(text),
                _ => false,
            };
            if (!isGood)
            {
                return false;
            }
        }

        return true;
    }
}
