namespace Platform.Inference.Engine;

/// <summary>What is being done for a run; the engine itself does Prepare, Infer and Post.</summary>
public enum RunPhase
{
    /// <summary>Model package and instances come from the blob store.</summary>
    Fetch,

    /// <summary>The model's first use on this class of device: how fast it is with how many patches in one pass.</summary>
    Calibrate,

    /// <summary>Files become one volume.</summary>
    Decode,

    /// <summary>Orientation, resampling, intensities.</summary>
    Prepare,

    /// <summary>Patches go through the graph.</summary>
    Infer,

    /// <summary>Classes, components, labels on the source's grid, measurements.</summary>
    Post,

    /// <summary>Results go to the blob store.</summary>
    Write,
}
