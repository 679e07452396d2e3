namespace Platform.Api.Dicomweb;

/// <summary>Failure and warning reasons of a stored instance (PS3.18 §I.2.1 and §I.2.2, PS3.7 Annex C).</summary>
internal enum StoreReason
{
    /// <summary>0110H: the instance could not be processed.</summary>
    ProcessingFailure = 0x0110,

    /// <summary>0111H: other bytes are stored under this SOP Instance UID.</summary>
    DuplicateInstance = 0x0111,

    /// <summary>0122H: objects of this SOP Class are not taken.</summary>
    SopClassNotSupported = 0x0122,

    /// <summary>0124H: refused, not authorized.</summary>
    NotAuthorized = 0x0124,

    /// <summary>A700H: out of resources, a budget included.</summary>
    OutOfResources = 0xA700,

    /// <summary>A900H: the data set does not match its SOP Class, or its study the one in the URL.</summary>
    DoesNotMatchSopClass = 0xA900,

    /// <summary>C000H: not DICOM, or DICOM that ends or breaks where it must not.</summary>
    CannotUnderstand = 0xC000,

    /// <summary>C122H: this transfer syntax is not known.</summary>
    TransferSyntaxNotSupported = 0xC122,

    /// <summary>B000H, a warning: stored under other UIDs than received (de-identification).</summary>
    CoercedElements = 0xB000,
}
