using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Inference.Packages;

namespace Platform.Api.AiModels;

/// <summary>POST /models: a platform operator uploads a model package; it is checked before it is kept.</summary>
internal static partial class UploadPackage
{
    private const long MaxBytes = 1L << 30;
    private const string Action = "package.upload";
    private const string Kind = "package";

    public sealed record Response(string Hash, string Name, string Version, string? SignedBy, PackageStatus Status);

    public static void MapUploadPackage(this IEndpointRouteBuilder models) => models
        .MapPost("", Handle)
        .RequireAuthorization(Policy.OperatePlatform)
        .WithMetadata(new RequestSizeLimitAttribute(MaxBytes))
        .WithName(nameof(UploadPackage))
        .WithTags("AiModels")
        .WithDescription("The zip is the body. Package-Signature holds its detached signature, base64. A refusal has a code that docs/model-packages.md explains.")
        .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
        .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    private static async Task<Results<Created<Response>, Ok<Response>, ProblemHttpResult>> Handle(
        Stream zip,
        [FromHeader(Name = "Package-Signature")] string? signature,
        PackageAdmission admission,
        CurrentUser user,
        IdentityDb identities,
        AuditLog audit,
        TimeProvider clock,
        ILogger<UploadedPackage> logger,
        CancellationToken ct)
    {
        UploadedPackage? uploaded = null;
        try
        {
            var (package, length, signedBy) = await admission.AdmitAsync(zip, Decoded(signature), ct);
            uploaded = new UploadedPackage
            {
                Hash = package.Hash,
                Name = package.Manifest.Name,
                Version = package.Manifest.Version,
                Manifest = package.ManifestText,
                Length = length,
                SignedBy = signedBy,
                UploadedBy = user.Id,
                UploadedAt = clock.GetUtcNow(),
            };
            identities.Add(uploaded);
            audit.RecordPlatform(identities, Action, Kind, uploaded.Hash);
            await identities.SaveChangesAsync(ct);
            LogUploaded(logger, uploaded.Hash, uploaded.Name, uploaded.Version, uploaded.UploadedBy, signedBy);
            return TypedResults.Created($"/models/{uploaded.Hash}", Of(uploaded));
        }
        catch (PackageRefusedException e)
        {
            audit.RecordPlatform(identities, Action, Kind, "refused", AuditOutcome.Failed, e.Code);
            await identities.SaveChangesAsync(ct);
            LogRefused(logger, e.Code, user.Id);
            return TypedResults.Problem(
                e.Message,
                statusCode: StatusCodes.Status422UnprocessableEntity,
                extensions: new Dictionary<string, object?> { ["code"] = e.Code });
        }
        catch (DbUpdateException e) when (e.IsUniqueViolation)
        {
            // The same bytes again: what is known of them stays as it is.
            identities.ChangeTracker.Clear();
            audit.RecordPlatform(identities, Action, Kind, uploaded!.Hash, AuditOutcome.Success, "known already");
            await identities.SaveChangesAsync(ct);
            return TypedResults.Ok(Of(await identities.ModelPackages.AsNoTracking().SingleAsync(p => p.Hash == uploaded.Hash, ct)));
        }
    }

    private static byte[]? Decoded(string? signature)
    {
        if (signature is null)
        {
            return null;
        }

        var bytes = new byte[signature.Length];
        return Convert.TryFromBase64String(signature, bytes, out var length) ? bytes[..length] : [];
    }

    private static Response Of(UploadedPackage package) => new(package.Hash, package.Name, package.Version, package.SignedBy, package.Status);

    [LoggerMessage(LogLevel.Information, "Model package {Hash} ({Name} {Version}) uploaded by {Person}, signed by {Key}")]
    private static partial void LogUploaded(ILogger logger, string hash, string name, string version, Guid? person, string? key);

    [LoggerMessage(LogLevel.Warning, "A model package of {Person} was refused: {Code}")]
    private static partial void LogRefused(ILogger logger, string code, Guid? person);
}
