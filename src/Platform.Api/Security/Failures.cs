using System.Data.Common;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Platform.Api.Security;

/// <summary>Which status an unhandled exception deserves.</summary>
internal static class Failures
{
    /// <summary>The caller left: nobody reads the answer, and it must not count as our error.</summary>
    private const int ClientClosedRequest = 499;

    public static void Configure(ExceptionHandlerOptions options) => options.StatusCodeSelector = StatusOf;

    private static int StatusOf(Exception e) => e switch
    {
        BadHttpRequestException bad => bad.StatusCode,
        RetryLimitExceededException => StatusCodes.Status503ServiceUnavailable,
        // 53: out of resources (disk full, too many connections); 57P: the server is stopping or starting.
        PostgresException { SqlState: var state } => state.StartsWith("53", StringComparison.Ordinal) || state.StartsWith("57P", StringComparison.Ordinal)
            ? StatusCodes.Status503ServiceUnavailable
            : StatusCodes.Status500InternalServerError,
        NpgsqlException => StatusCodes.Status503ServiceUnavailable,
        DbException => StatusCodes.Status503ServiceUnavailable,
        OperationCanceledException => ClientClosedRequest,
        { InnerException: { } inner } => StatusOf(inner),
        _ => StatusCodes.Status500InternalServerError,
    };
}
