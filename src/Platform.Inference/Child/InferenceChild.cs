using System.Runtime.InteropServices;
using Platform.Hosting.Blobs;
using Platform.Inference.Engine;
using Platform.Inference.Previews;

namespace Platform.Inference.Child;

/// <summary>
/// The compute child: the host's own executable, started again with <c>--compute</c>. All pixels are decoded and all graphs run in it,
/// so that a crash in native code costs one attempt and not the host. It ends when its parent does.
/// </summary>
public static partial class InferenceChild
{
    /// <summary>The argument that makes a host a compute child.</summary>
    public const string Argument = "--compute";

    /// <summary>
    /// Computes for the parent until it closes the pipe, if the arguments ask for it; else null at once. A host calls it first of all.
    /// </summary>
    /// <returns>The exit code of a child, or null in a host.</returns>
    public static async Task<int?> RunIfRequestedAsync(string[] args)
    {
        if (args is not [Argument])
        {
            return null;
        }

        // Ctrl-C reaches the whole process group; the parent decides when a child ends.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => context.Cancel = true);

        // Native code may print: standard output becomes standard error, and messages keep a handle of their own.
        await using var input = Console.OpenStandardInput();
        await using var output = Console.OpenStandardOutput();
        using var pipe = new MessagePipe(input, output);
        _ = dup2(2, 1);
        await ServeAsync(pipe);
        return 0;
    }

    private static async Task ServeAsync(MessagePipe pipe)
    {
        if (await pipe.ReadAsync(CancellationToken.None) is not ChildSetup setup)
        {
            return;
        }

        var blobs = OpenBlobs(setup.Blobs);
        var device = setup.Provider is { } provider ? Device.Choose(provider, setup.ProviderLibrary) : null;
        using var sessions = device is null ? null : new SessionCache(device, setup.Threads, setup.Sessions);
        var turns = new TurnLine(pipe);
        var compute = sessions is null ? Previews(blobs, setup) : Runs(blobs, sessions, setup, pipe, turns);
        await pipe.WriteAsync(new ChildReady(device?.Name ?? ""), CancellationToken.None);
        await AnswerAsync(pipe, compute, turns);

        // The parent is gone or wants us gone. Native code may be in the middle of a graph: nothing may wait for it.
        RemoveScratch(setup.ScratchPath);
        _exit(0);
    }

    private static Func<ChildRequest, CancellationToken, Task<ChildMessage>> Runs(
        BlobStore blobs, SessionCache sessions, ChildSetup setup, MessagePipe pipe, TurnLine turns)
    {
        var runs = new RunComputation(blobs, sessions, setup.ScratchPath, setup.Threads, TimeProvider.System)
        {
            Bounded = (attempt, bytes) => pipe.WriteAsync(new ComputeLimit(attempt, bytes), CancellationToken.None),
            Turns = turns,
        };
        return async (request, ct) =>
            await runs.RunAsync((ComputeRequest)request, new ProgressSender(pipe, request.AttemptId).Report, ct);
    }

    private static Func<ChildRequest, CancellationToken, Task<ChildMessage>> Previews(BlobStore blobs, ChildSetup setup)
    {
        var previews = new PreviewComputation(blobs, setup.ScratchPath);
        return async (request, ct) => await previews.RunAsync((PreviewRequest)request, ct);
    }

    /// <summary>Until the parent closes the pipe.</summary>
    private static async Task AnswerAsync(MessagePipe pipe, Func<ChildRequest, CancellationToken, Task<ChildMessage>> compute, TurnLine turns)
    {
        using var runs = new CurrentRun();
        while (await pipe.ReadAsync(CancellationToken.None) is { } message)
        {
            switch (message)
            {
                case ChildRequest request:
                    var ct = runs.Begin(request.AttemptId);
                    _ = Task.Run(() => ComputeAsync(compute, request, pipe, ct), CancellationToken.None);
                    break;

                case ComputeCancel cancel:
                    await runs.CancelAsync(cancel.AttemptId);
                    break;

                case ComputeTurn { Step: TurnStep.Granted } turn:
                    turns.Grant(turn.AttemptId);
                    break;
            }
        }
    }

    private static async Task ComputeAsync(
        Func<ChildRequest, CancellationToken, Task<ChildMessage>> compute, ChildRequest request, MessagePipe pipe, CancellationToken ct)
    {
        try
        {
            await pipe.WriteAsync(await compute(request, ct), CancellationToken.None);
        }
        catch (Exception e)
        {
            // Unforeseen: the parent reports a crash. Types and methods only, since a message may hold what it was given.
            await Console.Error.WriteLineAsync($"Compute child ends: {e.GetType().FullName}\n{e.StackTrace}");
            _exit(70);
        }
    }

    private static BlobStore OpenBlobs(BlobOptions options) => options.Provider == BlobProvider.Azure
        ? new AzureBlobStore(options.ConnectionString!, options.Container)
        : new FileBlobStore(options.Path!, options.MinimumFreeBytes, TimeProvider.System);

    private static void RemoveScratch(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (IOException)
        {
            // The computing thread may still write into it; the parent, or the next start, removes it.
        }
    }

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int dup2(int from, int to);

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void _exit(int status);

    /// <summary>The attempt being computed and its cancellation.</summary>
    private sealed class CurrentRun : IDisposable
    {
        private CancellationTokenSource cancel = new();
        private Guid attemptId;

        public CancellationToken Begin(Guid attempt)
        {
            cancel.Dispose();
            cancel = new CancellationTokenSource();
            attemptId = attempt;
            return cancel.Token;
        }

        public Task CancelAsync(Guid attempt) => attempt == attemptId ? cancel.CancelAsync() : Task.CompletedTask;

        public void Dispose() => cancel.Dispose();
    }

    /// <summary>Tells the parent of phases and of every twentieth of one, without making the computation wait.</summary>
    private sealed class ProgressSender(MessagePipe pipe, Guid attemptId)
    {
        private readonly Lock changing = new();
        private RunPhase? last;
        private double lastFraction;

        public void Report(RunPhase phase, double fraction)
        {
            lock (changing)
            {
                if (phase == last && fraction < lastFraction + 0.05)
                {
                    return;
                }

                (last, lastFraction) = (phase, fraction);
            }

            _ = SendAsync(new ComputeProgress(attemptId, phase, fraction));
        }

        private async Task SendAsync(ComputeProgress message)
        {
            try
            {
                await pipe.WriteAsync(message, CancellationToken.None);
            }
            catch (IOException)
            {
                // The parent is gone; the reader of the pipe sees it too and ends the child.
            }
        }
    }
}
