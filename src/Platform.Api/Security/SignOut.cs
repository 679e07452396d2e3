using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;

namespace Platform.Api.Security;

/// <summary>DELETE /session: forgets the cookie; twice is as good as once.</summary>
internal static class SignOut
{
    public static void MapSignOut(this IEndpointRouteBuilder app) => app
        .MapDelete("/session", (Delegate)Handle)
        .AllowAnonymous()
        .WithName(nameof(SignOut))
        .WithTags("Session");

    private static async Task<NoContent> Handle(HttpContext http)
    {
        await http.SignOutAsync(IdentityConstants.ApplicationScheme);
        return TypedResults.NoContent();
    }
}
