namespace Platform.Dicom.Network;

/// <summary>Why an association or a connection ended other than by release.</summary>
public enum DicomNetworkError
{
    /// <summary>No connection could be made.</summary>
    CannotConnect,

    /// <summary>The TLS handshake failed: certificate, name, version or the peer does not speak TLS.</summary>
    TlsFailed,

    /// <summary>The peer answered A-ASSOCIATE-RJ; <see cref="DicomNetworkException.Rejection"/> has its reason.</summary>
    Rejected,

    /// <summary>The peer sent A-ABORT.</summary>
    Aborted,

    /// <summary>The connection ended without release.</summary>
    ConnectionLost,

    /// <summary>The peer was silent, or did not take what was sent, for longer than the budget allows.</summary>
    TimedOut,

    /// <summary>A PDU is malformed (PS3.8 §9.3).</summary>
    InvalidPdu,

    /// <summary>A PDU came that the state of the association does not allow (PS3.8 §9.2).</summary>
    UnexpectedPdu,

    /// <summary>A DIMSE message is malformed or out of turn (PS3.7 §6.3, §9).</summary>
    InvalidMessage,

    /// <summary>A budget was exceeded; <see cref="DicomNetworkException.Budget"/> names it.</summary>
    OverBudget,
}

/// <summary>The only exception for what a peer does. Of what the peer sent its message holds codes and lengths.</summary>
public sealed class DicomNetworkException : Exception
{
    public DicomNetworkException(DicomNetworkError error, string message, Exception? inner = null)
        : base(message + ".", inner)
    {
        Error = error;
    }

    public DicomNetworkError Error { get; }

    /// <summary>Of <see cref="DicomNetworkError.Rejected"/>.</summary>
    public AssociationRejection? Rejection { get; private init; }

    /// <summary>The name of the property of <see cref="DicomNetworkBudgets"/> that was exceeded.</summary>
    public string? Budget { get; private init; }

    /// <summary>What an A-ABORT that answers this says.</summary>
    internal AbortReason Reason { get; private init; }

    internal static DicomNetworkException OverBudget(string budget, long limit) => new(
        DicomNetworkError.OverBudget, $"More than {budget} {limit}")
    {
        Budget = budget,
        Reason = AbortReason.InvalidParameter,
    };

    internal static DicomNetworkException Rejected(AssociationRejection rejection) =>
        new(DicomNetworkError.Rejected, $"The association was rejected: {rejection}") { Rejection = rejection };

    internal static DicomNetworkException InvalidPdu(string message, AbortReason reason = AbortReason.InvalidParameter) =>
        new(DicomNetworkError.InvalidPdu, message) { Reason = reason };
}
