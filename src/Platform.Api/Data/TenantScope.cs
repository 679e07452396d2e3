using System.Data;
using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Platform.Api.Data;

/// <summary>
/// The only way to a tenant's rows: execution strategy, transaction, <c>set_config('app.tenant')</c>, work, commit.
/// The work may run again after a transient failure of the database, so it must do nothing outside it.
/// </summary>
internal sealed class TenantScope(IDbContextFactory<PlatformDb> contexts, RoleConnections connections)
{
    private const string EnterTenant = "select set_config('app.tenant', $1, true)";

    /// <summary>Runs <paramref name="work"/> in one transaction of one tenant; an exception rolls all of it back.</summary>
    public Task<T> RunAsync<T>(Guid tenantId, Func<PlatformDb, CancellationToken, Task<T>> work, CancellationToken ct) =>
        TryAsync(tenantId, IsolationLevel.ReadCommitted, work, ct);

    /// <summary>The same for several reads that must agree: all of them see the rows of one instant.</summary>
    public Task<T> SnapshotAsync<T>(Guid tenantId, Func<PlatformDb, CancellationToken, Task<T>> read, CancellationToken ct) =>
        TryAsync(tenantId, IsolationLevel.RepeatableRead, read, ct);

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(Guid tenantId, Func<PlatformDb, CancellationToken, Task> work, CancellationToken ct) =>
        RunAsync(
            tenantId,
            async (db, token) =>
            {
                await work(db, token);
                return true;
            },
            ct);

    /// <summary>
    /// One query of one tenant in one round trip. <c>set_config</c> and the query are one batch, which PostgreSQL runs as one
    /// transaction; the setting ends with it, and row-level security sees it as in every other scope.
    /// </summary>
    /// <param name="sql">A constant, or made of constants; values go into <paramref name="parameters"/>. <c>@tenant</c> is given.</param>
    /// <param name="parameters">Called for each try: a parameter belongs to one command.</param>
    [SuppressMessage("Security", "CA2100", Justification = "Every caller passes constants and parameters.")]
    public Task<List<T>> QueryAsync<T>(
        Guid tenantId,
        string sql,
        Func<IEnumerable<NpgsqlParameter>> parameters,
        Func<NpgsqlDataReader, T> row,
        CancellationToken ct) =>
        Transient.RetryAsync(
            async () =>
            {
                await using var batch = connections.App.CreateBatch();
                batch.BatchCommands.Add(Enter(tenantId));
                var query = new NpgsqlBatchCommand(sql);
                query.Parameters.AddWithValue("tenant", tenantId);
                foreach (var parameter in parameters())
                {
                    query.Parameters.Add(parameter);
                }

                batch.BatchCommands.Add(query);
                await using var reader = await batch.ExecuteReaderAsync(ct);
                await reader.NextResultAsync(ct);
                var rows = new List<T>();
                while (await reader.ReadAsync(ct))
                {
                    rows.Add(row(reader));
                }

                return rows;
            },
            ct);

    /// <summary>
    /// One transaction of batches, for work whose round trips count. The batch that <paramref name="work"/> is given enters the tenant,
    /// its first result; work adds its own commands to it and runs it before any other.
    /// </summary>
    public Task<T> BatchesAsync<T>(
        Guid tenantId, Func<NpgsqlTransaction, NpgsqlBatch, CancellationToken, Task<T>> work, CancellationToken ct) =>
        Transient.RetryAsync(
            async () =>
            {
                await using var connection = await connections.App.OpenConnectionAsync(ct);
                await using var transaction = await connection.BeginTransactionAsync(ct);
                await using var entry = new NpgsqlBatch(connection, transaction) { BatchCommands = { Enter(tenantId) } };
                var result = await work(transaction, entry, ct);
                await transaction.CommitAsync(CancellationToken.None);
                return result;
            },
            ct);

    /// <summary>The same around an endpoint that takes <paramref name="db"/> from its request.</summary>
    internal static Task<T> AroundAsync<T>(PlatformDb db, Guid tenantId, Func<Task<T>> work, CancellationToken ct) =>
        db.Database.CreateExecutionStrategy().ExecuteAsync(
            token =>
            {
                db.ChangeTracker.Clear();
                return InTransactionAsync(db, tenantId, IsolationLevel.ReadCommitted, work, token);
            },
            ct);

    private async Task<T> TryAsync<T>(
        Guid tenantId, IsolationLevel isolation, Func<PlatformDb, CancellationToken, Task<T>> work, CancellationToken ct)
    {
        await using var outer = await contexts.CreateDbContextAsync(ct);
        return await outer.Database.CreateExecutionStrategy().ExecuteAsync(
            async token =>
            {
                // A fresh context per try: a failed one has tracked half of the work.
                await using var db = await contexts.CreateDbContextAsync(token);
                return await InTransactionAsync(db, tenantId, isolation, () => work(db, token), token);
            },
            ct);
    }

    private static NpgsqlBatchCommand Enter(Guid tenantId) =>
        new(EnterTenant) { Parameters = { new NpgsqlParameter<string> { TypedValue = tenantId.ToString() } } };

    private static async Task EnterAsync(IDbContextTransaction transaction, Guid tenantId, CancellationToken ct)
    {
        var inner = (NpgsqlTransaction)transaction.GetDbTransaction();
        await using var enter = new NpgsqlCommand(EnterTenant, inner.Connection, inner);
        enter.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenantId.ToString() });
        await enter.ExecuteNonQueryAsync(ct);
    }

    private static async Task<T> InTransactionAsync<T>(
        PlatformDb db, Guid tenantId, IsolationLevel isolation, Func<Task<T>> work, CancellationToken ct)
    {
        db.EnterTenant(tenantId);
        await using var transaction = await db.Database.BeginTransactionAsync(isolation, ct);
        await EnterAsync(transaction, tenantId, ct);
        var result = await work();

        // Not cut off by a caller who has left: nobody would know whether it was committed.
        await transaction.CommitAsync(CancellationToken.None);
        return result;
    }
}
