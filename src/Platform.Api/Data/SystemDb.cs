using Microsoft.EntityFrameworkCore;

namespace Platform.Api.Data;

/// <summary>The three system tables, across tenants, ids only (role <c>platform_system</c>). It can see nothing else.</summary>
internal sealed class SystemDb(DbContextOptions<SystemDb> options) : DbContext(options)
{
    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();

    public DbSet<InboxMessage> Inbox => Set<InboxMessage>();

    public DbSet<WorkReady> WorkReady => Set<WorkReady>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfiguration(new OutboxMessageMapping());
        modelBuilder.ApplyConfiguration(new InboxMessageMapping());
        modelBuilder.ApplyConfiguration(new WorkReadyMapping());
        SnakeCase.Apply(modelBuilder.Model);
    }
}
