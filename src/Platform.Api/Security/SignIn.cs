using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Platform.Api.Audit;

namespace Platform.Api.Security;

/// <summary>POST /session: signs a person in with a same-origin cookie (EventSource sends no bearer token).</summary>
internal static class SignIn
{
    // Checked where there is no such person, so that both answers take as long.
    private static readonly string AbsentPassword = new PasswordHasher<Person>().HashPassword(new Person(), "absent");

    public sealed record Request(
        [property: Required, EmailAddress, StringLength(256)] string Email,
        [property: Required, StringLength(256)] string Password);

    public static void MapSignIn(this IEndpointRouteBuilder app) => app
        .MapPost("/session", Handle)
        .AllowAnonymous()
        .WithName(nameof(SignIn))
        .WithTags("Session")
        .ProducesValidationProblem()
        .ProducesProblem(StatusCodes.Status401Unauthorized);

    private static async Task<Results<Ok<GetSession.Response>, ProblemHttpResult>> Handle(
        Request request, HttpContext http, UserManager<Person> people, IdentityDb identities, TimeProvider clock, CancellationToken ct)
    {
        var person = await people.FindByEmailAsync(request.Email);
        if (person is null)
        {
            new PasswordHasher<Person>().VerifyHashedPassword(new Person(), AbsentPassword, request.Password);
            return Refused();
        }

        var isRight = await people.CheckPasswordAsync(person, request.Password);
        if (await people.IsLockedOutAsync(person))
        {
            return Refused();
        }

        if (!isRight)
        {
            await people.AccessFailedAsync(person);
            return Refused();
        }

        await people.ResetAccessFailedCountAsync(person);
        var principal = IdentityClaims.Of(
            IdentityConstants.ApplicationScheme, person.Id, person.DisplayName, AgentKind.Person, person.SecurityStamp);
        await http.SignInAsync(IdentityConstants.ApplicationScheme, principal);
        return TypedResults.Ok(
            await GetSession.DescribeAsync(person.Id, person.DisplayName, AgentKind.Person, identities, clock, ct));
    }

    /// <summary>One answer for an unknown person, a wrong password and a locked account.</summary>
    private static ProblemHttpResult Refused() => TypedResults.Problem(
        "E-mail or password is wrong, or the account is locked for a few minutes after too many tries.",
        statusCode: StatusCodes.Status401Unauthorized);
}
