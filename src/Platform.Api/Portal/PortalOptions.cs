namespace Platform.Api.Portal;

/// <summary>Section <c>Portal</c>.</summary>
internal sealed class PortalOptions
{
    public const string Section = "Portal";

    /// <summary>The folder of the built portal; a relative one is beside the program. Where it is absent, the API works without.</summary>
    public string Path { get; set; } = "portal";
}
