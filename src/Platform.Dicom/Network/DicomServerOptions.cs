using System.Net;

namespace Platform.Dicom.Network;

/// <summary>What a <see cref="DicomServer"/> listens to, lets in and does.</summary>
public sealed record DicomServerOptions
{
    /// <summary>Port 0 takes a free one.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Any, 11112);

    /// <summary>The AE titles that this server answers to; empty for any.</summary>
    public IReadOnlyCollection<string> CalledAeTitles { get; init; } = [];

    /// <summary>The AE titles that may call; empty for any. Titles prove nothing: client certificates do.</summary>
    public IReadOnlyCollection<string> CallingAeTitles { get; init; } = [];

    /// <summary>Associations at a time; one more is rejected as a transient excess of a local limit.</summary>
    public int MaxAssociations { get; init; } = 16;

    /// <summary>Null for plain connections.</summary>
    public DicomTls? Tls { get; init; }

    public DicomNetworkBudgets Budgets { get; init; } = DicomNetworkBudgets.Default;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>SOP classes taken beside Verification; all storage classes of PS3.4 Annex B where nothing else is said.</summary>
    public Func<string, bool> TakesSopClass { get; init; } = uid => DicomUids.FindSopClassName(uid) is not null;

    /// <summary>Transfer syntaxes taken; of those proposed for a context the first that is taken is accepted.</summary>
    public Func<DicomTransferSyntax, bool> TakesSyntax { get; init; } = _ => true;

    /// <summary>
    /// Stores an instance and says how it went. The answer is sent when this has returned, so it must be durable by then.
    /// A <see cref="DicomException"/> becomes A700H (a budget) or C000H, any other 0110H; the association goes on.
    /// </summary>
    public required Func<ReceivedInstance, CancellationToken, ValueTask<DimseStatus>> Store { get; init; }

    /// <summary>Told of every instance that was answered, and what with. Like <see cref="Ended"/> it must not throw.</summary>
    public Action<InstanceAnswered>? Answered { get; init; }

    /// <summary>Told of every connection that ended, and how.</summary>
    public Action<AssociationEnded>? Ended { get; init; }
}

/// <summary>An answer to C-STORE.</summary>
/// <param name="SopInstanceUid">Null if the request had none that is valid.</param>
/// <param name="Cause">What was thrown, if that is why it failed.</param>
public sealed record InstanceAnswered(EndPoint? Peer, string? SopInstanceUid, DimseStatus Status, Exception? Cause);

/// <summary>The end of a connection.</summary>
/// <param name="CallingAeTitle">Null if no association was requested.</param>
/// <param name="Rejection">Why it was rejected, if it was.</param>
/// <param name="Failure">Why it broke, if it was neither rejected nor released.</param>
public sealed record AssociationEnded(
    EndPoint? Peer, string? CallingAeTitle, string? CalledAeTitle, AssociationRejection? Rejection, Exception? Failure)
{
    public bool IsReleased => Rejection is null && Failure is null;
}
