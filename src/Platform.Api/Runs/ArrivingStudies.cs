using Npgsql;
using Platform.Api.AiModels;
using Platform.Api.Data;
using Platform.Api.Studies;

namespace Platform.Api.Runs;

/// <summary>
/// Looks at studies that are still arriving, for rules that run on a part. Every store leaves a doorbell in <c>work_ready</c>; a study
/// is looked at when it has a new one. Only the active dispatcher does this. What it misses, the complete study makes good.
/// </summary>
internal sealed class ArrivingStudies(TenantScope scopes, PlanRuns plan, TimeProvider clock)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>A tenant without such a rule is asked again after so long.</summary>
    private static readonly TimeSpan RulesHold = TimeSpan.FromSeconds(10);

    private readonly Dictionary<Guid, DateTimeOffset> withoutRules = [];
    private Dictionary<(Guid Tenant, Guid Study), Doorbells> seen = [];
    private DateTimeOffset lookedAt;

    public async Task PlanAsync(NpgsqlConnection system, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (now - lookedAt < LookEvery)
        {
            return;
        }

        lookedAt = now;
        var arriving = await ReadAsync(system, ct);
        foreach (var ((tenant, study), doorbells) in arriving.Where(a => !seen.TryGetValue(a.Key, out var before) || before != a.Value))
        {
            if (withoutRules.GetValueOrDefault(tenant) > now)
            {
                arriving.Remove((tenant, study)); // as if not seen: its next look may find a rule
                continue;
            }

            if (!await scopes.RunAsync(tenant, (db, token) => LookAsync(db, study, token), ct))
            {
                withoutRules[tenant] = now + RulesHold;
            }
        }

        seen = arriving;
    }

    private static async Task<Dictionary<(Guid Tenant, Guid Study), Doorbells>> ReadAsync(NpgsqlConnection system, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"select tenant_id, id, max(seq), count(*) from work_ready where kind = '{StudyCompleter.Kind}' group by tenant_id, id", system);
        var arriving = new Dictionary<(Guid Tenant, Guid Study), Doorbells>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            arriving[(reader.GetGuid(0), reader.GetGuid(1))] = new Doorbells(reader.GetInt64(2), reader.GetInt64(3));
        }

        return arriving;
    }

    /// <summary>False when the tenant has no rule for a part of a study.</summary>
    private async Task<bool> LookAsync(PlatformDb db, Guid studyId, CancellationToken ct)
    {
        var rules = (await RulePlan.ActiveAsync(db, ct))
            .FindAll(r => r.Rule is { ProvisionalAt: not null, ShadowOf: null, DependsOn.Length: 0 });
        if (rules.Count == 0)
        {
            return false;
        }

        // Of a later version there is a whole result already.
        if (await StudyCompletion.LockAsync(db, studyId, ct) is { Status: StudyStatus.Receiving, Version: 1 } study)
        {
            await plan.ForArrivingAsync(db, study, rules, ct);
        }

        return true;
    }

    private sealed record Doorbells(long Last, long Count);
}
