using Microsoft.EntityFrameworkCore;
using Platform.Api.AiModels;
using Platform.Api.Audit;
using Platform.Api.Previews;
using Platform.Api.Runs;
using Platform.Api.Studies;
using Platform.Api.Tenants;
using Platform.Api.Usage;

namespace Platform.Api.Data;

/// <summary>Everything that belongs to tenants, seen through one tenant's scope (role <c>platform_app</c>, row-level security).</summary>
internal sealed class PlatformDb : DbContext
{
    /// <summary>Name of the query filter that repeats row-level security.</summary>
    public const string TenantFilter = "tenant";

    private Guid? tenantId;

    public PlatformDb(DbContextOptions<PlatformDb> options)
        : base(options) =>
        // Also a single statement gets its savepoint, so that a unique violation leaves the tenant's transaction usable.
        Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;

    /// <summary>The tenant whose scope is open; throws when there is none.</summary>
    public Guid TenantId => tenantId ?? throw new InvalidOperationException("No tenant scope is open: use TenantScope.RunAsync.");

    public DbSet<Tenant> Tenants => Set<Tenant>();

    public DbSet<Study> Studies => Set<Study>();

    /// <summary>Without those that were withdrawn, as the instances: whoever gives them out gives none of these by mistake.</summary>
    public DbSet<Series> Series => Set<Series>();

    public DbSet<Instance> Instances => Set<Instance>();

    /// <summary>Also what nobody is given any more, for what keeps rows and blobs together.</summary>
    public IQueryable<Instance> InstancesAndWithdrawn => Instances.IgnoreQueryFilters([Instance.WithdrawnFilter]);

    public DbSet<Preview> Previews => Set<Preview>();

    public DbSet<AiModel> AiModels => Set<AiModel>();

    public DbSet<Rule> Rules => Set<Rule>();

    /// <summary>Without shadow runs: whoever shows runs to people shows none of them by mistake.</summary>
    public DbSet<Run> Runs => Set<Run>();

    /// <summary>Shadow runs too, for what makes runs go.</summary>
    public IQueryable<Run> RunsAndShadows => Runs.IgnoreQueryFilters([Run.ShadowFilter]);

    public DbSet<Attempt> Attempts => Set<Attempt>();

    public DbSet<RunFinding> Findings => Set<RunFinding>();

    public DbSet<ShadowFinding> ShadowFindings => Set<ShadowFinding>();

    public DbSet<UsageDay> UsageDays => Set<UsageDay>();

    public DbSet<AuditEvent> AuditEvents => Set<AuditEvent>();

    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();

    public DbSet<InboxMessage> Inbox => Set<InboxMessage>();

    public DbSet<WorkReady> WorkReady => Set<WorkReady>();

    public override Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        StampTenant();
        return base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
    }

    public override int SaveChanges(bool acceptAllChangesOnSuccess)
    {
        StampTenant();
        return base.SaveChanges(acceptAllChangesOnSuccess);
    }

    /// <summary>Only <see cref="TenantScope"/> calls this, together with <c>set_config</c>.</summary>
    internal void EnterTenant(Guid id) => tenantId = id;

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<Enum>().HaveConversion<string>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(PlatformDb).Assembly);
        foreach (var entity in modelBuilder.Model.GetEntityTypes().Where(e => e.ClrType.IsAssignableTo(typeof(ITenantOwned))).ToList())
        {
            GetType().GetMethod(nameof(OwnByTenant), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!
                .MakeGenericMethod(entity.ClrType)
                .Invoke(this, [modelBuilder]);
        }

        SnakeCase.Apply(modelBuilder.Model);
    }

    private void OwnByTenant<T>(ModelBuilder modelBuilder)
        where T : class, ITenantOwned
    {
        var builder = modelBuilder.Entity<T>();
        if (typeof(T) != typeof(Tenant))
        {
            builder.HasKey(nameof(ITenantOwned.TenantId), "Id");
            builder.Property("Id").ValueGeneratedNever();
        }

        builder.Property(e => e.TenantId).ValueGeneratedNever();
        builder.HasQueryFilter(TenantFilter, e => e.TenantId == TenantId);
    }

    /// <summary>The second belt: a new row gets the scope's tenant, and no row of another tenant is ever written.</summary>
    private void StampTenant()
    {
        foreach (var entry in ChangeTracker.Entries<ITenantOwned>())
        {
            if (entry.State is EntityState.Unchanged or EntityState.Detached)
            {
                continue;
            }

            var property = entry.Property(e => e.TenantId);
            if (entry.State == EntityState.Added && property.CurrentValue == Guid.Empty)
            {
                property.CurrentValue = TenantId;
            }
            else if (property.CurrentValue != TenantId)
            {
                throw new InvalidOperationException($"A {entry.Metadata.ClrType.Name} of another tenant was about to be written.");
            }
        }
    }
}
