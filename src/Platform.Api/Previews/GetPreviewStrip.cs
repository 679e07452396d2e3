using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Contracts;
using Platform.Hosting.Blobs;

namespace Platform.Api.Previews;

/// <summary>GET …/preview/strip: the sprite of small tiles; 202 until a worker has made it.</summary>
internal static class GetPreviewStrip
{
    public static void MapGetPreviewStrip(this IEndpointRouteBuilder preview) =>
        PreviewsRoutes.DescribePicture(preview.MapGet("strip", Handle), nameof(GetPreviewStrip));

    private static async Task<IResult> Handle(
        string uid, string series, Guid? v, HttpContext http, CurrentTenant tenant, PreviewTarget target, BlobStore blobs, CancellationToken ct)
    {
        var (found, refused) = await target.FindPictureAsync(uid, series, v, ct);
        if (found is null)
        {
            return refused!;
        }

        return found.Preview switch
        {
            { Strip: PreviewStatus.Ready, Id: var id, StripAttemptId: { } attempt } => new ImmutableBlob(
                blobs,
                BlobNames.Preview(tenant.Id, id, attempt, BlobNames.PreviewStripFile),
                $"{attempt:N}",
                "image/jpeg",
                PreviewsRoutes.Unavailable("The strip is gone from the store."),
                isForGood: v == id),
            { Strip: PreviewStatus.Unavailable, Reason: { } reason } => PreviewsRoutes.Unavailable(reason),
            _ => PreviewsRoutes.NotYet(http),
        };
    }
}
