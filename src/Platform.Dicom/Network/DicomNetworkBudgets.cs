namespace Platform.Dicom.Network;

/// <summary>Limits on what one peer may cost. Exceeding one is <see cref="DicomNetworkError.OverBudget"/>.</summary>
public sealed record DicomNetworkBudgets
{
    public static readonly DicomNetworkBudgets Default = new();

    /// <summary>The least <see cref="MaxPduBytes"/> that can be configured or that a peer may ask for.</summary>
    internal const int LeastPduBytes = 128;

    /// <summary>Bytes of an A-ASSOCIATE PDU behind its header.</summary>
    public int MaxAssociateBytes { get; init; } = 128 << 10;

    /// <summary>Presentation contexts of an association: ids are odd bytes (PS3.8 §9.3.2.2).</summary>
    public int MaxContexts { get; init; } = 128;

    /// <summary>Bytes of a P-DATA-TF PDU behind its header; what is announced to the peer (PS3.8 §D.1).</summary>
    public int MaxPduBytes { get; init; } = 128 << 10;

    /// <summary>Bytes of a command set (PS3.7 §6.3).</summary>
    public int MaxCommandBytes { get; init; } = 16 << 10;

    /// <summary>Bytes of a data set. One that is longer fails alone; one of twice as many ends the association.</summary>
    public long MaxInstanceBytes { get; init; } = DicomBudgets.Default.MaxInstanceBytes;

    /// <summary>How long a connection may last before its association is requested and after its end (PS3.8 §9.1.5).</summary>
    public TimeSpan ArtimTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a whole PDU may take to come, counted from when it is waited for, or to be taken by the peer.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
