using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Platform.Inference.Volumes;

namespace Platform.UnitTests.Inference;

/// <summary>A Python process that resamples with <c>scipy.ndimage.map_coordinates</c> (packages python3 and python3-scipy).</summary>
public sealed class Scipy : IDisposable
{
    private readonly Process process = Process.Start(
        new ProcessStartInfo("/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "Inference", "scipy_resampling.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;

    /// <param name="order">Of the spline: 0, 1 or 3.</param>
    /// <param name="mode">How the volume goes on: <c>nearest</c> or <c>grid-constant</c> (0 from half a voxel outside).</param>
    public double[] Resample(Volume source, Grid target, int order, string mode)
    {
        var header = JsonSerializer.Serialize(new
        {
            shape = new[] { source.Grid.Depth, source.Grid.Height, source.Grid.Width },
            affine = source.Grid.Affine.ToMatrix(),
            targetShape = new[] { target.Depth, target.Height, target.Width },
            targetAffine = target.Affine.ToMatrix(),
            order,
            mode,
        });
        var input = process.StandardInput.BaseStream;
        input.Write(Encoding.UTF8.GetBytes(header + "\n"));
        input.Write(MemoryMarshal.AsBytes(source.Voxels.AsSpan()));
        input.Flush();
        var values = new double[target.Length];
        process.StandardOutput.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }
}
