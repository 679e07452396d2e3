using Microsoft.AspNetCore.Authorization;
using Platform.Api.Audit;
using Platform.Api.Security;

namespace Platform.Api.Studies;

/// <summary>Who may have the pixels of a study that is held, and what others hear.</summary>
internal sealed class HeldPixels(IHttpContextAccessor http, IAuthorizationService authorization, CurrentTenant tenant, AuditLog audit)
{
    public const string ProblemType = ProblemWriter.TypePrefix + "pixels-held";

    private const string Title = "Held until an administrator has looked";

    private const string Detail =
        "Images of this study may show who the patient is. Ask an administrator of the tenant to look at them and release them; "
        + "metadata and findings can be read meanwhile.";

    /// <summary>Null when the caller of this request may have them; a refusal is audited.</summary>
    public async Task<IResult?> RefuseAsync(CancellationToken ct)
    {
        var context = http.HttpContext!;
        if ((await authorization.AuthorizeAsync(context.User, Policy.LookAtHeldPixels)).Succeeded)
        {
            return null;
        }

        await audit.RecordDeniedAsync(tenant.Id, TenantEntry.NameOf(context.GetEndpoint()!), ct);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Problem(Detail, statusCode: StatusCodes.Status403Forbidden, title: Title, type: ProblemType);
    }
}
