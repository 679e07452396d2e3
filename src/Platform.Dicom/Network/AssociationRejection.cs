namespace Platform.Dicom.Network;

/// <summary>Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 §9.3.4).</summary>
/// <param name="IsTransient">The same request may be accepted later.</param>
/// <param name="Source">1 the application, 2 the upper layer's association part, 3 its presentation part.</param>
/// <param name="Reason">By source.</param>
public readonly record struct AssociationRejection(bool IsTransient, byte Source, byte Reason)
{
    internal static readonly AssociationRejection ApplicationContext = new(false, 1, 2);
    internal static readonly AssociationRejection CallingAeTitle = new(false, 1, 3);
    internal static readonly AssociationRejection CalledAeTitle = new(false, 1, 7);
    internal static readonly AssociationRejection ProtocolVersion = new(false, 2, 2);
    internal static readonly AssociationRejection LocalLimit = new(true, 3, 2);

    public override string ToString() => $"{(Source, Reason) switch
    {
        (1, 2) => "application context name not supported",
        (1, 3) => "calling AE title not recognized",
        (1, 7) => "called AE title not recognized",
        (2, 2) => "protocol version not supported",
        (3, 1) => "temporary congestion",
        (3, 2) => "local limit exceeded",
        (1 or 2, 1) => "no reason given",
        _ => $"source {Source}, reason {Reason}",
    }} ({(IsTransient ? "transient" : "permanent")})";
}
