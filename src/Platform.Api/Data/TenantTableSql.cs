using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure.Internal;
using Npgsql.EntityFrameworkCore.PostgreSQL.Migrations;
using Platform.Api.Security;

namespace Platform.Api.Data;

/// <summary>
/// Adds row-level security and grants to every table at the moment a migration creates it, so that no later table can forget them:
/// until these lines have run, no role but the owner can touch the table at all.
/// </summary>
#pragma warning disable EF1001 // The only way to extend what a migration emits; a change of it shows in the catalogue test.
internal sealed class TenantTableSql(MigrationsSqlGeneratorDependencies dependencies, INpgsqlSingletonOptions options)
    : NpgsqlMigrationsSqlGenerator(dependencies, options)
#pragma warning restore EF1001
{
    /// <summary>Tables across tenants, ids only. The catalogue test names them too.</summary>
    public static readonly IReadOnlySet<string> SystemTables = new HashSet<string>(StringComparer.Ordinal) { "outbox", "inbox", "work_ready" };

    /// <summary>Without <c>missing_ok</c>: a forgotten tenant is an error, not an empty answer. The sub-select is evaluated once a query.</summary>
    public const string IsOwnRow = "tenant_id = (SELECT current_setting('app.tenant')::uuid)";

    protected override void Generate(
        CreateTableOperation operation, IModel? model, MigrationCommandListBuilder builder, bool terminate = true)
    {
        base.Generate(operation, model, builder, terminate);
        foreach (var statement in StatementsFor(operation))
        {
            builder.AppendLine(statement + ";");
            EndStatement(builder);
        }
    }

    private static IEnumerable<string> StatementsFor(CreateTableOperation table) => table.Schema switch
    {
        MigrationHistory.Schema => [],
        IdentityDb.Schema => [$"GRANT {Rights(table.Name)} ON {table.Schema}.{table.Name} TO {RoleConnections.IdentityRole}"],
        _ when SystemTables.Contains(table.Name) =>
        [
            $"GRANT SELECT, INSERT, UPDATE, DELETE ON {table.Name} TO {RoleConnections.SystemRole}",
            $"GRANT INSERT ON {table.Name} TO {RoleConnections.AppRole}",
            // EF Core reads back what the database numbers.
            .. table.Columns.Where(c => c.Name == "seq").Select(c => $"GRANT SELECT ({c.Name}) ON {table.Name} TO {RoleConnections.AppRole}"),
        ],
        _ =>
        [
            $"ALTER TABLE {table.Name} ENABLE ROW LEVEL SECURITY",
            $"ALTER TABLE {table.Name} FORCE ROW LEVEL SECURITY",
            $"CREATE POLICY tenant ON {table.Name} USING ({IsOwnRow}) WITH CHECK ({IsOwnRow})",
            $"GRANT {Rights(table.Name)} ON {table.Name} TO {RoleConnections.AppRole}",
        ],
    };

    /// <summary>An audit event is written once; the application can neither change nor remove it.</summary>
    private static string Rights(string table) =>
        table is "audit_events" or "operator_events" ? "SELECT, INSERT" : "SELECT, INSERT, UPDATE, DELETE";
}
