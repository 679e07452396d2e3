using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Contracts;
using Platform.Hosting.Blobs;

namespace Platform.Api.AiModels;

/// <summary>
/// At start: packs and hashes the packages of the configured folders, stores those that are new as blobs, and gives each tenant
/// the ones it has not met. A package that cannot be read is named in the log and left out; the others are installed.
/// </summary>
internal sealed partial class PackageInstaller(
    BlobStore blobs,
    TenantScope scopes,
    IDbContextFactory<IdentityDb> identities,
    InstalledPackages installed,
    IOptions<AiModelOptions> options,
    TimeProvider clock,
    ILogger<PackageInstaller> logger) : IHostedService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        installed.Installed(await InstallAsync(cancellationToken));
        foreach (var tenantId in await AgainAsync(TenantsAsync, cancellationToken))
        {
            await AgainAsync(
                ct => scopes.RunAsync(
                    tenantId,
                    async (db, token) =>
                    {
                        await installed.ActivateAsync(db, token);
                        return true;
                    },
                    ct),
                cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The packages under a configured path, in a stable order.</summary>
    internal static IEnumerable<string> Find(string path)
    {
        var full = Path.GetFullPath(path, AppContext.BaseDirectory);
        if (File.Exists(full) || ModelPackageZip.IsPackageFolder(full))
        {
            return [full];
        }

        return !Directory.Exists(full)
            ? []
            : Directory.EnumerateFileSystemEntries(full)
                .Where(entry => ModelPackageZip.IsPackageFolder(entry) || entry.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
                .Order(StringComparer.Ordinal);
    }

    private async Task<List<ModelPackage>> InstallAsync(CancellationToken ct)
    {
        var packages = new List<ModelPackage>();
        foreach (var path in options.Value.Packages.SelectMany(Find).Distinct(StringComparer.Ordinal))
        {
            try
            {
                var package = await InstallAsync(path, ct);
                packages.Add(package);
                LogInstalled(logger, package.Summary.Name, package.Summary.Version, package.Hash);
            }
            catch (InvalidDataException e)
            {
                LogRefused(logger, Path.GetFileName(path), e.Message);
            }
        }

        // Of two versions the later is activated last, and so stays.
        return [.. packages.OrderBy(p => p.Summary.Name, StringComparer.Ordinal).ThenBy(p => VersionOf(p.Summary)).ThenBy(p => p.Hash)];
    }

    private async Task<ModelPackage> InstallAsync(string path, CancellationToken ct)
    {
        await using var zip = await OpenAsync(path, ct);
        var hash = await ModelPackageZip.HashAsync(zip, ct);
        zip.Position = 0;
        var manifest = await ModelPackageZip.ReadManifestTextAsync(zip, ct);
        var package = new ModelPackage(hash, manifest, ModelSummary.Parse(manifest));
        if (await blobs.GetLengthAsync(BlobNames.Model(hash), ct) is null)
        {
            try
            {
                zip.Position = 0;
                await using var blob = await blobs.CreateAsync(BlobNames.Model(hash), ct);
                await zip.CopyToAsync(blob, ct);
                await blob.CommitAsync(ct);
            }
            catch (BlobExistsException)
            {
                // Another instance of this host was quicker; the name is the content.
            }
        }

        return package;
    }

    private static async Task<FileStream> OpenAsync(string path, CancellationToken ct)
    {
        if (File.Exists(path))
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 128 << 10, FileOptions.Asynchronous);
        }

        var packed = new FileStream(
            Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()),
            FileMode.CreateNew,
            FileAccess.ReadWrite,
            FileShare.None,
            128 << 10,
            FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        await ModelPackageZip.WriteAsync(path, packed, ct);
        packed.Position = 0;
        return packed;
    }

    private static Version VersionOf(ModelSummary summary) => Version.TryParse(summary.Version, out var version) ? version : new Version(0, 0);

    private async Task<List<Guid>> TenantsAsync(CancellationToken ct)
    {
        await using var identity = await identities.CreateDbContextAsync(ct);
        return await identity.TenantNames.Select(t => t.Id).ToListAsync(ct);
    }

    /// <summary>Until it works: the database may be restarting, and another instance may be giving a tenant the same package.</summary>
    private async Task<T> AgainAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                return await work(ct);
            }
            catch (Exception e) when (e is NpgsqlException { IsTransient: true } or DbUpdateException or InvalidOperationException { InnerException: NpgsqlException })
            {
                LogWaiting(logger, e.GetType().Name);
                await Task.Delay(Pause, clock, ct);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "Model {Name} {Version} is installed ({Hash})")]
    private static partial void LogInstalled(ILogger logger, string name, string version, string hash);

    [LoggerMessage(LogLevel.Error, "Model package {Package} is left out: {Problem}")]
    private static partial void LogRefused(ILogger logger, string package, string problem);

    [LoggerMessage(LogLevel.Warning, "Installing models waits for the database ({Cause})")]
    private static partial void LogWaiting(ILogger logger, string cause);
}
