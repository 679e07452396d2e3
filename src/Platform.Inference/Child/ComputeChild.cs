using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Platform.Inference.Worker;

namespace Platform.Inference.Child;

/// <summary>A child died, hung or outgrew its memory.</summary>
/// <param name="code"><c>child-died</c>, <c>time-limit</c> or <c>memory-limit</c>.</param>
internal sealed class ChildCrashedException(string code, string message) : Exception(message)
{
    public string Code { get; } = code;
}

/// <summary>The parent's side of one warm compute child. One run at a time; after a crash it is of no more use.</summary>
internal sealed class ComputeChild : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CancelLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(500);

    private readonly Process process;
    private readonly MessagePipe pipe;
    private readonly string scratch;
    private long manifestLimitBytes = long.MaxValue;

    private ComputeChild(Process process, MessagePipe pipe, string scratch)
    {
        this.process = process;
        this.pipe = pipe;
        this.scratch = scratch;
    }

    public string Device { get; private set; } = "";

    /// <summary>Hashes of the models it holds.</summary>
    public IReadOnlyList<string> LoadedModels { get; private set; } = [];

    /// <summary>How long the last run waited for its turn on the device.</summary>
    public TimeSpan Waited { get; private set; }

    public bool IsUsable { get; private set; } = true;

    public int ProcessId => process.Id;

    public bool HasExited => process.HasExited;

    public long MemoryBytes
    {
        get
        {
            try
            {
                process.Refresh();
                return process.WorkingSet64;
            }
            catch (InvalidOperationException)
            {
                return 0; // it has just ended
            }
        }
    }

    /// <summary>Starts a child and waits until it can compute.</summary>
    /// <param name="command">Executable or dll of a host; null is the host's own.</param>
    /// <param name="priority">Below normal for what runs must not wait for.</param>
    /// <param name="gpu">The only GPU that it sees, by the driver's number; null lets it see all.</param>
    public static async Task<ComputeChild> StartAsync(
        string? command, ChildSetup setup, CancellationToken ct, ProcessPriorityClass priority = ProcessPriorityClass.Normal, int? gpu = null)
    {
        Directory.CreateDirectory(setup.ScratchPath, OwnerOnly);
        var process = Process.Start(StartOf(command, gpu)) ?? throw new InvalidOperationException("The compute child does not start.");
        var child = new ComputeChild(
            process, new MessagePipe(process.StandardOutput.BaseStream, process.StandardInput.BaseStream), setup.ScratchPath);
        try
        {
            await child.SetUpAsync(setup, ct);
            if (priority != ProcessPriorityClass.Normal)
            {
                process.PriorityClass = priority;
            }

            var ready = child;
            child = null;
            return ready;
        }
        finally
        {
            child?.Dispose();
        }
    }

    /// <summary>Computes one attempt.</summary>
    /// <param name="memoryLimitBytes">Resident memory at which the child is stopped; sooner where the model's manifest says so.</param>
    /// <param name="cancelled">Asks the child to stop; if it does not listen, it is killed.</param>
    /// <param name="turns">Whose turn it is on the device, where the request takes turns; what a run waits is not counted against its time.</param>
    /// <exception cref="ChildCrashedException">No answer will come; the child is gone.</exception>
    public async Task<ComputeAnswer> ComputeAsync(
        ComputeRequest request, TimeSpan timeLimit, long memoryLimitBytes, Action<ComputeProgress> progress, CancellationToken cancelled,
        ComputeTurns? turns = null)
    {
        var answer = (ComputeAnswer?)await AskAsync(request, timeLimit, memoryLimitBytes, progress, turns, cancelled);
        LoadedModels = answer?.LoadedModels ?? LoadedModels;
        return answer ?? new(request.AttemptId, ComputeOutcome.Cancelled, null, null, "cancelled", "The run was cancelled.", []);
    }

    /// <summary>Makes a part of a preview; as for a run, but it knows no progress and nobody cancels it.</summary>
    /// <exception cref="ChildCrashedException">No answer will come; the child is gone.</exception>
    public async Task<PreviewAnswer> RenderAsync(PreviewRequest request, TimeSpan timeLimit, long memoryLimitBytes) =>
        (PreviewAnswer)(await AskAsync(request, timeLimit, memoryLimitBytes, _ => { }, null, CancellationToken.None))!;

    /// <summary>The answer; null when it was cancelled and gave none.</summary>
    private async Task<ChildAnswer?> AskAsync(
        ChildRequest request, TimeSpan timeLimit, long memoryLimitBytes, Action<ComputeProgress> progress, ComputeTurns? turns,
        CancellationToken cancelled)
    {
        manifestLimitBytes = long.MaxValue;
        var clock = new RunClock();
        using var stop = new CancellationTokenSource();
        await using var cancelling = cancelled.Register(() => _ = CancelAsync(request.AttemptId));
        var watching = WatchAsync(clock, timeLimit, memoryLimitBytes, cancelled, stop.Token);
        var (answer, excess) = ((ChildAnswer?)null, (ChildCrashedException?)null);
        try
        {
            answer = await AnswerAsync(request, progress, turns, clock);
        }
        finally
        {
            turns?.GiveBack(request.AttemptId);
            Waited = clock.Waited;
            await stop.CancelAsync();
            excess = await watching;
        }

        if (answer is not null)
        {
            return answer;
        }

        IsUsable = false;
        return cancelled.IsCancellationRequested
            ? null
            : throw excess ?? new ChildCrashedException("child-died", "The program that computes died on this study; it is tried again.");
    }

    /// <summary>Kills the child, whatever it does.</summary>
    public void Dispose()
    {
        IsUsable = false;
        Kill();
        pipe.Dispose();
        process.Dispose();
        if (Directory.Exists(scratch))
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static ProcessStartInfo StartOf(string? command, int? gpu)
    {
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        var host = command ?? Environment.ProcessPath!;
        if (command is null && Path.GetFileNameWithoutExtension(host) == "dotnet")
        {
            start.FileName = host;
            start.ArgumentList.Add(Assembly.GetEntryAssembly()!.Location);
        }
        else if (host.EndsWith(".dll", StringComparison.Ordinal))
        {
            start.FileName = "dotnet";
            start.ArgumentList.Add(host);
        }
        else
        {
            start.FileName = host;
        }

        start.ArgumentList.Add(InferenceChild.Argument);
        if (gpu is { } number)
        {
            // The driver numbers as nvidia-smi does, and shows this one as the child's only.
            start.Environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID";
            start.Environment["CUDA_VISIBLE_DEVICES"] = number.ToString(CultureInfo.InvariantCulture);
        }

        start.Environment["DOTNET_gcServer"] = "0"; // one heap: the memory belongs to the volumes
        start.Environment["NVIDIA_TF32_OVERRIDE"] = "0"; // float means 24 bits on a GPU too, also in libraries beneath the provider
        return start;
    }

    private async Task SetUpAsync(ChildSetup setup, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(StartLimit);
        await pipe.WriteAsync(setup, limit.Token);
        Device = await pipe.ReadAsync(limit.Token) is ChildReady ready
            ? ready.Device
            : throw new InvalidOperationException("The compute child ended while it started.");
    }

    /// <summary>Null when the child is gone.</summary>
    private async Task<ChildAnswer?> AnswerAsync(ChildRequest request, Action<ComputeProgress> progress, ComputeTurns? turns, RunClock clock)
    {
        try
        {
            await pipe.WriteAsync(request, CancellationToken.None);
            while (await pipe.ReadAsync(CancellationToken.None) is { } message)
            {
                switch (message)
                {
                    case ComputeProgress report when report.AttemptId == request.AttemptId:
                        progress(report);
                        break;

                    case ComputeLimit limit when limit.AttemptId == request.AttemptId:
                        Interlocked.Exchange(ref manifestLimitBytes, limit.MemoryBytes);
                        break;

                    case ComputeTurn { Step: TurnStep.Wanted } turn when turn.AttemptId == request.AttemptId:
                        _ = GrantAsync(turn.AttemptId, turns, clock);
                        break;

                    case ComputeTurn { Step: TurnStep.Over } turn when turn.AttemptId == request.AttemptId:
                        turns?.GiveBack(turn.AttemptId);
                        break;

                    case ChildAnswer answer when answer.AttemptId == request.AttemptId:
                        return answer;
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The pipe is broken, or closed by Dispose: the same as its end.
        }

        return null;
    }

    /// <summary>Lets the child infer when it is its turn; never where the run has ended before.</summary>
    private async Task GrantAsync(Guid attemptId, ComputeTurns? turns, RunClock clock)
    {
        try
        {
            clock.Pause();
            await (turns?.TakeAsync(attemptId) ?? Task.CompletedTask);
            clock.GoOn();
            await pipe.WriteAsync(new ComputeTurn(attemptId, TurnStep.Granted), CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // It has died, or has given its place back.
        }
    }

    /// <summary>Kills the child when it takes too long or too much, and says which; also when it does not heed a cancellation.</summary>
    private async Task<ChildCrashedException?> WatchAsync(
        RunClock clock, TimeSpan timeLimit, long memoryLimitBytes, CancellationToken cancelled, CancellationToken stop)
    {
        var sinceCancelled = new Stopwatch();
        using var timer = new PeriodicTimer(WatchInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (clock.Worked > timeLimit)
                {
                    Kill();
                    return new("time-limit", $"The run took longer than its limit of {timeLimit.TotalSeconds:0} s.");
                }

                var limit = Math.Min(memoryLimitBytes, Interlocked.Read(ref manifestLimitBytes));
                if (MemoryBytes > limit)
                {
                    Kill();
                    return new("memory-limit", limit < memoryLimitBytes
                        ? $"The run took more memory than the model's manifest allows ({limit >> 20} MiB with what else is loaded)."
                        : $"The run took more memory than the worker's limit of {limit >> 20} MiB.");
                }

                if (cancelled.IsCancellationRequested)
                {
                    sinceCancelled.Start();
                    if (sinceCancelled.Elapsed > CancelLimit)
                    {
                        Kill();
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The child has answered or died.
        }

        return null;
    }

    private async Task CancelAsync(Guid attemptId)
    {
        try
        {
            await pipe.WriteAsync(new ComputeCancel(attemptId), CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It has died.
        }
    }

    private void Kill()
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }
    }

    /// <summary>How long a run has worked, and how long it has waited for its turn.</summary>
    private sealed class RunClock
    {
        private readonly Lock reading = new();
        private readonly Stopwatch all = Stopwatch.StartNew();
        private readonly Stopwatch waiting = new();

        public TimeSpan Waited
        {
            get
            {
                lock (reading)
                {
                    return waiting.Elapsed;
                }
            }
        }

        public TimeSpan Worked
        {
            get
            {
                lock (reading)
                {
                    return all.Elapsed - waiting.Elapsed;
                }
            }
        }

        public void Pause()
        {
            lock (reading)
            {
                waiting.Start();
            }
        }

        public void GoOn()
        {
            lock (reading)
            {
                waiting.Stop();
            }
        }
    }
}
