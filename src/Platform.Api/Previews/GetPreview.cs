using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Api.Studies;
using Platform.Contracts;

namespace Platform.Api.Previews;

/// <summary>GET /t/{tenant}/studies/{uid}/series/{series}/preview: the images of a series in display order, and what of it can be shown.</summary>
internal static class GetPreview
{
    public enum State
    {
        Pending,
        Ready,
        Unavailable,
    }

    /// <param name="SeriesId">What changes of kind <c>preview</c> name.</param>
    /// <param name="Version">Given as <c>?v=</c> with a picture, its bytes may be kept for good; null where there is no preview.</param>
    /// <param name="Full">Of the full-size images, which are made when one is first asked for.</param>
    /// <param name="Strip">Null until it is ready.</param>
    public sealed record Response(
        Guid SeriesId,
        Guid? Version,
        State Status,
        PreviewStatus Full,
        string? ReasonCode,
        string? Reason,
        PreviewStrip? Strip,
        IReadOnlyList<PreviewImage> Images);

    public static void MapGetPreview(this IEndpointRouteBuilder preview) => preview
        .MapGet("", Handle)
        .RequireAuthorization(Policy.ReadStudies)
        .WithoutTenantTransaction()
        .WithName(nameof(GetPreview))
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        string uid, string series, Guid? v, PreviewTarget target, PreviewIndexes indexes, CancellationToken ct)
    {
        if (await target.FindAsync(uid, series, v, ct) is not { } found)
        {
            return PreviewsRoutes.NoSuchSeries();
        }

        if (found.Preview is not { } preview)
        {
            return TypedResults.Ok(Without(found));
        }

        var strip = preview.Strip == PreviewStatus.Ready ? await indexes.ReadAsync(preview, PreviewPart.Strip, ct) : null;
        var full = preview.Full == PreviewStatus.Ready ? await indexes.ReadAsync(preview, PreviewPart.Full, ct) : null;
        return TypedResults.Ok(new Response(
            found.SeriesId,
            preview.Id,
            preview.Strip switch
            {
                PreviewStatus.Ready => State.Ready,
                PreviewStatus.Unavailable => State.Unavailable,
                _ => State.Pending,
            },
            preview.Full,
            preview.ReasonCode,
            preview.Reason,
            strip?.Strip,
            full?.Images ?? strip?.Images ?? []));
    }

    private static Response Without(PreviewFound found)
    {
        var (status, code, reason) = found switch
        {
            { HasImages: false } => (State.Unavailable, "computed", "This series was computed here; it shows on the images it was computed from."),
            { Study: StudyStatus.Receiving } => (State.Pending, "receiving", "The study is still being received; previews are made when it is complete."),
            _ => (State.Unavailable, "no-instances", "No stored instance of this series is left to show; send it again."),
        };
        return new Response(found.SeriesId, null, status, PreviewStatus.Unasked, code, reason, null, []);
    }
}
