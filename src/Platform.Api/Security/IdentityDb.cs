using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Platform.Api.AiModels;
using Platform.Api.Audit;
using Platform.Api.Data;

namespace Platform.Api.Security;

/// <summary>People, clients, keys, and who belongs where: schema <c>identity</c>, role <c>platform_identity</c>, not readable by <c>platform_app</c>.</summary>
internal sealed class IdentityDb(DbContextOptions<IdentityDb> options)
    : IdentityUserContext<Person, Guid>(options), IDataProtectionKeyContext
{
    public const string Schema = "identity";

    public DbSet<TenantName> TenantNames => Set<TenantName>();

    public DbSet<Membership> Memberships => Set<Membership>();

    public DbSet<Grant> Grants => Set<Grant>();

    public DbSet<StoredKey> Keys => Set<StoredKey>();

    /// <summary>They have no tenant, as people have none.</summary>
    public DbSet<UploadedPackage> ModelPackages => Set<UploadedPackage>();

    /// <summary>What operators did that concerns the whole platform.</summary>
    public DbSet<OperatorEvent> OperatorEvents => Set<OperatorEvent>();

    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<Enum>().HaveConversion<string>();

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.HasDefaultSchema(Schema);
        builder.UseOpenIddict<Guid>();

        builder.Entity<Person>().ToTable("people");
        builder.Entity<TenantName>(tenant =>
        {
            tenant.ToTable("tenants");
            tenant.Property(t => t.Id).ValueGeneratedNever();
            tenant.HasIndex(t => t.Slug).IsUnique();
        });
        builder.Entity<Membership>(membership =>
        {
            membership.ToTable("memberships");
            membership.HasKey(m => new { m.TenantId, m.IdentityId, m.Role });
            membership.HasIndex(m => m.IdentityId);
            membership.HasOne<TenantName>().WithMany().HasForeignKey(m => m.TenantId).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<Grant>(grant =>
        {
            grant.ToTable("grants");
            grant.Property(g => g.Id).ValueGeneratedNever();
            grant.HasIndex(g => new { g.PersonId, g.TenantId });
            grant.HasOne<TenantName>().WithMany().HasForeignKey(g => g.TenantId).OnDelete(DeleteBehavior.Cascade);
            grant.HasOne<Person>().WithMany().HasForeignKey(g => g.PersonId).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<StoredKey>(key =>
        {
            key.ToTable("keys");
            key.Property(k => k.Id).ValueGeneratedNever();
            key.HasIndex(k => new { k.Purpose, k.TenantId }).IsUnique().AreNullsDistinct(false);
        });
        builder.Entity<UploadedPackage>(package =>
        {
            package.ToTable("model_packages");
            package.HasKey(p => p.Hash);
            package.HasIndex(p => new { p.Name, p.UploadedAt });
        });
        builder.Entity<OperatorEvent>(audited =>
        {
            audited.ToTable("operator_events");
            audited.Property(e => e.Id).ValueGeneratedNever();
            audited.HasIndex(e => new { e.Action, e.AgentId, e.OccurredAt });
        });
        builder.Entity<DataProtectionKey>().ToTable("data_protection_keys");

        SnakeCase.Apply(builder.Model);
    }
}
