using System.Runtime.InteropServices;

namespace Platform.Inference.Child;

/// <summary>Resident memory of this process, native code's included.</summary>
internal static partial class ProcessMemory
{
    public static long ResidentBytes => Environment.WorkingSet;

    /// <summary>Gives back to the system what earlier runs have left in the heaps, so that a measure is of what is in use.</summary>
    public static void Release()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        try
        {
            _ = malloc_trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library than glibc keeps what it keeps.
        }
    }

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int malloc_trim(nuint pad);
}
