using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Api.Tenants;

namespace Platform.Api.People;

/// <summary>POST /t/{tenant}/people: makes a person who is a member of the tenant, with a first password.</summary>
internal static class AddPerson
{
    public sealed record Request(
        [property: Required, EmailAddress, StringLength(256)] string Email,
        [property: Required, StringLength(200)] string DisplayName,
        [property: Required, StringLength(256, MinimumLength = 12)] string Password,
        Role Role);

    public sealed record Response(Guid Id);

    // A gateway is a client with a secret, not a person with a password.
    private static readonly Role[] RolesOfPeople = [.. Enum.GetValues<Role>().Where(r => r != Role.Gateway)];

    public static void MapAddPerson(this IEndpointRouteBuilder tenant) => tenant
        .MapPost("people", Handle)
        .RequireAuthorization(Policy.ManageTenant)
        .WithoutTenantTransaction()
        .WithName(nameof(AddPerson))
        .WithTags("People")
        .ProducesValidationProblem()
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<Results<Created<Response>, ProblemHttpResult>> Handle(
        Request request, CurrentTenant tenant, TenantSetup setup, TenantScope scopes, AuditLog audit, CancellationToken ct)
    {
        if (!RolesOfPeople.Contains(request.Role))
        {
            return TypedResults.Problem("A person can't have the role Gateway.", statusCode: StatusCodes.Status400BadRequest);
        }

        var (id, errors) = await setup.AddPersonAsync(tenant.Id, request.Email, request.DisplayName, request.Password, request.Role, ct);
        var outcome = errors.Count == 0 ? AuditOutcome.Success : AuditOutcome.Failed;
        await scopes.RunAsync(
            tenant.Id,
            (db, token) =>
            {
                audit.Record(db, "person.add", "person", id.ToString(), outcome, request.Role.ToString());
                return db.SaveChangesAsync(token);
            },
            ct);
        return errors.Count == 0
            ? TypedResults.Created((string?)null, new Response(id))
            : TypedResults.Problem(
                string.Join(' ', errors.Select(e => e.Description)), statusCode: StatusCodes.Status409Conflict);
    }
}
