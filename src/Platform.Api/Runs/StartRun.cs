using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.AiModels;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Dicomweb;
using Platform.Api.Security;
using Platform.Api.Studies;
using Platform.Inference.Packages;

namespace Platform.Api.Runs;

/// <summary>POST /t/{tenant}/runs: queues an AI model to run on a stored study.</summary>
internal static partial class StartRun
{
    /// <param name="StudyUid">As received or as stored.</param>
    /// <param name="Model">Name of an active model.</param>
    /// <param name="Lane">Routine unless it says Stat.</param>
    /// <param name="Parameters">Named parameters; null takes those of the model's rule here, and else the package's own.</param>
    public sealed record Request(
        [property: Required, RegularExpression(@"^[0-9.]{1,64}$")] string StudyUid,
        [property: Required, StringLength(64)] string Model,
        Lane? Lane,
        [property: MaxLength(32)] Dictionary<string, string>? Parameters);

    public sealed record Response(Guid Id, RunStatus Status);

    public static void MapStartRun(this IEndpointRouteBuilder runs) => runs
        .MapPost("", Handle)
        .RequireAuthorization(Policy.StartRuns)
        .WithName(nameof(StartRun))
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status409Conflict)
        .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    private static async Task<Results<Accepted<Response>, Ok<Response>, ProblemHttpResult>> Handle(
        Request request,
        CurrentTenant tenant,
        TenantKeys keys,
        PlatformDb db,
        AuditLog audit,
        TimeProvider clock,
        ILogger<Run> logger,
        CancellationToken ct)
    {
        var forms = UidPath.FormsOf(request.StudyUid, await keys.ForAsync(tenant.Id, ct));

        // The tenant filter hides other tenants' studies, so theirs is a 404 like any unknown one.
        var study = await db.Studies.SingleOrDefaultAsync(s => forms.Contains(s.StudyInstanceUid), ct);
        if (study is null)
        {
            return TypedResults.Problem("No such study. Send it first.", statusCode: StatusCodes.Status404NotFound);
        }

        var model = await db.AiModels.SingleOrDefaultAsync(m => m.Name == request.Model && m.IsActive, ct);
        if (model is null)
        {
            return TypedResults.Problem("No such active model. GET models lists them.", statusCode: StatusCodes.Status404NotFound);
        }

        if (study.Status != StudyStatus.Complete)
        {
            return TypedResults.Problem(
                "The study is still being received. Say that it is complete, or wait until it is; a rule can run on a part of it.",
                statusCode: StatusCodes.Status409Conflict);
        }

        var (input, further) = (model.ReadSummary().Input, model.ReadFurtherInputs());
        var (chosen, reason) = SeriesChoice.Choose(input, further, await StudySeries.OfferAsync(db, study, [(input, further)], ct));
        if (chosen is null)
        {
            return TypedResults.Problem(reason!.Reason, statusCode: StatusCodes.Status422UnprocessableEntity);
        }

        var (results, missing) = await RunInputs.NewestAsync(db, study, further, ct);
        if (missing is not null)
        {
            return TypedResults.Problem(
                $"The model needs the result of {missing} on this study, and there is none. Run that model first.",
                statusCode: StatusCodes.Status422UnprocessableEntity);
        }

        var parameters = request.Parameters ?? (await ModelVersions.MainRuleAsync(db, model, ct))?.ReadParameters() ?? new Dictionary<string, string>();
        if (PackageParameters.Apply(model.ReadPackage(), parameters).Problem is { } problem)
        {
            return TypedResults.Problem(problem, statusCode: StatusCodes.Status422UnprocessableEntity);
        }

        var plan = new RunPlan(null, null, IsShadow: false, IsProvisional: false, results);
        var run = Run.Queue(
            study, model, parameters, request.Lane ?? Lane.Routine, clock.GetUtcNow(), plan, RunSeries.Of(chosen.First, chosen.Further));
        db.Runs.Add(run); // the dispatcher publishes it when a worker has room
        if (run.Status == RunStatus.Queued)
        {
            await RunWork.QueuedAsync(db, run, ct);
        }

        try
        {
            await RunChange.SaveAsync(db, run, audit, "run.queue", ct);
            await RunInputs.SettleAsync(db, run, audit, ct);
        }
        catch (DbUpdateException e) when (e.IsUniqueViolation)
        {
            // The natural key decides the race: whoever lost is given the winner's run.
            db.ChangeTracker.Clear();
            var existing = await db.Runs.SingleAsync(
                r => r.StudyId == run.StudyId && r.StudyVersion == run.StudyVersion
                    && r.ModelHash == run.ModelHash && r.ParametersHash == run.ParametersHash,
                ct);
            await audit.RecordReadAsync(tenant.Id, "run.read", "run", existing.Id.ToString(), ct);
            return TypedResults.Ok(new Response(existing.Id, existing.Status));
        }

        LogQueued(logger, run.Id, model.Name);
        return TypedResults.Accepted($"/t/{tenant.Slug}/runs/{run.Id}", new Response(run.Id, run.Status));
    }

    [LoggerMessage(LogLevel.Information, "Run {RunId} queued for model {Model}")]
    private static partial void LogQueued(ILogger logger, Guid runId, string model);
}
