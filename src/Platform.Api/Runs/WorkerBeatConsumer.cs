using MassTransit;
using Platform.Api.Events;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>Hears every worker's beat; each API process has its own queue for them.</summary>
internal sealed class WorkerBeatConsumer(WorkerRegistry workers, ChangeListener browsers) : IConsumer<WorkerBeat>
{
    public Task Consume(ConsumeContext<WorkerBeat> context)
    {
        // Every API process hears every beat, so each tells the browsers that hang on it, and the database is spared.
        foreach (var run in workers.Heard(context.Message))
        {
            browsers.Offer(new Change(run.TenantId, "run", run.RunId, run.Phase));
        }

        return Task.CompletedTask;
    }
}
