using Npgsql;
using Platform.IntegrationTests.Hosts;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Data;

/// <summary>What PostgreSQL's own catalogue says of every table, so that a later one cannot be forgotten.</summary>
public class CatalogueTests(TestServices services)
{
    private const string IsOwnRow = "(tenant_id = ( SELECT (current_setting('app.tenant'::text))::uuid AS current_setting))";
    private static readonly string[] SystemTables = ["inbox", "outbox", "work_ready"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_the_three_system_tables_belong_to_no_tenant()
    {
        var without = await AskAsync(
            """
            SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity ORDER BY 1
            """);
        Assert.Equal(SystemTables, without);
    }

    [Fact]
    public async Task Every_table_of_tenants_has_a_tenant_that_cannot_be_null()
    {
        Assert.NotEmpty(await TenantTablesAsync());
        await NothingAsync(
            """
            SELECT c.relname FROM tenant_tables c WHERE NOT EXISTS (
                SELECT FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.atttypid = 'uuid'::regtype AND a.attnotnull)
            """);
    }

    [Fact]
    public async Task Row_security_binds_the_owner_too() =>
        await NothingAsync("SELECT relname FROM tenant_tables WHERE NOT (relrowsecurity AND relforcerowsecurity)");

    [Fact]
    public async Task Each_table_has_one_policy_for_reading_and_writing_and_a_forgotten_tenant_is_an_error()
    {
        await NothingAsync("SELECT relname FROM tenant_tables c WHERE (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) <> 1");
        await NothingAsync(
            $"""
            SELECT c.relname || ': ' || pg_get_expr(p.polqual, p.polrelid) FROM tenant_tables c JOIN pg_policy p ON p.polrelid = c.oid
            WHERE p.polcmd <> '*' OR NOT p.polpermissive OR p.polroles <> ARRAY[0::oid]
               OR pg_get_expr(p.polqual, p.polrelid) IS DISTINCT FROM $${IsOwnRow}$$
               OR pg_get_expr(p.polwithcheck, p.polrelid) IS DISTINCT FROM $${IsOwnRow}$$
            """);
    }

    [Fact]
    public async Task Every_primary_and_unique_index_leads_with_the_tenant()
    {
        await NothingAsync(
            "SELECT relname FROM tenant_tables c WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)");
        await NothingAsync(
            """
            SELECT i.indexrelid::regclass::text FROM tenant_tables c JOIN pg_index i ON i.indrelid = c.oid
            WHERE (i.indisunique OR i.indisprimary) AND NOT EXISTS (
                SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = i.indkey[0] AND a.attname = 'tenant_id')
            """);
    }

    [Fact]
    public async Task Every_foreign_key_carries_the_tenant_to_the_tenant() =>
        await NothingAsync(
            """
            SELECT k.conname FROM tenant_tables c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
            WHERE NOT EXISTS (
                SELECT FROM generate_subscripts(k.conkey, 1) i
                JOIN pg_attribute here ON here.attrelid = k.conrelid AND here.attnum = k.conkey[i] AND here.attname = 'tenant_id'
                JOIN pg_attribute there ON there.attrelid = k.confrelid AND there.attnum = k.confkey[i] AND there.attname = 'tenant_id')
            """);

    [Fact]
    public async Task No_exclusion_constraint_trigger_or_rule_looks_past_the_tenant() =>
        await NothingAsync(
            """
            SELECT conname FROM pg_constraint WHERE contype = 'x'
            UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT rulename FROM pg_rules WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
            """);

    [Fact]
    public async Task Roles_that_serve_requests_own_nothing_and_bypass_nothing()
    {
        await NothingAsync(
            """
            SELECT rolname FROM pg_roles WHERE rolname LIKE 'platform\_%'
              AND (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication OR rolinherit)
            """);
        await NothingAsync(
            """
            SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
            WHERE r.rolname IN ('platform_app', 'platform_identity', 'platform_system')
            UNION ALL SELECT n.nspname FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
            WHERE r.rolname IN ('platform_app', 'platform_identity', 'platform_system')
            UNION ALL SELECT p.proname FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
            WHERE r.rolname IN ('platform_app', 'platform_identity', 'platform_system')
            """);
        await NothingAsync(
            """
            SELECT m.rolname || ' is a member of ' || g.rolname FROM pg_auth_members a
            JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid WHERE m.rolname LIKE 'platform\_%'
            """);
    }

    [Fact]
    public async Task Nobody_but_the_owner_may_truncate_reference_or_add_triggers() =>
        await NothingAsync(
            """
            SELECT c.oid::regclass || ' ' || r.rolname || ' ' || p.kind FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('public', 'identity', 'migrations')
            CROSS JOIN (VALUES ('platform_app'), ('platform_identity'), ('platform_system')) r (rolname)
            CROSS JOIN (VALUES ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) p (kind)
            WHERE c.relkind IN ('r', 'p') AND has_table_privilege(r.rolname, c.oid, p.kind)
            """);

    [Fact]
    public async Task Each_role_sees_its_own_schema_only()
    {
        await NothingAsync(
            """
            SELECT c.oid::regclass || ' ' || r.rolname FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN (VALUES ('platform_app', 'identity'), ('platform_app', 'migrations'), ('platform_identity', 'public'),
                         ('platform_identity', 'migrations'), ('platform_system', 'identity'), ('platform_system', 'migrations'))
                 r (rolname, nspname) ON r.nspname = n.nspname
            WHERE c.relkind IN ('r', 'p') AND has_table_privilege(r.rolname, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
            """);
        await NothingAsync(
            """
            SELECT relname FROM tenant_tables c WHERE has_table_privilege('platform_system', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
            UNION ALL SELECT relname FROM pg_class WHERE oid IN ('outbox'::regclass, 'inbox'::regclass, 'work_ready'::regclass)
              AND has_table_privilege('platform_app', oid, 'SELECT, UPDATE, DELETE')
            UNION ALL SELECT 'create in ' || n.nspname FROM pg_namespace n
            WHERE n.nspname IN ('public', 'identity', 'migrations') AND (has_schema_privilege('platform_app', n.oid, 'CREATE')
              OR has_schema_privilege('platform_identity', n.oid, 'CREATE') OR has_schema_privilege('platform_system', n.oid, 'CREATE'))
            """);
    }

    [Fact]
    public async Task An_audit_event_of_a_tenant_or_an_operator_can_be_added_and_read_but_neither_changed_nor_removed() =>
        await NothingAsync(
            """
            SELECT 'audit_events' WHERE has_table_privilege('platform_app', 'audit_events', 'UPDATE, DELETE')
            UNION ALL SELECT 'operator_events' WHERE has_table_privilege('platform_identity', 'identity.operator_events', 'UPDATE, DELETE')
            """);

    [Fact]
    public async Task Nothing_runs_with_the_rights_of_its_definer() =>
        await NothingAsync(
            """
            SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
            UNION ALL SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
              AND (c.relkind = 'm' OR (c.relkind = 'v' AND NOT coalesce(c.reloptions, '{}') @> ARRAY['security_invoker=true']))
            """);

    private static async Task<List<string>> AskAsync(string connection, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand(
            $"""
            WITH tenant_tables AS (
                SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname NOT IN ('inbox', 'outbox', 'work_ready'))
            {sql}
            """);
        var rows = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(Ct);
        while (await reader.ReadAsync(Ct))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private async Task<List<string>> AskAsync(string sql)
    {
        var settings = await ApiDatabase.CreateAsync(services, Ct);
        return await AskAsync(await ApiDatabase.AdminAsync(services, settings), sql);
    }

    private Task<List<string>> TenantTablesAsync() => AskAsync("SELECT relname FROM tenant_tables");

    private async Task NothingAsync(string sql) => Assert.Empty(await AskAsync(sql));
}
