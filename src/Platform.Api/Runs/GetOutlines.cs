using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Contracts;
using Platform.Hosting.Blobs;

namespace Platform.Api.Runs;

/// <summary>GET /t/{tenant}/runs/{id}/outlines: the segments of a run as polygons on its source images, as the worker wrote them.</summary>
internal static class GetOutlines
{
    public static void MapGetOutlines(this IEndpointRouteBuilder runs) => runs
        .MapGet("{id}/outlines", Handle)
        .RequireAuthorization(Policy.ReadStudies)
        .WithoutTenantTransaction()
        .WithName(nameof(GetOutlines))
        .Produces<RunOutlines>()
        .Produces(StatusCodes.Status304NotModified)
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<IResult> Handle(
        string id, CurrentTenant tenant, TenantScope scopes, BlobStore blobs, AuditLog audit, CancellationToken ct)
    {
        var run = Guid.TryParse(id, out var runId)
            ? await scopes.RunAsync(
                tenant.Id,
                (db, token) => db.Runs.AsNoTracking().Where(r => r.Id == runId)
                    .Select(r => new { r.StudyId, r.WinningAttemptId }).SingleOrDefaultAsync(token),
                ct)
            : null;
        if (run is null)
        {
            return GetRun.NoSuchRun();
        }

        await audit.RecordReadAsync(tenant.Id, "study.read", "study", run.StudyId.ToString(), ct);
        var none = TypedResults.Problem(
            "The run has no outlines: it has not ended, or it found nothing to outline.", statusCode: StatusCodes.Status404NotFound);
        return run.WinningAttemptId is { } attempt
            ? new ImmutableBlob(
                blobs, BlobNames.Outlines(tenant.Id, runId, attempt), $"{attempt:N}", "application/json", none, mayCompress: true)
            : none;
    }
}
