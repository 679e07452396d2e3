using Platform.Inference.Volumes;

namespace Platform.Inference.Engine;

/// <summary>A further input of a run, before it comes onto the model's grid: a series' modality values, or the labels of another run.</summary>
/// <param name="Name">As the manifest calls it.</param>
public sealed record FurtherVolume(string Name)
{
    /// <summary>A series; null of a run.</summary>
    public Volume? Volume { get; init; }

    /// <summary>Of a run: the grid of <see cref="Labels"/>; null where the other model found nothing.</summary>
    public Grid? LabelGrid { get; init; }

    /// <summary>Of a run: segment numbers [z, y, x]; beyond the grid there is none.</summary>
    public byte[] Labels { get; init; } = [];
}
