using Platform.Inference.Engine;

namespace Platform.Inference.Child;

/// <summary>The child's end of the line for the device: it waits before the first inference of a run and lets others in after the last.</summary>
internal sealed class TurnLine(MessagePipe pipe)
{
    private readonly Lock changing = new();
    private (Guid AttemptId, TaskCompletionSource Granted)? wanted;

    /// <summary>One run's way through the line, by the phases that it reports: reporting that it infers waits until it may.</summary>
    public Place Of(Guid attemptId, Action<RunPhase, double> progress, CancellationToken ct) => new(this, attemptId, progress, ct);

    /// <summary>The parent's word; of a run that has ended meanwhile it means nothing.</summary>
    public void Grant(Guid attemptId)
    {
        lock (changing)
        {
            if (wanted?.AttemptId == attemptId)
            {
                wanted.Value.Granted.TrySetResult();
            }
        }
    }

    /// <exception cref="OperationCanceledException">Cancelled while it waited.</exception>
    private void Await(Guid attemptId, CancellationToken ct)
    {
        var granted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (changing)
        {
            wanted = (attemptId, granted);
        }

        _ = SayAsync(attemptId, TurnStep.Wanted);
        granted.Task.Wait(ct);
    }

    private async Task SayAsync(Guid attemptId, TurnStep step)
    {
        try
        {
            await pipe.WriteAsync(new ComputeTurn(attemptId, step), CancellationToken.None);
        }
        catch (IOException)
        {
            // The parent is gone; the reader of the pipe sees it too and ends the child.
        }
    }

    /// <summary>A run in the line.</summary>
    public sealed class Place(TurnLine line, Guid attemptId, Action<RunPhase, double> progress, CancellationToken ct)
    {
        private bool isHeld;

        /// <summary>Waits for the turn, if it is not this run's already.</summary>
        public void Take()
        {
            if (!isHeld)
            {
                line.Await(attemptId, ct);
                isHeld = true;
            }
        }

        /// <summary>In place of the run's own progress.</summary>
        public void Report(RunPhase phase, double done)
        {
            if (phase == RunPhase.Infer)
            {
                Take();
            }
            else if (phase is RunPhase.Post or RunPhase.Write && isHeld)
            {
                isHeld = false;
                _ = line.SayAsync(attemptId, TurnStep.Over);
            }

            progress(phase, done);
        }
    }
}
