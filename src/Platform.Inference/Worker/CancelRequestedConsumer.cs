using MassTransit;
using Platform.Contracts;

namespace Platform.Inference.Worker;

/// <summary>Every worker hears every cancellation, on a queue of its own; the one that has the run stops it.</summary>
internal sealed class CancelRequestedConsumer(WorkerState worker) : IConsumer<CancelRequested>
{
    public Task Consume(ConsumeContext<CancelRequested> context)
    {
        worker.Cancel(context.Message.TenantId, context.Message.RunId);
        return Task.CompletedTask;
    }
}
