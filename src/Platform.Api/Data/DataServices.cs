using Microsoft.EntityFrameworkCore;
using Npgsql;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;
using Platform.Api.Security;

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
        return services;
    }

    internal static DbContextOptionsBuilder UsePlatformNpgsql(this DbContextOptionsBuilder options, NpgsqlDataSource source) =>
        options.UseNpgsql(source, npgsql => npgsql.EnableRetryOnFailure(3, TimeSpan.FromSeconds(2), null).Named(options));

    private static RoleConnections Connections(this IServiceProvider provider) => provider.GetRequiredService<RoleConnections>();

    private static void Named(this NpgsqlDbContextOptionsBuilder npgsql, DbContextOptionsBuilder options) =>
        npgsql.MigrationsHistoryTable(
            "migrations", options.Options.ContextType == typeof(IdentityDb) ? IdentityDb.Schema : MigrationHistory.Schema);
}

/// <summary>Where EF Core keeps what has been migrated: out of <c>public</c>, whose every table belongs to tenants.</summary>
internal static class MigrationHistory
{
    public const string Schema = "migrations";
}
