using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Dicomweb;
using Platform.Api.Events;
using Platform.Api.Security;

namespace Platform.Api.Studies;

/// <summary>
/// POST /t/{tenant}/studies/{uid}/release-pixels: an administrator has looked at the held images, and nothing in them says who the
/// patient is; twice changes nothing.
/// </summary>
internal static class ReleasePixels
{
    public const string Action = "study.release-pixels";

    public sealed record Request(
        [property: Range(0, int.MaxValue)]
        [property: Description("How many images the study said were to be looked at: one that came since is not released unseen.")]
        int Images);

    public sealed record Response(string StudyInstanceUid, GetStudy.PixelsItem? Pixels);

    public static void MapReleasePixels(this IEndpointRouteBuilder studies) => studies
        .MapPost("{uid}/release-pixels", Handle)
        .RequireAuthorization(Policy.LookAtHeldPixels)
        .WithName(nameof(ReleasePixels))
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        string uid,
        Request request,
        CurrentTenant tenant,
        CurrentUser user,
        PlatformDb db,
        TenantKeys keys,
        AuditLog audit,
        TimeProvider clock,
        CancellationToken ct)
    {
        var forms = UidPath.FormsOf(uid, await keys.ForAsync(tenant.Id, ct));
        var id = await db.Studies.Where(s => forms.Contains(s.StudyInstanceUid))
            .Select(s => (Guid?)s.Id).SingleOrDefaultAsync(ct);
        if (id is null || await StudyCompletion.LockAsync(db, id.Value, ct) is not { } study)
        {
            return TypedResults.Problem("No such study.", statusCode: StatusCodes.Status404NotFound);
        }

        if (study.ArePixelsHeld)
        {
            var unseen = await PixelHold.Unseen(db, study.Id).CountAsync(ct);
            if (unseen != request.Images)
            {
                return TypedResults.Problem(
                    $"{unseen} images are to be looked at, not {request.Images}: look at those that came since, then release.",
                    statusCode: StatusCodes.Status409Conflict);
            }

            var now = clock.GetUtcNow();
            await PixelHold.Unseen(db, study.Id).ExecuteUpdateAsync(set => set.SetProperty(i => i.PixelsReleasedAt, now), ct);
            (study.PixelsReleasedAt, study.PixelsReleasedBy) = (now, user.Id);
            audit.Record(db, Action, "study", study.Id.ToString(), detail: $"{unseen} images");
            await db.SaveChangesAsync(ct);
            await Changes.PublishAsync(db, "study", study.Id, "released", ct);
        }

        return TypedResults.Ok(new Response(study.StudyInstanceUid, await GetStudy.ReadPixelsAsync(db, study, ct)));
    }
}
