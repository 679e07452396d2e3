using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Platform.Api.Portal;

/// <summary>GET /portal/…: the built portal. Every address that is no file is one of its pages.</summary>
internal static class ServePortal
{
    private const string Home = "/portal/";

    // No inline script or style and nothing from elsewhere; pictures also from what a page has fetched or drawn itself.
    private const string ContentSecurityPolicy =
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    public static IServiceCollection AddPortal(this IServiceCollection services)
    {
        services.AddOptions<PortalOptions>().BindConfiguration(PortalOptions.Section);
        return services.AddSingleton<PortalFiles>();
    }

    public static void MapPortal(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/", Reading, () => TypedResults.Redirect(Home)).AllowAnonymous().ExcludeFromDescription();
        app.MapMethods(Home + "{**path}", Reading, Handle).AllowAnonymous().ExcludeFromDescription();
    }

    private static Results<FileContentHttpResult, RedirectHttpResult, JsonHttpResult<ProblemDetails>> Handle(
        string? path, PortalFiles files, HttpContext http)
    {
        if (path is null && !http.Request.Path.Value!.EndsWith('/'))
        {
            return TypedResults.Redirect(Home);
        }

        if (files.Find(path ?? "") is not { } file)
        {
            return Absent();
        }

        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
        headers.CacheControl = file.IsImmutable ? "public, max-age=31536000, immutable" : "no-cache";
        headers.Vary = "Accept-Encoding";

        var body = file.For(http.Request.GetTypedHeaders().AcceptEncoding);
        if (body.Encoding is not null)
        {
            headers.ContentEncoding = body.Encoding;
        }

        return TypedResults.Bytes(body.Bytes, file.ContentType, entityTag: body.Tag);
    }

    /// <summary>Not the one sentence of all other 404s: this says nothing of any tenant, and who installs the platform should know.</summary>
    private static JsonHttpResult<ProblemDetails> Absent() => TypedResults.Json(
        new ProblemDetails
        {
            Type = "about:blank",
            Status = StatusCodes.Status404NotFound,
            Title = ReasonPhrases.GetReasonPhrase(StatusCodes.Status404NotFound),
            Detail = "The portal was not built into this installation, or not this file of it; infra/run and the Dockerfile build it. "
                + "The API works without.",
        },
        contentType: "application/problem+json",
        statusCode: StatusCodes.Status404NotFound);
}
