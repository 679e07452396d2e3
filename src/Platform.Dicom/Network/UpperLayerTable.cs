using static Platform.Dicom.Network.UpperLayerAction;
using static Platform.Dicom.Network.UpperLayerEffects;
using static Platform.Dicom.Network.UpperLayerState;

namespace Platform.Dicom.Network;

/// <summary>States of an association (PS3.8 §9.2.1).</summary>
internal enum UpperLayerState : byte
{
    Sta1 = 1,
    Sta2,
    Sta3,
    Sta4,
    Sta5,
    Sta6,
    Sta7,
    Sta8,
    Sta9,
    Sta10,
    Sta11,
    Sta12,
    Sta13,
}

/// <summary>What happens to an association, in the order of PS3.8 Table 9-10.</summary>
internal enum UpperLayerEvent : byte
{
    AssociateRequested,
    Connected,
    AcceptReceived,
    RejectReceived,
    ConnectionIndicated,
    RequestReceived,
    AcceptRequested,
    RejectRequested,
    DataRequested,
    DataReceived,
    ReleaseRequested,
    ReleaseRequestReceived,
    ReleaseReplyReceived,
    ReleaseAnswered,
    AbortRequested,
    AbortReceived,
    ConnectionClosed,
    TimerExpired,
    InvalidReceived,
}

/// <summary>Actions of PS3.8 §9.2.2, Tables 9-6 to 9-9.</summary>
internal enum UpperLayerAction : byte
{
    None,
    AE1,
    AE2,
    AE3,
    AE4,
    AE5,
    AE6,
    AE7,
    AE8,
    DT1,
    DT2,
    AR1,
    AR2,
    AR3,
    AR4,
    AR5,
    AR6,
    AR7,
    AR8,
    AR9,
    AR10,
    AA1,
    AA2,
    AA3,
    AA4,
    AA5,
    AA6,
    AA7,
    AA8,
}

/// <summary>What an action does beside changing the state.</summary>
[Flags]
internal enum UpperLayerEffects
{
    Nothing = 0,

    /// <summary>Open a connection.</summary>
    Connect = 1 << 0,

    /// <summary>Send the PDU that the service user asked for.</summary>
    Send = 1 << 1,

    /// <summary>Send A-ABORT of the service user.</summary>
    SendUserAbort = 1 << 2,

    /// <summary>Send A-ABORT of the service provider.</summary>
    SendProviderAbort = 1 << 3,

    StartTimer = 1 << 4,
    StopTimer = 1 << 5,

    /// <summary>Close the connection.</summary>
    Close = 1 << 6,

    /// <summary>Tell the service user of what came: an indication or a confirmation.</summary>
    Indicate = 1 << 7,

    /// <summary>Tell the service user that the provider, or the loss of the connection, ended the association.</summary>
    IndicateProviderAbort = 1 << 8,
}

/// <summary>What is to be done upon an event, and the state after it.</summary>
internal readonly record struct UpperLayerStep(UpperLayerAction Action, UpperLayerEffects Effects, UpperLayerState Next);

/// <summary>The state table of the upper layer, PS3.8 §9.2.3 Table 9-10, as data.</summary>
internal static class UpperLayerTable
{
    private const int States = 13;

    // A row is an event, a column a state from Sta1 to Sta13.
    private static readonly UpperLayerAction[] Actions =
    [
        AE1, None, None, None, None, None, None, None, None, None, None, None, None,
        None, None, None, AE2, None, None, None, None, None, None, None, None, None,
        None, AA1, AA8, None, AE3, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA6,
        None, AA1, AA8, None, AE4, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA6,
        AE5, None, None, None, None, None, None, None, None, None, None, None, None,
        None, AE6, AA8, None, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA7,
        None, None, AE7, None, None, None, None, None, None, None, None, None, None,
        None, None, AE8, None, None, None, None, None, None, None, None, None, None,
        None, None, None, None, None, DT1, None, AR7, None, None, None, None, None,
        None, AA1, AA8, None, AA8, DT2, AR6, AA8, AA8, AA8, AA8, AA8, AA6,
        None, None, None, None, None, AR1, None, None, None, None, None, None, None,
        None, AA1, AA8, None, AA8, AR2, AR8, AA8, AA8, AA8, AA8, AA8, AA6,
        None, AA1, AA8, None, AA8, AA8, AR3, AA8, AA8, AR10, AR3, AA8, AA6,
        None, None, None, None, None, None, None, AR4, AR9, None, None, AR4, None,
        None, None, AA1, AA2, AA1, AA1, AA1, AA1, AA1, AA1, AA1, AA1, None,
        None, AA2, AA3, None, AA3, AA3, AA3, AA3, AA3, AA3, AA3, AA3, AA2,
        None, AA5, AA4, AA4, AA4, AA4, AA4, AA4, AA4, AA4, AA4, AA4, AR5,
        None, AA2, None, None, None, None, None, None, None, None, None, None, AA2,
        None, AA1, AA8, None, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA7,
    ];

    /// <summary>The action of an event in a state; null where the table has none: the event cannot happen there.</summary>
    /// <param name="isRequestor">Decides who answers first when both sides release at once (AR-8).</param>
    /// <param name="isAcceptable">The provider lets the association be indicated to its user (AE-6).</param>
    internal static UpperLayerStep? Find(
        UpperLayerEvent happened, UpperLayerState state, bool isRequestor, bool isAcceptable = true)
    {
        var action = Actions[((int)happened * States) + (int)state - 1];
        return action == None ? null : Step(action, isRequestor, isAcceptable);
    }

    private static UpperLayerStep Step(UpperLayerAction action, bool isRequestor, bool isAcceptable)
    {
        var (effects, next) = action switch
        {
            AE1 => (Connect, Sta4),
            AE2 => (Send, Sta5),
            AE3 => (Indicate, Sta6),
            AE4 => (Indicate | Close, Sta1),
            AE5 => (StartTimer, Sta2),
            AE6 when isAcceptable => (StopTimer | Indicate, Sta3),
            AE6 => (Send | StartTimer, Sta13),
            AE7 => (Send, Sta6),
            AE8 => (Send | StartTimer, Sta13),
            DT1 => (Send, Sta6),
            DT2 => (Indicate, Sta6),
            AR1 => (Send, Sta7),
            AR2 => (Indicate, Sta8),
            AR3 => (Indicate | Close, Sta1),
            AR4 => (Send | StartTimer, Sta13),
            AR5 => (StopTimer, Sta1),
            AR6 => (Indicate, Sta7),
            AR7 => (Send, Sta8),
            AR8 => (Indicate, isRequestor ? Sta9 : Sta10),
            AR9 => (Send, Sta11),
            AR10 => (Indicate, Sta12),
            AA1 => (SendUserAbort | StartTimer, Sta13),
            AA2 => (StopTimer | Close, Sta1),
            AA3 => (Indicate | Close, Sta1),
            AA4 => (IndicateProviderAbort, Sta1),
            AA5 => (StopTimer, Sta1),
            AA6 => (Nothing, Sta13),
            AA7 => (SendProviderAbort, Sta13),
            AA8 => (SendProviderAbort | IndicateProviderAbort | StartTimer, Sta13),
            _ => throw new ArgumentOutOfRangeException(nameof(action)),
        };
        return new UpperLayerStep(action, effects, next);
    }
}
