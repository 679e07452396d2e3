using System.Globalization;

namespace Platform.Dicom.Network;

/// <summary>The status of a DIMSE response (PS3.7 Annex C, PS3.4 Table B.2-1).</summary>
public readonly record struct DimseStatus(ushort Code)
{
    public static readonly DimseStatus Success = new(0x0000);

    /// <summary>The operation failed for a reason that is the receiver's (PS3.7 §C.5.4).</summary>
    public static readonly DimseStatus ProcessingFailure = new(0x0110);

    /// <summary>The SOP Instance UID breaks the rules for UIDs (PS3.7 §C.5.6).</summary>
    public static readonly DimseStatus InvalidSopInstance = new(0x0117);

    public static readonly DimseStatus SopClassNotSupported = new(0x0122);

    public static readonly DimseStatus NotAuthorized = new(0x0124);

    /// <summary>A request of a kind that the association does not carry (PS3.7 §C.5.14).</summary>
    public static readonly DimseStatus UnrecognizedOperation = new(0x0211);

    /// <summary>Refused, out of resources: try again later.</summary>
    public static readonly DimseStatus OutOfResources = new(0xA700);

    /// <summary>The data set does not match the SOP class.</summary>
    public static readonly DimseStatus DatasetDoesNotMatch = new(0xA900);

    /// <summary>The data set can't be understood.</summary>
    public static readonly DimseStatus CannotUnderstand = new(0xC000);

    /// <summary>Stored, with some values changed.</summary>
    public static readonly DimseStatus Coerced = new(0xB000);

    public bool IsSuccess => Code == 0;

    /// <summary>Stored, with something to be said about it (PS3.7 §C.4).</summary>
    public bool IsWarning => Code is 0x0001 or 0x0107 or 0x0116 or (>= 0xB000 and <= 0xBFFF);

    /// <summary>Neither stored nor to be retried without a change or a pause.</summary>
    public bool IsFailure => !IsSuccess && !IsWarning;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Code:X4}H {Text}");

    private string Text => Code switch
    {
        0x0000 => "success",
        0x0110 => "processing failure",
        0x0111 => "duplicate SOP instance",
        0x0112 => "no such SOP instance",
        0x0117 => "invalid SOP instance UID",
        0x0122 => "SOP class not supported",
        0x0124 => "not authorized",
        0x0210 => "duplicate invocation",
        0x0211 => "unrecognized operation",
        0x0212 => "mistyped argument",
        0x0213 => "resource limitation",
        0xB000 => "coercion of data elements",
        0xB006 => "elements discarded",
        0xB007 => "data set does not match SOP class, stored",
        >= 0xA700 and <= 0xA7FF => "out of resources",
        >= 0xA900 and <= 0xA9FF => "data set does not match SOP class",
        >= 0xC000 and <= 0xCFFF => "cannot understand",
        _ => IsWarning ? "warning" : "failure",
    };
}
