using System.Globalization;
using Platform.Dicom.Network;
using Xunit;

namespace Platform.UnitTests.Dicom.Network;

/// <summary>PS3.8 §9.2: every event in every state, on the object that connections use.</summary>
public class UpperLayerTests
{
    private static readonly byte[] Asked = [0x99, 1, 2, 3];

    /// <summary>Table 9-10 by event (Evt1 to Evt19): states and the action there; in states that are not named the event cannot happen.</summary>
    private static readonly string[] Table =
    [
        "1 AE1",
        "4 AE2",
        "2 AA1; 5 AE3; 3,6-12 AA8; 13 AA6",
        "2 AA1; 5 AE4; 3,6-12 AA8; 13 AA6",
        "1 AE5",
        "2 AE6; 3,5-12 AA8; 13 AA7",
        "3 AE7",
        "3 AE8",
        "6 DT1; 8 AR7",
        "2 AA1; 6 DT2; 7 AR6; 3,5,8-12 AA8; 13 AA6",
        "6 AR1",
        "2 AA1; 6 AR2; 7 AR8; 3,5,8-12 AA8; 13 AA6",
        "2 AA1; 7,11 AR3; 10 AR10; 3,5,6,8,9,12 AA8; 13 AA6",
        "8,12 AR4; 9 AR9",
        "4 AA2; 3,5-12 AA1",
        "2,13 AA2; 3,5-12 AA3",
        "2 AA5; 3-12 AA4; 13 AR5",
        "2,13 AA2",
        "2 AA1; 3,5-12 AA8; 13 AA7",
    ];

    /// <summary>Tables 9-6 to 9-9: what an action sends (the user's PDU, A-ABORT of user or provider), timer, closing, next state.</summary>
    private static readonly Dictionary<string, (string? Sends, bool? Timer, bool Closes, int Next)> Actions = new()
    {
        ["AE1"] = (null, null, false, 4), ["AE2"] = ("asked", null, false, 5), ["AE3"] = (null, null, false, 6),
        ["AE4"] = (null, null, true, 1), ["AE5"] = (null, true, false, 2), ["AE6"] = (null, false, false, 3),
        ["AE7"] = ("asked", null, false, 6), ["AE8"] = ("asked", true, false, 13),
        ["DT1"] = ("asked", null, false, 6), ["DT2"] = (null, null, false, 6),
        ["AR1"] = ("asked", null, false, 7), ["AR2"] = (null, null, false, 8), ["AR3"] = (null, null, true, 1),
        ["AR4"] = ("asked", true, false, 13), ["AR5"] = (null, false, false, 1), ["AR6"] = (null, null, false, 7),
        ["AR7"] = ("asked", null, false, 8), ["AR8"] = (null, null, false, 9), ["AR9"] = ("asked", null, false, 11),
        ["AR10"] = (null, null, false, 12),
        ["AA1"] = ("user", true, false, 13), ["AA2"] = (null, false, true, 1), ["AA3"] = (null, null, true, 1),
        ["AA4"] = (null, null, false, 1), ["AA5"] = (null, false, false, 1), ["AA6"] = (null, null, false, 13),
        ["AA7"] = ("provider", null, false, 13), ["AA8"] = ("provider", true, false, 13),
    };

    public static TheoryData<int, int, string> Cells
    {
        get
        {
            var cells = new TheoryData<int, int, string>();
            for (var happened = 1; happened <= Table.Length; happened++)
            {
                for (var state = 1; state <= 13; state++)
                {
                    cells.Add(happened, state, ActionAt(happened, state));
                }
            }

            return cells;
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task Every_event_in_every_state_has_the_standards_action(int happened, int state, string action)
    {
        var ct = TestContext.Current.CancellationToken;
        var wire = new RecordingStream();
        var layer = new UpperLayer(isRequestor: true, DicomNetworkBudgets.Default, TimeProvider.System, (UpperLayerState)state);
        layer.Attach(wire);
        if (action.Length == 0)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await layer.OnAsync((UpperLayerEvent)(happened - 1), Asked, ct));
            Assert.Equal((state, 0, false), ((int)layer.State, wire.Written.Length, wire.IsClosed));
            return;
        }

        var expected = Actions[action];
        var step = await layer.OnAsync((UpperLayerEvent)(happened - 1), Asked, ct, reason: AbortReason.UnexpectedPdu);

        Assert.Equal(action, step.Action.ToString());
        Assert.Equal(expected.Next, (int)layer.State);
        Assert.Equal(expected.Closes, wire.IsClosed);
        Assert.Equal(expected.Timer == true, layer.TimerLeft is not null);
        Assert.Equal(
            expected.Sends switch
            {
                "asked" => Asked,
                "user" => [7, 0, 0, 0, 0, 4, 0, 0, 0, 0],
                "provider" => [7, 0, 0, 0, 0, 4, 0, 0, 2, 2],
                _ => [],
            },
            wire.Written.ToArray());
    }

    [Fact]
    public async Task A_request_that_the_provider_does_not_accept_is_answered_and_the_timer_runs()
    {
        var wire = new RecordingStream();
        var layer = new UpperLayer(isRequestor: false, DicomNetworkBudgets.Default, TimeProvider.System, UpperLayerState.Sta2);
        layer.Attach(wire);
        await layer.OnAsync(UpperLayerEvent.RequestReceived, Asked, TestContext.Current.CancellationToken, isAcceptable: false);
        Assert.Equal((UpperLayerState.Sta13, Asked.Length), (layer.State, (int)wire.Written.Length));
        Assert.NotNull(layer.TimerLeft);
    }

    [Theory]
    [InlineData(true, 9)]
    [InlineData(false, 10)]
    public void When_both_release_at_once_the_requestor_answers_first(bool isRequestor, int next) =>
        Assert.Equal((UpperLayerState)next, UpperLayerTable.Find(UpperLayerEvent.ReleaseRequestReceived, UpperLayerState.Sta7, isRequestor)?.Next);

    [Fact]
    public void Every_state_is_reached_from_idle_and_leads_back_to_it()
    {
        var states = Enumerable.Range(1, 13).Select(s => (UpperLayerState)s).ToArray();
        Assert.All(states, s => Assert.Contains(s, From(UpperLayerState.Sta1)));
        Assert.All(states, s => Assert.Contains(UpperLayerState.Sta1, From(s)));
    }

    private static HashSet<UpperLayerState> From(UpperLayerState start)
    {
        var known = new HashSet<UpperLayerState> { start };
        var open = new Queue<UpperLayerState>(known);
        while (open.TryDequeue(out var state))
        {
            foreach (var happened in Enum.GetValues<UpperLayerEvent>())
            {
                foreach (var isRequestor in new[] { true, false })
                {
                    if (UpperLayerTable.Find(happened, state, isRequestor)?.Next is { } next && known.Add(next))
                    {
                        open.Enqueue(next);
                    }
                }
            }
        }

        return known;
    }

    private static string ActionAt(int happened, int state)
    {
        foreach (var part in Table[happened - 1].Split("; "))
        {
            var (states, action) = (part.Split(' ')[0], part.Split(' ')[1]);
            foreach (var range in states.Split(','))
            {
                var ends = range.Split('-').Select(e => int.Parse(e, CultureInfo.InvariantCulture)).ToArray();
                if (state >= ends[0] && state <= ends[^1])
                {
                    return action;
                }
            }
        }

        return "";
    }

    /// <summary>Keeps what is written and gives nothing.</summary>
    private sealed class RecordingStream : Stream
    {
        public MemoryStream Written { get; } = new();

        public bool IsClosed { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written.Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            IsClosed = true;
            base.Dispose(disposing);
        }
    }
}
