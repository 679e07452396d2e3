using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using Platform.Inference.Packages;

namespace Platform.Inference.Engine;

/// <summary>How one model runs on one class of device with one version of ONNX Runtime.</summary>
/// <param name="Model">Hash of the package.</param>
/// <param name="Device">Class of the device.</param>
/// <param name="Runtime">Version of ONNX Runtime.</param>
/// <param name="Batch">Patches in one pass that take the least time each.</param>
/// <param name="Precision"><c>fp32</c>: that of the graph.</param>
/// <param name="P50Milliseconds">Of a patch in such a pass; 0 where no pass came to its end in time.</param>
/// <param name="P95Milliseconds">Of a patch in such a pass.</param>
/// <param name="MemoryBytes">Resident memory that the warm session takes.</param>
public sealed record ModelCalibration(
    string Model, string Device, string Runtime, int Batch, string Precision, double P50Milliseconds, double P95Milliseconds, long MemoryBytes)
{
    private const int Passes = 5;

    // A greater batch must earn its memory.
    private const double LeastGain = 0.97;

    /// <summary>
    /// Runs a patch of noise a few times for each batch size that the manifest leaves open, doubling while that pays, and stops at the
    /// limit of time, within a pass too. Batch sizes of which no pass came to its end are not chosen.
    /// </summary>
    /// <param name="open">A session of a batch size.</param>
    /// <param name="largest">Greatest batch that memory allows; a fixed one in the manifest is the only one tried.</param>
    /// <param name="progress">Told the fraction of the time that is gone; throws to stop.</param>
    public static (int Batch, double P50, double P95) Measure(
        ModelPackage package, Func<int, ModelSession> open, int largest, TimeSpan limit, Action<double> progress, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        var fixedBatch = package.Manifest.Window.Batch;
        var best = (Batch: fixedBatch ?? 1, P50: 0.0, P95: 0.0);
        for (var batch = best.Batch; batch <= Math.Max(largest, best.Batch); batch *= 2)
        {
            using var session = open(batch);
            var times = Times(session, clock, limit, progress, ct);
            if (times.Count == 0)
            {
                break;
            }

            var (p50, p95) = (Quantile(times, 0.5) / batch, Quantile(times, 0.95) / batch);
            if (best.P50 > 0 && p50 > best.P50 * LeastGain)
            {
                break;
            }

            best = (batch, p50, p95);
            if (fixedBatch is not null)
            {
                break;
            }
        }

        return best;
    }

    /// <summary>Milliseconds of passes after a first one, as many as there is time for.</summary>
    private static List<double> Times(ModelSession session, Stopwatch clock, TimeSpan limit, Action<double> progress, CancellationToken ct)
    {
        var random = new Random(1);
        foreach (ref var value in session.Input)
        {
            value = (float)random.NextDouble();
        }

        var times = new List<double>();
        for (var pass = 0; pass <= Passes; pass++)
        {
            progress(Math.Min(1, clock.Elapsed / limit));
            var left = limit - clock.Elapsed;
            if (left <= TimeSpan.Zero)
            {
                break;
            }

            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
            deadline.CancelAfter(left);
            var started = Stopwatch.GetTimestamp();
            try
            {
                session.Run(deadline.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                break;
            }
            catch (OnnxRuntimeException)
            {
                break; // no memory for so many, or a graph whose batch axis is not free
            }

            if (pass > 0)
            {
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }

        return times;
    }

    private static double Quantile(List<double> values, double quantile)
    {
        var sorted = values.Order().ToList();
        return sorted[(int)Math.Round(quantile * (sorted.Count - 1))];
    }
}
