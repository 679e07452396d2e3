using System.Globalization;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Contracts;
using Platform.Hosting.Blobs;

namespace Platform.Api.Previews;

/// <summary>
/// GET …/preview/images/{index}: one image in full size with its window applied. The first one asked for rings a worker, which makes
/// all of the series; until then 202.
/// </summary>
internal static class GetPreviewImage
{
    public static void MapGetPreviewImage(this IEndpointRouteBuilder preview) =>
        PreviewsRoutes.DescribePicture(preview.MapGet("images/{index}", Handle), nameof(GetPreviewImage));

    private static async Task<IResult> Handle(
        string uid,
        string series,
        string index,
        Guid? v,
        HttpContext http,
        CurrentTenant tenant,
        PreviewTarget target,
        PreviewIndexes indexes,
        BlobStore blobs,
        CancellationToken ct)
    {
        var (found, refused) = await target.FindPictureAsync(uid, series, v, ct);
        if (found is null)
        {
            return refused!;
        }

        if (!int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var i))
        {
            return PreviewsRoutes.Unavailable("No such image.");
        }

        switch (found.Preview)
        {
            case { Full: PreviewStatus.Ready, FullAttemptId: { } attempt } preview:
                return await indexes.ReadAsync(preview, PreviewPart.Full, ct) is { Pack: { } pack } full
                    ? Picture(preview, full, pack, attempt)
                    : PreviewsRoutes.Unavailable("The images are gone from the store.");

            case { Full: PreviewStatus.Unavailable, Reason: { } reason }:
                return PreviewsRoutes.Unavailable(reason);

            case { Strip: PreviewStatus.Ready } preview
                when await indexes.ReadAsync(preview, PreviewPart.Strip, ct) is { } strip && i >= strip.Images.Count:
                return PreviewsRoutes.Unavailable("No such image.");

            case { Full: PreviewStatus.Unasked } preview:
                await target.AskForFullAsync(preview.Id, ct);
                return PreviewsRoutes.NotYet(http);

            default:
                return PreviewsRoutes.NotYet(http);
        }

        IResult Picture(Preview preview, PreviewIndex full, PreviewPack pack, Guid attempt) => i >= full.Images.Count || pack.Lengths[i] == 0
            ? PreviewsRoutes.Unavailable(i < full.Images.Count ? full.Images[i].Reason ?? "No such image." : "No such image.")
            : new ImmutableBlob(
                blobs,
                BlobNames.Preview(tenant.Id, preview.Id, attempt, BlobNames.PreviewPackFile),
                string.Create(CultureInfo.InvariantCulture, $"{attempt:N}-{i}"),
                "image/jpeg",
                PreviewsRoutes.Unavailable("The images are gone from the store."),
                pack.Offsets[i],
                pack.Lengths[i],
                isForGood: v == preview.Id);
    }
}
