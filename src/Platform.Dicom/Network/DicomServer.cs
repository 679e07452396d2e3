using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Platform.Dicom.Network;

/// <summary>
/// Answers C-ECHO and takes C-STORE on a port (SCP of Verification and Storage, PS3.4 Annexes A and B). Each connection has its
/// own task; nothing that a peer sends ends more than its own association.
/// </summary>
public sealed class DicomServer : IAsyncDisposable
{
    /// <summary>Connections beyond the associations, so that an excess can still be rejected by the protocol.</summary>
    private const int SpareConnections = 16;

    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(50);

    private readonly DicomServerOptions _options;
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _listening = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly HashSet<Task> _connections = [];
    private int _associations;
    private Task _accepting = Task.CompletedTask;

    public DicomServer(DicomServerOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxAssociations, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Budgets.MaxPduBytes, DicomNetworkBudgets.LeastPduBytes);
        _options = options;
        _listener = new TcpListener(options.EndPoint);
    }

    /// <summary>Where it listens, once started.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Associations that are established now.</summary>
    public int Associations => Volatile.Read(ref _associations);

    /// <summary>Begins to listen. A port that is taken is a <see cref="SocketException"/>.</summary>
    public void Start()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Takes no more connections and lets the associations end; those that last beyond the token are aborted.</summary>
    public async Task StopAsync(CancellationToken ct)
    {
        StopListening();
        await _accepting;
        await using (ct.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), _aborting))
        {
            await Task.WhenAll(Connections());
        }
    }

    /// <summary>Aborts every association and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _aborting.CancelAsync();
        await StopAsync(default);
        _listener.Dispose();
        _listening.Dispose();
        _aborting.Dispose();
    }

    /// <summary>One of the associations that may be; false if there are as many already.</summary>
    internal bool TryEnter()
    {
        if (Interlocked.Increment(ref _associations) <= _options.MaxAssociations)
        {
            return true;
        }

        Leave();
        return false;
    }

    internal void Leave() => Interlocked.Decrement(ref _associations);

    private void StopListening()
    {
        _listening.Cancel();
        _listener.Stop();
    }

    private Task[] Connections()
    {
        lock (_connections)
        {
            return [.. _connections];
        }
    }

    private async Task AcceptAsync()
    {
        while (!_listening.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptSocketAsync(_listening.Token);
            }
            catch (Exception) when (_listening.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException)
            {
                // The peer was gone before it was accepted, or the process has no descriptor left: then one comes free in time.
                await Task.Delay(AcceptPause, _options.Clock, CancellationToken.None);
                continue;
            }

            Begin(socket);
        }
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "The connection owns its socket.")]
    private void Begin(Socket socket)
    {
        lock (_connections)
        {
            if (_connections.Count >= _options.MaxAssociations + SpareConnections)
            {
                socket.Dispose();
                return;
            }

            var connection = new ServerConnection(this, _options, socket);
            var task = Task.Run(() => connection.RunAsync(_aborting.Token));
            _connections.Add(task);
            _ = task.ContinueWith(Forget, default, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private void Forget(Task task)
    {
        lock (_connections)
        {
            _connections.Remove(task);
        }
    }
}
