using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Platform.Inference.Volumes;

namespace Platform.Benchmarks.Peers;

/// <summary>A Python process that resamples with SciPy on one thread; the positions are computed before its clock starts.</summary>
internal sealed class Scipy : IAsyncDisposable
{
    private readonly Process process;
    private readonly string voxels;
    private Volume? written;

    private Scipy(Process process, string voxels) => (this.process, this.voxels) = (process, voxels);

    public static Scipy Start(string folder) => new(
        Process.Start(new ProcessStartInfo("/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "Peers", "scipy_resampling.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!,
        Path.Combine(folder, "scipy.raw"));

    public async Task<TimeSpan> ResampleAsync(Volume source, Grid target, Interpolation interpolation)
    {
        if (written != source)
        {
            await File.WriteAllBytesAsync(voxels, MemoryMarshal.AsBytes(source.Voxels.AsSpan()).ToArray());
            written = source;
        }

        await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(new
        {
            voxels,
            shape = new[] { source.Grid.Depth, source.Grid.Height, source.Grid.Width },
            affine = source.Grid.Affine.ToMatrix(),
            targetShape = new[] { target.Depth, target.Height, target.Width },
            targetAffine = target.Affine.ToMatrix(),
            order = interpolation switch { Interpolation.Nearest => 0, Interpolation.Linear => 1, _ => 3 },
        }));
        await process.StandardInput.FlushAsync();
        var said = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("SciPy has ended: apt-get install python3-scipy");
        return TimeSpan.FromSeconds(double.Parse(said, CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
