using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Api.Tenants;

namespace Platform.Api.Dicomweb;

/// <summary>
/// POST /t/{tenant}/dicomweb/studies and /studies/{study}: stores instances (STOW-RS, PS3.18 §10.5).
/// <list type="number">
/// <item>Refuse what can't be taken before a byte is read: media types, a declared length over the budget.</item>
/// <item>Each part, as it streams in: header, de-identification, staged blob, hashes (<see cref="StowIngest"/>).</item>
/// <item>Beside that, batches of staged instances are committed (<see cref="StowBatches"/>, <see cref="StowCommit"/>).</item>
/// <item>Only then the answer, an entry for each part.</item>
/// </list>
/// </summary>
internal sealed partial class Stow(
    CurrentTenant tenant,
    TenantScope scopes,
    TenantKeys keys,
    StowIngest ingest,
    StowCommit commit,
    IOptions<DicomwebOptions> options,
    TimeProvider clock,
    ILogger<Stow> logger)
{
    private const int MaxPartHeaderBytes = 32 << 10;
    private const int MultipartBufferBytes = 64 << 10;
    private const string RetrySeconds = "10";

    // A dead line shows when its last bytes are read; aborting at once would lose instances that have come whole and wait in buffers.
    private static readonly CancellationToken NotRequestAborted = CancellationToken.None;

    private enum Ending
    {
        /// <summary>The closing boundary was read.</summary>
        Whole,

        /// <summary>The body ended, or the line broke, before the closing boundary.</summary>
        Cut,

        /// <summary>Not multipart as RFC 2046 has it.</summary>
        Malformed,

        /// <summary>More parts than the budget.</summary>
        TooManyParts,

        /// <summary>More bytes than the budget.</summary>
        TooLong,
    }

    public static void MapStow(IEndpointRouteBuilder dicomweb)
    {
        Describe(dicomweb.MapPost("studies", (HttpContext http, Stow stow) => stow.HandleAsync(http, null)), "StoreInstances");
        Describe(
            dicomweb.MapPost("studies/{study}", (HttpContext http, string study, Stow stow) => stow.HandleAsync(http, study)),
            "StoreInstancesOfStudy");
    }

    private static void Describe(RouteHandlerBuilder endpoint, string name) => endpoint
        .RequireAuthorization(Policy.StoreStudies)
        .WithoutTenantTransaction()
        .WithName(name)
        .Accepts<Stream>(MediaRange.MultipartRelated, MediaRange.Dicom)
        .Produces(StatusCodes.Status200OK, contentType: MediaRange.DicomJson)
        .Produces(StatusCodes.Status202Accepted, contentType: MediaRange.DicomJson)
        .Produces(StatusCodes.Status409Conflict, contentType: MediaRange.DicomJson)
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status406NotAcceptable)
        .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
        .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
        .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
        .ProducesProblem(StatusCodes.Status507InsufficientStorage);

    private async Task<IResult> HandleAsync(HttpContext http, string? study)
    {
        // :: Step 1
        if (study is not null && !UidPath.IsWellFormed(study))
        {
            return UidPath.NotFound("study");
        }

        if (Refuse(http.Request, out var boundary) is { } refused)
        {
            return refused;
        }

        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bodySize)
        {
            bodySize.MaxRequestBodySize = options.Value.MaxRequestBytes;
        }

        var refusals = new List<(int Part, StoreOutcome Outcome)>();
        try
        {
            // :: Steps 2 and 3
            var rules = await RulesAsync(AuditAgent.Of(http));
            await using var batches = new StowBatches(commit, options.Value, clock, rules);
            var ending = await ReadAsync(http, boundary, study, rules, batches, refusals);

            // :: Step 4. Also when the line broke: what came whole is kept, and when it comes again it is recognised.
            return Answer(http, await batches.EndAsync(), refusals, ending);
        }
        catch (Exception e) when (StoreTrouble.IsFull(e))
        {
            LogTrouble(logger, e);
            http.Response.Headers.RetryAfter = RetrySeconds;
            return TypedResults.Problem(
                "The store is full. What was answered for before is safe; send the study again when there is room.",
                statusCode: StatusCodes.Status507InsufficientStorage);
        }
        catch (Exception e) when (StoreTrouble.IsAway(e))
        {
            LogTrouble(logger, e);
            http.Response.Headers.RetryAfter = RetrySeconds;
            return TypedResults.Problem(
                "Database or blob store can't be reached. What was answered for before is safe; send the study again.",
                statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    /// <summary>What can't be taken, by its headers. The boundary is null for a body that is one instance.</summary>
    private IResult? Refuse(HttpRequest request, out string? boundary)
    {
        boundary = null;
        if (MediaRange.JsonFor(request) is null)
        {
            return MediaRange.OnlyJson();
        }

        _ = MediaTypeHeaderValue.TryParse(request.ContentType, out var type);
        var isOne = type?.MediaType.Equals(MediaRange.Dicom, StringComparison.OrdinalIgnoreCase) == true;
        if (type is null || !(isOne || IsMultipartOfDicom(type)))
        {
            return TypedResults.Problem(
                "Send multipart/related; type=\"application/dicom\", or one instance as application/dicom.",
                statusCode: StatusCodes.Status415UnsupportedMediaType);
        }

        if (!isOne)
        {
            boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
            if (boundary.Length is 0 or > 70)
            {
                return TypedResults.Problem(
                    "multipart/related needs a boundary of 1 to 70 characters (RFC 2046).",
                    statusCode: StatusCodes.Status400BadRequest);
            }
        }

        return request.ContentLength > options.Value.MaxRequestBytes ? TooLong(0) : null;
    }

    private static bool IsMultipartOfDicom(MediaTypeHeaderValue type)
    {
        if (!type.MediaType.Equals(MediaRange.MultipartRelated, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var inner = type.Parameters.FirstOrDefault(p => p.Name.Equals("type", StringComparison.OrdinalIgnoreCase))?.Value;
        return inner is null
            || HeaderUtilities.RemoveQuotes(inner.Value).Equals(MediaRange.Dicom, StringComparison.OrdinalIgnoreCase);
    }

    private async Task<StowRules> RulesAsync(AuditAgent agent)
    {
        var rows = await scopes.QueryAsync(
            tenant.Id,
            "select deidentification, quiet_period from tenants where tenant_id = @tenant",
            () => [],
            reader => (Policy: Enum.Parse<DeidentificationPolicy>(reader.GetString(0)), QuietPeriod: reader.GetTimeSpan(1)),
            NotRequestAborted);
        var (policy, quietPeriod) = rows.Single();
        return new StowRules(tenant.Id, agent, policy, quietPeriod, await keys.ForAsync(tenant.Id, NotRequestAborted));
    }

    private async Task<Ending> ReadAsync(
        HttpContext http,
        string? boundary,
        string? study,
        StowRules rules,
        StowBatches batches,
        List<(int Part, StoreOutcome Outcome)> refusals)
    {
        if (boundary is null)
        {
            return await TakeAsync(http.Request.Body, 0);
        }

        var reader = new MultipartReader(boundary, http.Request.Body, MultipartBufferBytes)
        {
            HeadersLengthLimit = MaxPartHeaderBytes,
        };
        for (var part = 0; ; part++)
        {
            MultipartSection? section;
            try
            {
                section = await reader.ReadNextSectionAsync(NotRequestAborted);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or InvalidDataException)
            {
                return EndingOf(e);
            }

            if (section is null)
            {
                return Ending.Whole;
            }

            if (part == options.Value.MaxParts)
            {
                return Ending.TooManyParts;
            }

            if (!IsDicom(section.ContentType))
            {
                refusals.Add((
                    part, StoreOutcome.Refused(StoreReason.CannotUnderstand, "Its Content-Type is not application/dicom.")));
                continue;
            }

            if (await TakeAsync(section.Body, part) is var ending and not Ending.Whole)
            {
                return ending;
            }
        }

        async Task<Ending> TakeAsync(Stream body, int part)
        {
            var (staged, refused, broken) = await ingest.StageAsync(rules, part, body, study, NotRequestAborted);
            if (staged is not null)
            {
                await batches.AddAsync(staged, NotRequestAborted);
            }
            else
            {
                refusals.Add((part, refused!));
            }

            return broken is null ? Ending.Whole : EndingOf(broken);
        }
    }

    private static Ending EndingOf(Exception e) => e switch
    {
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => Ending.TooLong,
        InvalidDataException => Ending.Malformed,
        _ => Ending.Cut,
    };

    private static bool IsDicom(string? contentType) =>
        string.IsNullOrEmpty(contentType)
        || (MediaTypeHeaderValue.TryParse(contentType, out var type)
            && type.MediaType.Equals(MediaRange.Dicom, StringComparison.OrdinalIgnoreCase));

    private IResult Answer(
        HttpContext http,
        SortedDictionary<int, StoreOutcome> outcomes,
        List<(int Part, StoreOutcome Outcome)> refusals,
        Ending ending)
    {
        var stored = outcomes.Values.Count(outcome => outcome.Failure is null);
        foreach (var (part, outcome) in refusals)
        {
            outcomes[part] = outcome;
        }

        LogStored(logger, stored, outcomes.Count - stored, ending);
        if (ending is Ending.TooLong)
        {
            return TooLong(stored);
        }

        if (ending is Ending.TooManyParts)
        {
            return TypedResults.Problem(
                $"More parts than the budget MaxParts ({options.Value.MaxParts}). {Kept(stored)}",
                statusCode: StatusCodes.Status413PayloadTooLarge);
        }

        if (outcomes.Count == 0 || (stored == 0 && ending != Ending.Whole))
        {
            return TypedResults.Problem(
                ending == Ending.Whole
                    ? "The body has no part."
                    : "The body is not multipart or ends before its closing boundary.",
                statusCode: StatusCodes.Status400BadRequest);
        }

        var list = outcomes.Values.ToList();
        var dicomweb = DicomwebUrl.Of(http, tenant);
        return new DicomJsonResult(StowAnswer.Status(list), json => StowAnswer.Write(json, list, dicomweb, clock.GetUtcNow()));
    }

    private ProblemHttpResult TooLong(int stored) => TypedResults.Problem(
        $"More bytes than the budget MaxRequestBytes ({options.Value.MaxRequestBytes}). {Kept(stored)}",
        statusCode: StatusCodes.Status413PayloadTooLarge);

    private static string Kept(int stored) =>
        $"{stored} instances are stored; send the study in smaller requests, what is stored is recognised.";

    [LoggerMessage(LogLevel.Information, "STOW: {Stored} instances stored, {Refused} refused, body {Ending}")]
    private static partial void LogStored(ILogger logger, int stored, int refused, Ending ending);

    [LoggerMessage(LogLevel.Error, "STOW stopped: the store did not take it")]
    private static partial void LogTrouble(ILogger logger, Exception e);
}
