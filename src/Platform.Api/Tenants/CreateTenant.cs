using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Api.Security;

namespace Platform.Api.Tenants;

/// <summary>POST /tenants: a platform operator makes a tenant with its first administrator.</summary>
internal static class CreateTenant
{
    public sealed record Request(
        [property: Required, RegularExpression("^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")] string Slug,
        [property: Required, StringLength(200)] string Name,
        DeidentificationPolicy Deidentification,
        [property: Required, EmailAddress, StringLength(256)] string AdministratorEmail,
        [property: Required, StringLength(256, MinimumLength = 12)] string AdministratorPassword);

    public sealed record Response(Guid Id, string Slug);

    public static void MapCreateTenant(this IEndpointRouteBuilder app) => app
        .MapPost("/tenants", Handle)
        .RequireAuthorization(Policy.OperatePlatform)
        .WithName(nameof(CreateTenant))
        .WithTags("Tenants")
        .ProducesValidationProblem()
        .ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<Results<Created<Response>, ProblemHttpResult>> Handle(
        Request request, TenantSetup setup, CancellationToken ct)
    {
        if (await setup.TryCreateTenantAsync(request.Slug, request.Name, request.Deidentification, ct) is not { } id)
        {
            return TypedResults.Problem("This slug is taken: choose another.", statusCode: StatusCodes.Status409Conflict);
        }

        var (_, errors) = await setup.AddPersonAsync(
            id, request.AdministratorEmail, "Administrator", request.AdministratorPassword, Role.TenantAdministrator, ct);
        return errors.Count == 0
            ? TypedResults.Created($"/t/{request.Slug}", new Response(id, request.Slug))
            : TypedResults.Problem(
                $"The tenant was made, its administrator was not: {string.Join(' ', errors.Select(e => e.Description))}",
                statusCode: StatusCodes.Status409Conflict);
    }
}
