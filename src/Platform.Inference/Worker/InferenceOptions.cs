using System.ComponentModel.DataAnnotations;

namespace Platform.Inference.Worker;

/// <summary>Section <c>Inference</c>: what this worker may use.</summary>
public sealed class InferenceOptions : IValidatableObject
{
    public const string Section = "Inference";

    private static readonly TimeSpan MostPatience = TimeSpan.FromMinutes(25);

    /// <summary>Name in beats and on attempts.</summary>
    [Required]
    [StringLength(64)]
    public string Name { get; set; } = Environment.MachineName;

    /// <summary>Runs that infer at once; each has a compute child of its own.</summary>
    [Range(1, 64)]
    public int Slots { get; set; } = 1;

    /// <summary>
    /// Runs more than slots, each in a child of its own with its own warm models: they are fetched, decoded and prepared while others infer, and
    /// wait for their turn. Keeps a GPU busy, at the price of its memory; on a CPU it hides the waits for disk and network alone.
    /// </summary>
    [Range(0, 64)]
    public int Ahead { get; set; }

    /// <summary>Threads of one child; 0 shares the cores between the slots.</summary>
    [Range(0, 1024)]
    public int Threads { get; set; }

    /// <summary><c>cpu</c>, or the name of a plug-in execution provider, e.g. <c>cuda</c>. A missing one falls back to the CPU and says so.</summary>
    [Required]
    [RegularExpression("^[a-zA-Z0-9_-]{1,64}$")]
    public string ExecutionProvider { get; set; } = "cpu";

    /// <summary>Library of a plug-in execution provider.</summary>
    public string? ExecutionProviderLibrary { get; set; }

    /// <summary>GPUs of this worker by the driver's number; the slots are shared out among them, a child sees only its own. Empty leaves it to the provider.</summary>
    public IList<int> Gpus { get; } = [];

    /// <summary>Program that tells of the machine's GPUs; where there is none, beats name no GPU.</summary>
    [Required]
    public string GpuQueryCommand { get; set; } = "nvidia-smi";

    /// <summary>Longest run, whatever its manifest allows; well below the broker's consumer timeout of 30 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:25:00")]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromMinutes(12);

    /// <summary>Resident memory at which a child is stopped, or less where the model's manifest says so; 0 for the manifest's alone.</summary>
    [Range(0, 1 << 24)]
    public int MemoryLimitMiB { get; set; }

    /// <summary>Resident memory that the warm models of one child may hold together; 0 is a quarter of the machine's, shared by the slots.</summary>
    [Range(0, 1 << 24)]
    public int WarmModelsMiB { get; set; }

    /// <summary>Longest calibration of a model on its first use on a class of device; zero for none.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:02:00")]
    public TimeSpan CalibrationLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Folder for calibrations and compiled engines, which outlive the process; null keeps none, and each process calibrates nothing.</summary>
    public string? CachePath { get; set; }

    /// <summary>Previews made at once, beside the runs and at lower priority; each in a child of its own.</summary>
    [Range(1, 64)]
    public int PreviewSlots { get; set; } = 1;

    /// <summary>Longest work on one part of one preview.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:25:00")]
    public TimeSpan PreviewTimeLimit { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Folder for the instances of a run while it is computed; each child makes a private one in it. Null is the system's.</summary>
    public string? ScratchPath { get; set; }

    /// <summary>How long a worker that is told to stop goes on with the runs it has; what is unfinished then goes to another worker.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:25:00")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Time between two beats; the API reckons with 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:00:30")]
    public TimeSpan BeatInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Executable or dll that serves as compute child; null is this host's own.</summary>
    public string? ChildCommand { get; set; }

    /// <summary>Runs that are here at once: what a beat calls slots.</summary>
    internal int Places => Slots + Ahead;

    /// <summary>A run that waits for its turn keeps its message: all that others may take before it must stay within the broker's patience.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Ahead > 0 && Gpus.Distinct().Count() > Slots)
        {
            yield return new ValidationResult(
                "With Inference:Ahead each GPU needs a slot of its own: there must be at least as many Inference:Slots as Inference:Gpus.", [nameof(Slots), nameof(Gpus)]);
        }

        var rounds = 1 + ((Ahead + Slots - 1) / Math.Max(1, Slots));
        if (Ahead > 0 && rounds * TimeLimit > MostPatience)
        {
            yield return new ValidationResult(
                $"With Inference:Ahead a run may wait for {rounds - 1} other(s) of Inference:TimeLimit each and then take as long itself, which must stay " +
                $"within {MostPatience.TotalMinutes:0} minutes together: lower Ahead (at most as many as Slots is plenty) or TimeLimit.",
                [nameof(Ahead), nameof(TimeLimit)]);
        }
    }

    /// <summary>What one child may keep of models.</summary>
    internal Child.SessionPolicy SessionPolicy => new(
        WarmModelsMiB > 0 ? (long)WarmModelsMiB << 20 : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 / Places,
        CachePath is null ? TimeSpan.Zero : CalibrationLimit,
        CachePath);

    /// <summary>Threads that one child uses.</summary>
    internal int ThreadsPerSlot => Threads > 0 ? Threads : Math.Max(1, Environment.ProcessorCount / Slots);
}
