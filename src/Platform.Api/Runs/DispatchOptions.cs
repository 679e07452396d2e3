using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Runs;

/// <summary>Section <c>Dispatch</c>: how runs reach workers and come back from lost ones.</summary>
internal sealed class DispatchOptions
{
    public const string Section = "Dispatch";

    /// <summary>What workers keep to; three missed ones are an absence.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan BeatInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A running run that no beat has listed for this long is queued again; its message, if it lives, comes sooner.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "12:00:00")]
    public TimeSpan LostAfter { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often the dispatcher looks without being rung.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan Poll { get; set; } = TimeSpan.FromSeconds(1);
}
