using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Platform.Api.Security;

namespace Platform.Api.Data;

/// <summary>For <c>dotnet ef</c>, which only compares models and never connects.</summary>
internal sealed class PlatformDbDesign : IDesignTimeDbContextFactory<PlatformDb>
{
    public PlatformDb CreateDbContext(string[] args) => new(DesignTime.Options<PlatformDb>());
}

/// <inheritdoc cref="PlatformDbDesign"/>
internal sealed class IdentityDbDesign : IDesignTimeDbContextFactory<IdentityDb>
{
    public IdentityDb CreateDbContext(string[] args) => new(DesignTime.Options<IdentityDb>());
}

internal static class DesignTime
{
    public static DbContextOptions<T> Options<T>()
        where T : DbContext
    {
        var builder = new DbContextOptionsBuilder<T>();
        builder.UseNpgsql(DataServices.PlatformNpgsql(builder)).UsePlatformSql();
        return builder.Options;
    }
}
