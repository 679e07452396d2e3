namespace Platform.Api.AiModels;

/// <summary>Section <c>AiModels</c>: the packages that this installation brings along, and whose it takes.</summary>
internal sealed class AiModelOptions
{
    public const string Section = "AiModels";

    /// <summary>Each a package (zip or folder) or a folder of packages; relative ones start at the host's own folder.</summary>
    public IList<string> Packages { get; } = [];

    /// <summary>Public keys, PEM: uploaded packages are taken from those who hold their private halves.</summary>
    public IList<string> TrustedKeys { get; } = [];

    /// <summary>Takes uploads that nobody signed.</summary>
    public bool AllowUnsigned { get; set; }

    public const string KeyProblem = "AiModels:TrustedKeys must hold PEM of public keys on P-256, as platform model key writes them.";
}
