namespace Platform.Inference.Worker;

/// <summary>Whose turn it is on a device: as many attempts at once as it has slots, of those that wait the oldest first.</summary>
internal sealed class ComputeTurns(int slots)
{
    private readonly Lock changing = new();
    private readonly HashSet<Guid> taken = [];
    private readonly SortedDictionary<Guid, TaskCompletionSource> waiting = []; // attempt ids are UUIDv7: in the order of delivery

    /// <summary>Ends when it is the attempt's turn, which it keeps until it gives it back; cancelled where that comes first.</summary>
    public Task TakeAsync(Guid attemptId)
    {
        lock (changing)
        {
            if (taken.Contains(attemptId) || taken.Count < slots)
            {
                taken.Add(attemptId);
                return Task.CompletedTask;
            }

            return (waiting[attemptId] = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Gives back a turn, or a place in the line; nothing where the attempt has neither.</summary>
    public void GiveBack(Guid attemptId)
    {
        lock (changing)
        {
            if (waiting.Remove(attemptId, out var left))
            {
                left.TrySetCanceled();
            }
            else if (taken.Remove(attemptId) && waiting.Count > 0)
            {
                var (next, turn) = waiting.First();
                waiting.Remove(next);
                taken.Add(next);
                turn.TrySetResult();
            }
        }
    }
}
