using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;
using Platform.Api.Dicomweb;
using Platform.Api.Security;

namespace Platform.Api.Studies;

/// <summary>POST /t/{tenant}/studies/{uid}/complete: the sender says that the study is whole; twice changes nothing.</summary>
internal static class CompleteStudy
{
    public sealed record Response(
        string StudyInstanceUid,
        int Version,
        StudyStatus Status,
        DateTimeOffset? CompletedAt,
        string? NoAiCode,
        string? NoAiReason);

    public static void MapCompleteStudy(this IEndpointRouteBuilder studies) => studies
        .MapPost("{uid}/complete", Handle)
        .RequireAuthorization(Policy.StoreStudies)
        .WithName(nameof(CompleteStudy))
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        string uid, CurrentTenant tenant, PlatformDb db, TenantKeys keys, StudyCompletion completion, CancellationToken ct)
    {
        var forms = UidPath.FormsOf(uid, await keys.ForAsync(tenant.Id, ct));
        var id = await db.Studies.Where(s => forms.Contains(s.StudyInstanceUid))
            .Select(s => (Guid?)s.Id).SingleOrDefaultAsync(ct);
        if (id is null || await StudyCompletion.LockAsync(db, id.Value, ct) is not { } study)
        {
            return TypedResults.Problem("No such study.", statusCode: StatusCodes.Status404NotFound);
        }

        await completion.CompleteAsync(db, study, "sender", ct);
        return TypedResults.Ok(new Response(
            study.StudyInstanceUid, study.Version, study.Status, study.CompletedAt, study.NoAiCode, study.NoAiReason));
    }
}
