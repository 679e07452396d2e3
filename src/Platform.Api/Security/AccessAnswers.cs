using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using Platform.Api.Audit;

namespace Platform.Api.Security;

/// <summary>What a refused caller hears (401, 403), as problem+json; a member without the role is audited.</summary>
internal sealed class AccessAnswers(IProblemDetailsService problems, AuditLog audit) : IAuthorizationMiddlewareResultHandler
{
    public async Task HandleAsync(
        RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        // Routing's own answers (405, 415) are endpoints too, but nothing that could be refused.
        if (authorizeResult.Succeeded || context.GetEndpoint() is not RouteEndpoint endpoint)
        {
            await next(context);
            return;
        }

        if (authorizeResult.Challenged)
        {
            await ChallengeAsync(context);
            return;
        }

        var tenant = context.RequestServices.GetRequiredService<CurrentTenant>();
        if (tenant.IsEntered)
        {
            await audit.RecordDeniedAsync(tenant.Id, TenantEntry.NameOf(endpoint), context.RequestAborted);
        }

        await AnswerAsync(context, StatusCodes.Status403Forbidden, "Your role does not allow this; ask the tenant's administrator for it.");
    }

    private Task ChallengeAsync(HttpContext context)
    {
        var hasToken = context.Request.Headers.ContainsKey(HeaderNames.Authorization);
        context.Response.Headers.WWWAuthenticate = hasToken ? "Bearer error=\"invalid_token\"" : "Bearer";
        return AnswerAsync(
            context,
            StatusCodes.Status401Unauthorized,
            hasToken
                ? "The access token is wrong or has expired: ask /connect/token for a new one."
                : "Sign in at /session, or send an access token from /connect/token as Authorization: Bearer.");
    }

    private async Task AnswerAsync(HttpContext context, int status, string detail)
    {
        context.Response.StatusCode = status;
        await problems.WriteAsync(new ProblemDetailsContext
        {
            HttpContext = context,
            ProblemDetails = new ProblemDetails { Status = status, Detail = detail },
        });
    }
}
