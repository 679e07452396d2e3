using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Platform.Contracts;
using Platform.Inference.Engine;

namespace Platform.Inference.Child;

/// <summary>Calibrations that outlive the process: one small file for each model, class of device and version of ONNX Runtime.</summary>
/// <param name="folder">Null keeps nothing.</param>
internal sealed class CalibrationFiles(string? folder)
{
    /// <summary>Null when it has not been measured here, or what is stored is not readable: it is measured again then.</summary>
    public ModelCalibration? Find(string model, string device, string runtime)
    {
        try
        {
            var found = folder is null ? null : JsonSerializer.Deserialize<ModelCalibration>(File.ReadAllBytes(PathOf(model, device, runtime)), PlatformJson.Options);
            return found is { Batch: >= 1 and <= 64 } && (found.Model, found.Device, found.Runtime) == (model, device, runtime) ? found : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Stores it whole or not at all; a folder that cannot be written costs only the next child's time.</summary>
    public void Keep(ModelCalibration calibration)
    {
        if (folder is null)
        {
            return;
        }

        var path = PathOf(calibration.Model, calibration.Device, calibration.Runtime);
        var part = $"{path}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(part, JsonSerializer.SerializeToUtf8Bytes(calibration, PlatformJson.Options));
            File.Move(part, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next child measures again.
        }
    }

    private string PathOf(string model, string device, string runtime)
    {
        var key = SHA256.HashData(Encoding.UTF8.GetBytes($"{model}\n{device}\n{runtime}"));
        return Path.Combine(folder!, $"calibration-{Convert.ToHexStringLower(key)}.json");
    }
}
