using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Previews;

/// <summary>Section <c>Previews</c>: how previews reach workers.</summary>
internal sealed class PreviewOptions
{
    public const string Section = "Previews";

    /// <summary>Parts of previews that are with the broker or a worker at once; the others wait in the database, tenant by tenant in turn.</summary>
    [Range(1, 1000)]
    public int Window { get; set; } = 16;

    /// <summary>A part that has not been made in this time, while workers beat, is asked for again.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "12:00:00")]
    public TimeSpan RingAgainAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How often waiting previews are looked at without being rung for.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan Poll { get; set; } = TimeSpan.FromSeconds(1);
}
