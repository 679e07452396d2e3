namespace Platform.Inference.Packages;

/// <summary>A model package that must not be loaded.</summary>
/// <param name="code">Machine-readable reason in kebab case, e.g. <c>external-data</c>.</param>
/// <param name="message">One sentence that says what is wrong with the package.</param>
public sealed class PackageRefusedException(string code, string message) : Exception(message)
{
    /// <summary>Machine-readable reason in kebab case.</summary>
    public string Code { get; } = code;
}
