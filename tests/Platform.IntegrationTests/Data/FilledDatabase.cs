using System.Text;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.IntegrationTests.Hosts;

namespace Platform.IntegrationTests.Data;

/// <summary>A database as a released version left it: its migrations as SQL, then a row or more of every table.</summary>
internal static class FilledDatabase
{
    private const string TablesSql =
        """
        SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('public', 'identity') AND c.relkind = 'r' AND c.relname <> 'migrations' ORDER BY 1
        """;

    private const string RowsMark = "-- rows";

    /// <summary>Writes what <see cref="RestoreAsync"/> reads, from a database that scenarios have filled.</summary>
    public static async Task WriteAsync(string admin, string path, CancellationToken ct)
    {
        await using var source = NpgsqlDataSource.Create(admin);
        await using var identity = new IdentityDb(DatabaseSetup.Options<IdentityDb>(source));
        await using var platform = new PlatformDb(DatabaseSetup.Options<PlatformDb>(source));
        var text = new StringBuilder()
            .AppendLine(identity.Database.GetService<IMigrator>().GenerateScript())
            .AppendLine(platform.Database.GetService<IMigrator>().GenerateScript())
            .AppendLine(RowsMark);
        foreach (var table in await AskAsync(admin, TablesSql, ct))
        {
            var columns = string.Join(", ", await AskAsync(
                admin,
                $"SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                ct));
            foreach (var row in await AskAsync(admin, $"SELECT quote_literal(row_to_json(t)::text) FROM {table} t", ct))
            {
                text.Append("INSERT INTO ").Append(table).Append(" (").Append(columns).Append(") OVERRIDING SYSTEM VALUE SELECT ").Append(columns)
                    .Append(" FROM json_populate_record(NULL::").Append(table).Append(", ").Append(row).AppendLine(");");
            }
        }

        await File.WriteAllTextAsync(path, text.ToString().ReplaceLineEndings("\n"), ct);
    }

    public static async Task RestoreAsync(string admin, string path, CancellationToken ct)
    {
        await DatabaseSetup.PrepareAsync(admin, ApiDatabase.Passwords, ct);
        var parts = (await File.ReadAllTextAsync(path, ct)).Split($"{RowsMark}\n");
        await ExecuteAsync(ApiDatabase.As(admin, RoleConnections.OwnerRole), parts[0], ct);
        // As a restore does: rows first, checks of what refers to what not at all.
        await ExecuteAsync(admin, "SET session_replication_role = replica;\n" + parts[1], ct);
    }

    public static async Task<Dictionary<string, long>> CountAsync(string admin, CancellationToken ct)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var table in await AskAsync(admin, TablesSql, ct))
        {
            counts[table] = long.Parse(
                (await AskAsync(admin, $"SELECT count(*)::text FROM {table}", ct))[0], System.Globalization.CultureInfo.InvariantCulture);
        }

        return counts;
    }

    public static async Task<List<string>> AskAsync(string connection, string sql, CancellationToken ct)
    {
        await using var source = NpgsqlDataSource.Create(connection + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        var rows = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private static async Task ExecuteAsync(string connection, string sql, CancellationToken ct)
    {
        await using var source = NpgsqlDataSource.Create(connection + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(ct);
    }
}
