using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Platform.Api.Data;
using Platform.Api.Studies;
using Platform.IntegrationTests.Hosts;
using Xunit;

namespace Platform.IntegrationTests.Data;

public class TenantScopeTests(ApiHost api) : IClassFixture<ApiHost>
{
    private const string UndefinedObject = "42704";
    private const string InvalidText = "22P02";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private TenantScope Scopes => api.Services.GetRequiredService<TenantScope>();

    [Fact]
    public async Task A_scope_sees_its_tenants_rows_and_no_other()
    {
        var (mine, theirs) = (await StudyAsync("scope-a"), await StudyAsync("scope-b"));
        var seen = await Scopes.RunAsync(await api.TenantAsync("scope-a"), (db, ct) => db.Studies.Select(s => s.Id).ToListAsync(ct), Ct);
        Assert.Contains(mine, seen);
        Assert.DoesNotContain(theirs, seen);
    }

    [Fact]
    public async Task Row_security_holds_where_the_query_filter_is_not()
    {
        var theirs = await StudyAsync("scope-b");
        var found = await Scopes.RunAsync(
            await api.TenantAsync("scope-a"),
            (db, ct) => db.Database.SqlQuery<Guid>($"SELECT id AS \"Value\" FROM studies WHERE id = {theirs}").ToListAsync(ct),
            Ct);
        Assert.Empty(found);
        var changed = await Scopes.RunAsync(
            await api.TenantAsync("scope-a"),
            (db, ct) => db.Database.ExecuteSqlAsync($"UPDATE studies SET description = 'taken' WHERE id = {theirs}", ct),
            Ct);
        Assert.Equal(0, changed);
    }

    [Fact]
    public async Task Nothing_can_be_written_into_another_tenant()
    {
        var theirs = await api.TenantAsync("scope-b");
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Scopes.RunAsync(
            await api.TenantAsync("scope-a"),
            (db, ct) =>
            {
                db.Studies.Add(NewStudy(theirs));
                return db.SaveChangesAsync(ct);
            },
            Ct));
        var refused = await Assert.ThrowsAsync<PostgresException>(async () => await Scopes.RunAsync(
            await api.TenantAsync("scope-a"),
            (db, ct) => db.Database.ExecuteSqlAsync(
                $"INSERT INTO rules (tenant_id, id, model_id, name, is_active, lane, conditions) VALUES ({theirs}, {theirs}, {theirs}, '', true, '', '')",
                ct),
            Ct));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task A_forgotten_tenant_is_an_error_also_on_a_connection_that_had_one()
    {
        await using var app = NpgsqlDataSource.Create(api.Settings["Database:App"] + ";Maximum Pool Size=1;No Reset On Close=true");
        await using (var fresh = await app.OpenConnectionAsync(Ct))
        {
            Assert.Equal(UndefinedObject, await FailsAsync(fresh, "SELECT count(*) FROM studies"));
            await using var transaction = await fresh.BeginTransactionAsync(Ct);
            await using var enter = new NpgsqlCommand("SELECT set_config('app.tenant', $1, true)", fresh)
            {
                Parameters = { new() { Value = (await api.TenantAsync("scope-a")).ToString() } },
            };
            await enter.ExecuteNonQueryAsync(Ct);
            await transaction.CommitAsync(Ct);
        }

        // A local setting leaves an empty text behind, not nothing; that is no uuid.
        await using var used = await app.OpenConnectionAsync(Ct);
        Assert.Equal(InvalidText, await FailsAsync(used, "SELECT count(*) FROM studies"));
    }

    [Fact]
    public async Task A_tenant_ends_with_its_transaction_also_on_a_connection_that_goes_on()
    {
        object? after = null;
        await Assert.ThrowsAnyAsync<InvalidOperationException>(async () => await Scopes.BatchesAsync(
            await api.TenantAsync("scope-a"),
            async (transaction, entry, ct) =>
            {
                var connection = transaction.Connection!;
                await entry.ExecuteNonQueryAsync(ct);
                await transaction.CommitAsync(ct); // the scope's own commit then finds none
                await using var ask = new NpgsqlCommand("SELECT current_setting('app.tenant', true)", connection);
                after = await ask.ExecuteScalarAsync(ct);
                return true;
            },
            Ct));
        Assert.Equal("", after);
    }

    [Fact]
    public async Task A_context_outside_a_scope_refuses_to_be_asked()
    {
        await using var db = await api.Services.GetRequiredService<IDbContextFactory<PlatformDb>>().CreateDbContextAsync(Ct);
        await Assert.ThrowsAnyAsync<InvalidOperationException>(() => db.Studies.CountAsync(Ct));
    }

    [Fact]
    public async Task An_exception_takes_everything_back()
    {
        var study = Guid.CreateVersion7();
        await Assert.ThrowsAsync<FormatException>(async () => await Scopes.RunAsync(
            await api.TenantAsync("scope-a"),
            async (db, ct) =>
            {
                db.Studies.Add(NewStudy(Guid.Empty, study));
                await db.SaveChangesAsync(ct);
                throw new FormatException();
            },
            Ct));
        Assert.False(await Scopes.RunAsync(await api.TenantAsync("scope-a"), (db, ct) => db.Studies.AnyAsync(s => s.Id == study, ct), Ct));
    }

    [Fact]
    public async Task After_a_unique_violation_the_transaction_still_takes_an_audit_event()
    {
        var uid = "2.25." + Guid.CreateVersion7().ToString("N");
        var isViolation = await Scopes.RunAsync(
            await api.TenantAsync("scope-a"),
            async (db, ct) =>
            {
                db.Studies.Add(NewStudy(Guid.Empty, uid: uid));
                await db.SaveChangesAsync(ct);
                db.Studies.Add(NewStudy(Guid.Empty, uid: uid));
                try
                {
                    await db.SaveChangesAsync(ct);
                    return false;
                }
                catch (DbUpdateException e) when (e.IsUniqueViolation)
                {
                    db.ChangeTracker.Clear();
                    return await db.Studies.AnyAsync(s => s.StudyInstanceUid == uid, ct);
                }
            },
            Ct);
        Assert.True(isViolation);
    }

    private static Study NewStudy(Guid tenantId, Guid? id = null, string? uid = null) => new()
    {
        TenantId = tenantId,
        Id = id ?? Guid.CreateVersion7(),
        StudyInstanceUid = uid ?? "2.25." + Guid.CreateVersion7().ToString("N"),
        PatientPseudonym = "P",
    };

    private static async Task<string> FailsAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // Constants of this class.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteScalarAsync(Ct))).SqlState;
    }

    private async Task<Guid> StudyAsync(string tenant)
    {
        var study = NewStudy(Guid.Empty);
        await api.InTenantAsync(
            tenant,
            (db, ct) =>
            {
                db.Studies.Add(study);
                return db.SaveChangesAsync(ct);
            },
            Ct);
        return study.Id;
    }
}
