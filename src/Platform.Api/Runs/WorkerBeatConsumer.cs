using MassTransit;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>Hears every worker's beat; each API process has its own queue for them.</summary>
internal sealed class WorkerBeatConsumer(WorkerRegistry workers) : IConsumer<WorkerBeat>
{
    public Task Consume(ConsumeContext<WorkerBeat> context)
    {
        workers.Heard(context.Message);
        return Task.CompletedTask;
    }
}
