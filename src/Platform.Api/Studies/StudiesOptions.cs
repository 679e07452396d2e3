using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Studies;

/// <summary>Section <c>Studies</c>.</summary>
internal sealed class StudiesOptions : IValidatableObject
{
    public const string Section = "Studies";

    /// <summary>How often studies whose quiet period may be over are looked at.</summary>
    public TimeSpan CompletionInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often the blob store is compared with the rows.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromHours(6);

    /// <summary>A blob of this age that no row points to is an orphan.</summary>
    public TimeSpan OrphanAge { get; set; } = TimeSpan.FromHours(24);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (CompletionInterval <= TimeSpan.Zero || SweepInterval <= TimeSpan.Zero || OrphanAge <= TimeSpan.Zero)
        {
            yield return new ValidationResult("Studies: intervals and ages are positive.");
        }
    }
}
