namespace Platform.Inference.Engine;

/// <summary>Another volume on the same grid, whose patches go through the graph together with the first's.</summary>
/// <param name="Voxels">[z, y, x], in the shape of the first.</param>
/// <param name="Channel">Of the first's input; null where <paramref name="Room"/> is an input of its own.</param>
/// <param name="Room">[batch, 1, z, y, x].</param>
public sealed record FurtherPatches(float[] Voxels, int? Channel, PatchRoom? Room);

/// <summary>Where the graph reads patches.</summary>
public delegate Span<float> PatchRoom();
