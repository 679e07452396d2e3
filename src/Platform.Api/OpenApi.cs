using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Platform.Api;

/// <summary>/openapi/v1.json: nested <c>Request</c> and <c>Response</c> types are named by their operation.</summary>
internal static class OpenApi
{
    public static IServiceCollection AddPlatformOpenApi(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.CreateSchemaReferenceId = NameOf;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Platform",
                Version = "v1",
                Description = "Medical imaging with AI: DICOMweb in, findings out. Errors are application/problem+json.",
            };
            // The address is the reader's; a fixed one would differ between two runs of the same build.
            document.Servers?.Clear();
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["token"] = new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.OAuth2,
                    Flows = new OpenApiOAuthFlows
                    {
                        ClientCredentials = new OpenApiOAuthFlow { TokenUrl = new Uri(Security.Tokens.Path, UriKind.Relative) },
                    },
                },
                ["session"] = new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Cookie, Name = "platform-session",
                },
            };
            return Task.CompletedTask;
        });
    });

    private static string? NameOf(JsonTypeInfo type)
    {
        var name = OpenApiOptions.CreateDefaultSchemaReferenceId(type);
        return name is null || type.Type.DeclaringType is not { } operation ? name : operation.Name + name;
    }
}
