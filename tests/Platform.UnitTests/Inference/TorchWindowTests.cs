using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Platform.Inference.Engine;
using Xunit;

namespace Platform.UnitTests.Inference;

/// <summary>
/// The sliding window beside a plain one in PyTorch on the same network. PyTorch is large and not among what the tests install: where
/// it is absent the test says so, and <see cref="SlidingWindowTests"/> compares with the definition.
/// </summary>
public sealed class TorchWindowTests : IDisposable
{
    private const int AbsentExitCode = 3;

    private readonly string folder = Directory.CreateTempSubdirectory("platform-torch-").FullName;

    [Fact]
    public async Task Probabilities_are_those_of_a_plain_window_in_PyTorch()
    {
        var ct = TestContext.Current.CancellationToken;
        using var python = Process.Start(
            new ProcessStartInfo("/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "Inference", "torch_window.py"), folder])
            {
                RedirectStandardError = true,
            })!;
        var said = await python.StandardError.ReadToEndAsync(ct);
        await python.WaitForExitAsync(ct);
        if (python.ExitCode == AbsentExitCode)
        {
            TestContext.Current.TestOutputHelper?.WriteLine("PyTorch is absent: nothing to compare with.");
            return;
        }

        Assert.True(python.ExitCode == 0, said);
        var (volume, theirs) = (await ReadAsync("volume.raw", ct), await ReadAsync("probabilities.raw", ct));
        using var session = new InferenceSession(Path.Combine(folder, "model.onnx"));
        int[] patch = [16, 20, 12];
        var plan = new WindowPlan([37, 41, 30], patch, 0.5, Patches.Weights(patch, 0.125), 3, Activation.Softmax, 3, (true, true, true));
        var input = new float[plan.Batch * plan.PatchVoxels];
        var greatest = 0.0;
        SlidingWindow.Run(
            volume, plan, input,
            patches =>
            {
                using var value = OrtValue.CreateTensorValueFromMemory(input, [plan.Batch, 1, 16, 20, 12]);
                using var run = new RunOptions();
                using var results = session.Run(run, ["image"], [value], ["logits"]);
                return results[0].GetTensorDataAsSpan<float>().ToArray();
            },
            (z, probabilities) =>
            {
                for (var c = 0; c < 3; c++)
                {
                    for (var i = 0; i < 41 * 30; i++)
                    {
                        greatest = Math.Max(greatest, Math.Abs(probabilities[(c * 41 * 30) + i] - theirs[(((c * 37) + z) * 41 * 30) + i]));
                    }
                }
            },
            _ => { });

        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"greatest difference {greatest:0.0e0}"));
        Assert.InRange(greatest, 0, 1e-4);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private async Task<float[]> ReadAsync(string name, CancellationToken ct) =>
        MemoryMarshal.Cast<byte, float>(await File.ReadAllBytesAsync(Path.Combine(folder, name), ct)).ToArray();
}
