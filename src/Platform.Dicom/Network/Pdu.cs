namespace Platform.Dicom.Network;

/// <summary>The first byte of a PDU (PS3.8 §9.3).</summary>
internal enum PduType : byte
{
    AssociateRequest = 1,
    AssociateAccept = 2,
    AssociateReject = 3,
    Data = 4,
    ReleaseRequest = 5,
    ReleaseReply = 6,
    Abort = 7,
}

/// <summary>Why the service provider aborts (PS3.8 §9.3.8).</summary>
internal enum AbortReason : byte
{
    NotSpecified = 0,
    UnrecognizedPdu = 1,
    UnexpectedPdu = 2,
    UnrecognizedParameter = 4,
    UnexpectedParameter = 5,
    InvalidParameter = 6,
}

/// <summary>What an acceptor answers to a presentation context (PS3.8 §9.3.3.2).</summary>
public enum ContextResult : byte
{
    Accepted = 0,
    UserRejection = 1,
    NoReason = 2,
    AbstractSyntaxNotSupported = 3,
    TransferSyntaxesNotSupported = 4,
}

/// <summary>A presentation context as proposed: one SOP class, some transfer syntaxes (PS3.8 §9.3.2.2).</summary>
public sealed record ProposedContext(byte Id, string AbstractSyntax, IReadOnlyList<string> TransferSyntaxes);

/// <summary>What became of a presentation context; the transfer syntax counts only if it is accepted (PS3.8 §9.3.3.2).</summary>
public sealed record AnsweredContext(byte Id, ContextResult Result, string TransferSyntax);

/// <summary>Asynchronous operations window (PS3.7 §D.3.3.3); 0 is unlimited.</summary>
public sealed record AsyncOperations(int MaxInvoked, int MaxPerformed);

/// <summary>SCP/SCU role selection for a SOP class (PS3.7 §D.3.3.4).</summary>
public sealed record RoleSelection(string SopClassUid, bool IsScu, bool IsScp);

/// <summary>User identity of a requestor (PS3.7 §D.3.3.7): read and not used, which the standard allows an acceptor.</summary>
/// <param name="Type">1 user name, 2 user name and passcode, 3 Kerberos, 4 SAML, 5 JSON web token.</param>
internal sealed record UserIdentity(byte Type, bool WantsResponse);

/// <summary>User information of an association (PS3.7 §D.3.3). Extended negotiation is passed over.</summary>
/// <param name="MaxPduBytes">What its sender takes in one P-DATA-TF; 0 is unlimited.</param>
internal sealed record UserInformation(
    uint MaxPduBytes,
    string? ImplementationClassUid,
    string? ImplementationVersionName,
    AsyncOperations? AsyncOperations,
    IReadOnlyList<RoleSelection> Roles,
    UserIdentity? Identity)
{
    internal static UserInformation Own(int maxPduBytes) =>
        new((uint)maxPduBytes, DicomFile.ImplementationClassUid, DicomFile.ImplementationVersionName, null, [], null);
}

/// <summary>A-ASSOCIATE-RQ (PS3.8 §9.3.2).</summary>
internal sealed record AssociateRequest(
    ushort ProtocolVersion,
    string CalledAeTitle,
    string CallingAeTitle,
    string ApplicationContext,
    IReadOnlyList<ProposedContext> Contexts,
    UserInformation User);

/// <summary>A-ASSOCIATE-AC (PS3.8 §9.3.3); its AE titles are those of the request and are not tested.</summary>
internal sealed record AssociateAccept(IReadOnlyList<AnsweredContext> Contexts, UserInformation User);
