namespace Platform.Inference.Child;

/// <summary>What a child may keep of the models that it has used.</summary>
/// <param name="BudgetBytes">Resident memory of all warm sessions together; the one in use stays whatever it takes.</param>
/// <param name="CalibrationLimit">Longest calibration of a model; zero for none.</param>
/// <param name="CachePath">Folder for what outlives the process: calibrations and compiled engines; null for none.</param>
internal sealed record SessionPolicy(long BudgetBytes, TimeSpan CalibrationLimit, string? CachePath)
{
    /// <summary>For a process that runs one model and ends.</summary>
    public static SessionPolicy KeepAll { get; } = new(long.MaxValue, TimeSpan.Zero, null);
}
