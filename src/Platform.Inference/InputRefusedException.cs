namespace Platform.Inference;

/// <summary>The input cannot be computed, and trying again gives the same answer.</summary>
/// <param name="code">Machine-readable reason in kebab case, e.g. <c>series-gap</c>.</param>
/// <param name="message">One sentence for a person that says what to do; never a patient value.</param>
public sealed class InputRefusedException(string code, string message) : Exception(message)
{
    /// <summary>Machine-readable reason in kebab case.</summary>
    public string Code { get; } = code;
}
