namespace Platform.Api.Security;

/// <summary>Section <c>Identity</c>.</summary>
internal sealed class IdentityOptions
{
    public const string Section = "Identity";

    /// <summary>Tokens and cookies over plain HTTP: for one machine on its loopback address, or behind a proxy that ends TLS.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>The address that tokens name as their issuer; the request's own when null.</summary>
    public Uri? Issuer { get; set; }
}
