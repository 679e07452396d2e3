using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Security;

namespace Platform.Api.AiModels;

/// <summary>GET /models: every uploaded package, the latest first, for platform operators.</summary>
internal static class ListPackages
{
    public sealed record Response(IReadOnlyList<Item> Packages);

    public sealed record Item(
        string Hash,
        string Name,
        string Version,
        PackageText Text,
        long Length,
        string? SignedBy,
        Guid? UploadedBy,
        DateTimeOffset UploadedAt,
        PackageStatus Status,
        Guid? DecidedBy,
        DateTimeOffset? DecidedAt);

    public static void MapListPackages(this IEndpointRouteBuilder models) => models
        .MapGet("", Handle)
        .RequireAuthorization(Policy.OperatePlatform)
        .WithName(nameof(ListPackages))
        .WithTags("AiModels");

    private static async Task<Ok<Response>> Handle(IdentityDb identities, CancellationToken ct)
    {
        var packages = await identities.ModelPackages.AsNoTracking().OrderByDescending(p => p.UploadedAt).ToListAsync(ct);
        return TypedResults.Ok(new Response(
            [.. packages.Select(p => new Item(
                p.Hash,
                p.Name,
                p.Version,
                PackageText.Parse(p.Manifest),
                p.Length,
                p.SignedBy,
                p.UploadedBy,
                p.UploadedAt,
                p.Status,
                p.DecidedBy,
                p.DecidedAt))]));
    }
}
