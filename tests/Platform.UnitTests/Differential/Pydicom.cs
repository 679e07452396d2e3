using System.Diagnostics;
using System.Text.Json;

namespace Platform.UnitTests.Differential;

/// <summary>One element as pydicom has it; see pydicom_listing.py.</summary>
/// <param name="Length">As declared; -1 for an encapsulated value; of a sequence the number of items.</param>
/// <param name="Failure">The exception's type where pydicom raises when it is asked for the value.</param>
internal sealed record PydicomElement(
    string Path, string Vr, long Length, string? Bytes, IReadOnlyList<string>? Texts, IReadOnlyList<string>? Numbers, string? Failure);

/// <summary>A Python process that lists one file after another (packages python3 and python3-pydicom).</summary>
internal sealed class Pydicom : IDisposable
{
    private readonly Process _process;

    public Pydicom()
    {
        var script = Path.Combine(AppContext.BaseDirectory, "Differential", "pydicom_listing.py");
        _process = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-u", script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
    }

    /// <summary>What pydicom finds in a file; null where it refuses it.</summary>
    public async Task<List<PydicomElement>?> ListAsync(string path, CancellationToken ct)
    {
        await _process.StandardInput.WriteLineAsync(path.AsMemory(), ct);
        await _process.StandardInput.FlushAsync(ct);
        var line = await _process.StandardOutput.ReadLineAsync(ct)
            ?? throw new InvalidOperationException("pydicom's process has ended: apt-get install python3-pydicom");
        using var said = JsonDocument.Parse(line);
        return said.RootElement.TryGetProperty("elements", out var elements) ? [.. elements.EnumerateArray().Select(Element)] : null;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static PydicomElement Element(JsonElement row) => new(
        row[0].GetString()!,
        row[1].GetString() ?? "",
        row[2].GetInt64(),
        row[3].GetString(),
        Texts(row[4]),
        Texts(row[5]),
        row[6].GetString());

    private static string[]? Texts(JsonElement json) =>
        json.ValueKind == JsonValueKind.Array ? [.. json.EnumerateArray().Select(v => v.GetString()!)] : null;
}
