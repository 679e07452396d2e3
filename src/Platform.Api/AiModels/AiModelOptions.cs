namespace Platform.Api.AiModels;

/// <summary>Section <c>AiModels</c>: the packages that this installation brings along.</summary>
internal sealed class AiModelOptions
{
    public const string Section = "AiModels";

    /// <summary>Each a package (zip or folder) or a folder of packages; relative ones start at the host's own folder.</summary>
    public IList<string> Packages { get; } = [];
}
