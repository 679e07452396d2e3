using Platform.Api.Audit;

namespace Platform.Api.Security;

/// <summary>
/// Between authentication and authorization: looks up the membership for the tenant in the URL. A tenant of others and one that
/// is not there answer the same 404; only the tenant's audit knows the difference.
/// </summary>
internal sealed class TenantEntry(RequestDelegate next)
{
    public async Task InvokeAsync(
        HttpContext http, CurrentTenant tenant, CurrentUser user, TenantDirectory directory, AuditLog audit)
    {
        if (user.Id is not { } id || http.GetEndpoint() is not RouteEndpoint endpoint
            || http.Request.RouteValues["tenant"] is not string slug)
        {
            await next(http);
            return;
        }

        // Not RequestAborted: a dead line shows when its last bytes have come, and a store still takes those that came whole.
        var entry = await directory.FindAsync(slug, id, CancellationToken.None);
        if (entry is null or { Roles.Count: 0 })
        {
            if (entry is not null)
            {
                await audit.RecordDeniedAsync(entry.TenantId, NameOf(endpoint), http.RequestAborted);
            }

            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        tenant.Enter(entry.TenantId, slug, entry.Roles);
        await next(http);
    }

    internal static string NameOf(Endpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? "unnamed";
}
