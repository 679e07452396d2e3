using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;
using Platform.Api.Security;
using Platform.Hosting.Health;

namespace Platform.Api.Data;

/// <summary>Three contexts on three roles of one database.</summary>
internal static class DataServices
{
    public static IServiceCollection AddPlatformData(this IServiceCollection services)
    {
        services.AddOptions<DatabaseOptions>().BindConfiguration(DatabaseOptions.Section)
            .Validate(
                o => o.Admin is not null || (o.App is not null && o.Identity is not null && o.System is not null),
                "Set Database:App, Database:Identity and Database:System, or Database:Admin where this machine owns the database.")
            .ValidateOnStart();
        services.AddSingleton<RoleConnections>();
        services.AddDbContextFactory<PlatformDb>((provider, options) => options.UsePlatformNpgsql(provider.Connections().App));
        services.AddDbContextFactory<SystemDb>((provider, options) => options.UsePlatformNpgsql(provider.Connections().System));
        services.AddDbContextFactory<IdentityDb>((provider, options) => options.UsePlatformNpgsql(provider.Connections().Identity));
        services.AddSingleton<TenantScope>();
        services.AddSingleton<DatabaseStart>();
        services.AddHostedService(provider => provider.GetRequiredService<DatabaseStart>());
        services.AddHealthChecks().AddCheck<DatabaseHealthCheck>("database", tags: [PlatformHealth.Ready]);
        return services;
    }

    internal static DbContextOptionsBuilder UsePlatformNpgsql(this DbContextOptionsBuilder options, NpgsqlDataSource source) =>
        options
            .UseNpgsql(source, PlatformNpgsql(options))
            .UsePlatformSql()
            // A unique violation is often the expected answer; what nobody expected is logged once, where it ends up.
            .ConfigureWarnings(w => w.Log(
                (CoreEventId.SaveChangesFailed, LogLevel.Debug), (RelationalEventId.CommandError, LogLevel.Debug)));

    internal static DbContextOptionsBuilder UsePlatformSql(this DbContextOptionsBuilder options) =>
        options.ReplaceService<IMigrationsSqlGenerator, TenantTableSql>();

    internal static Action<NpgsqlDbContextOptionsBuilder> PlatformNpgsql(DbContextOptionsBuilder options) =>
        npgsql => npgsql
            .EnableRetryOnFailure(3, TimeSpan.FromSeconds(2), null)
            .MigrationsHistoryTable(
                "migrations", options.Options.ContextType == typeof(IdentityDb) ? IdentityDb.Schema : MigrationHistory.Schema);

    private static RoleConnections Connections(this IServiceProvider provider) => provider.GetRequiredService<RoleConnections>();
}

/// <summary>Where EF Core keeps what has been migrated: out of <c>public</c>, whose every table belongs to tenants.</summary>
internal static class MigrationHistory
{
    public const string Schema = "migrations";
}
