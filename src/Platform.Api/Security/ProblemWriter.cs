using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Platform.Api.Security;

/// <summary>
/// Every error is problem+json, whatever the caller accepts. All 404s are one sentence, so that an id of another tenant, an absent
/// one and a malformed one can't be told apart.
/// </summary>
internal sealed class ProblemWriter : IProblemDetailsWriter
{
    /// <summary>Of problems with a type, and a title, of their own: what a program may tell apart.</summary>
    public const string TypePrefix = "urn:platform:problem:";

    private const string NotFound = "There is nothing at this address that you may see.";

    public bool CanWrite(ProblemDetailsContext context) => true;

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        var status = problem.Status ?? context.HttpContext.Response.StatusCode;
        problem.Status = status;
        var isNamed = problem is HttpValidationProblemDetails || problem.Type?.StartsWith(TypePrefix, StringComparison.Ordinal) == true;
        problem.Title = isNamed && problem.Title is not null ? problem.Title : ReasonPhrases.GetReasonPhrase(status);
        problem.Type ??= "about:blank";
        problem.Detail = status == StatusCodes.Status404NotFound ? NotFound : problem.Detail ?? DetailOf(status);
        problem.Extensions["traceId"] = Activity.Current?.Id ?? context.HttpContext.TraceIdentifier;

        var response = context.HttpContext.Response;
        response.StatusCode = status;
        if (HttpMethods.IsHead(context.HttpContext.Request.Method))
        {
            return;
        }

        // Not RequestAborted: writing to a caller who is gone does nothing, and throwing here would be logged as an error.
        await response.WriteAsJsonAsync(
            problem, problem.GetType(), JsonSerializerOptions.Web, "application/problem+json", CancellationToken.None);
    }

    private static string? DetailOf(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "The request can't be read: compare its path, query, headers and body with /openapi/v1.json.",
        StatusCodes.Status401Unauthorized => "Sign in at /session, or send an access token from /connect/token as Authorization: Bearer.",
        StatusCodes.Status403Forbidden => "This is not allowed.",
        StatusCodes.Status405MethodNotAllowed => "This address does not take that method; the Allow header names those it takes.",
        StatusCodes.Status413PayloadTooLarge => "The body is over the limit of this address: send it in smaller parts.",
        StatusCodes.Status415UnsupportedMediaType => "This address does not take that Content-Type: see /openapi/v1.json.",
        StatusCodes.Status503ServiceUnavailable => "Something the platform needs does not answer. Nothing was lost: try again in a moment.",
        >= StatusCodes.Status500InternalServerError => "The platform failed at this. Try again; if it stays, report the traceId.",
        _ => null,
    };
}
