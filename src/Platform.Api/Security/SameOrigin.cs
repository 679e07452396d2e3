using Microsoft.Net.Http.Headers;

namespace Platform.Api.Security;

/// <summary>
/// Beside the SameSite=Strict cookie: a browser that says a changing request comes from another site or sub-domain is refused,
/// also for signing in, unless the request carries a token of its own.
/// </summary>
internal sealed class SameOrigin(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext http)
    {
        var site = http.Request.Headers["Sec-Fetch-Site"].ToString();
        var isSafe = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)
            || HttpMethods.IsOptions(http.Request.Method);
        if (isSafe || site is "" or "same-origin" or "none" || http.Request.Headers.ContainsKey(HeaderNames.Authorization))
        {
            return next(http);
        }

        http.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Task.CompletedTask;
    }
}
