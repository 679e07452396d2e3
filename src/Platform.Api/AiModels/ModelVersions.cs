using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Inference.Packages;

namespace Platform.Api.AiModels;

/// <summary>The versions of one model that a tenant has stand side by side; at most one of them is active, and it has the rules.</summary>
internal static class ModelVersions
{
    public const string Withdrawn =
        "The platform's operator has withdrawn this package. Activate another version, or take one up: GET models/offers lists them.";

    /// <summary>
    /// Makes a version the active one. The rules of the one before go with it, as the tenant has made them: what needs their results or is
    /// compared with them stays as it is. A challenger that has become the champion is compared no more. The caller saves.
    /// </summary>
    /// <param name="model">Of this tenant; may be new and not saved.</param>
    /// <returns>Null, or a sentence when a rule asks for what this version does not have; then nothing has changed.</returns>
    public static async Task<string?> ActivateAsync(PlatformDb db, AiModel model, AuditLog audit, DateTimeOffset now, CancellationToken ct)
    {
        // :: Step 1: which rules come along, and whether they fit.
        var others = await db.AiModels.Where(m => m.Name == model.Name && m.Id != model.Id).ToListAsync(ct);
        var versions = others.ConvertAll(m => m.Id);
        var rules = await db.Rules.Where(r => r.ModelId == model.Id || versions.Contains(r.ModelId)).ToListAsync(ct);
        var own = rules.Where(r => r.ModelId == model.Id && r.ShadowOf is null).Select(r => r.Name).ToHashSet(StringComparer.Ordinal);

        // Of several of one name that of the active version, else of the latest; the others stay with theirs.
        var coming = rules
            .Where(r => r.ModelId != model.Id && r.ShadowOf is null && !own.Contains(r.Name))
            .Select(r => (Rule: r, Version: others.Find(m => m.Id == r.ModelId)!))
            .OrderByDescending(r => r.Version.IsActive).ThenByDescending(r => r.Version.CreatedAt)
            .Select(r => r.Rule)
            .DistinctBy(r => r.Name, StringComparer.Ordinal)
            .ToList();
        var manifest = model.ReadPackage();
        foreach (var rule in coming)
        {
            if (PackageParameters.Apply(manifest, rule.ReadParameters()).Problem is { } problem)
            {
                return $"The rule {rule.Name} does not fit version {model.Version}: {problem} Change the rule first.";
            }
        }

        // :: Step 2: the versions.
        foreach (var other in others.Where(m => m.IsActive))
        {
            other.IsActive = false;
            audit.Record(db, "model.deactivate", "model", other.Id.ToString());
        }

        model.IsActive = true;
        audit.Record(db, "model.activate", "model", model.Id.ToString());

        // :: Step 3: the rules. A challenger does not keep its champion from its name. One that stands as the package wrote it becomes what this package writes.
        foreach (var challenger in rules.Where(r => r.ModelId == model.Id && r.ShadowOf is not null && coming.Exists(c => c.Name == r.Name)))
        {
            challenger.Name = $"{challenger.Name} ({challenger.Id:N})";
        }

        foreach (var rule in coming)
        {
            if (rule.Conditions == Rule.Write(others.Find(m => m.Id == rule.ModelId)!.ReadSummary().Input))
            {
                rule.Conditions = Rule.Write(model.ReadSummary().Input);
            }

            rule.ModelId = model.Id;
            audit.Record(db, "rule.change", "rule", rule.Id.ToString(), AuditOutcome.Success, $"model {model.Id}");
        }

        var seen = rules.Where(r => r.ModelId == model.Id && r.ShadowOf is null).Select(r => r.Id).ToHashSet();
        foreach (var challenger in rules.Where(r => r.IsActive && r.ModelId == model.Id && r.ShadowOf is { } champion && seen.Contains(champion)))
        {
            challenger.IsActive = false;
            audit.Record(db, "rule.deactivate", "rule", challenger.Id.ToString());
        }

        if (seen.Count == 0)
        {
            db.Rules.Add(Rule.From(model, model.ReadSummary(), now));
        }

        return null;
    }

    /// <summary>The first of a version's rules whose results people see.</summary>
    public static Task<Rule?> MainRuleAsync(PlatformDb db, AiModel model, CancellationToken ct) => db.Rules.AsNoTracking()
        .Where(r => r.ModelId == model.Id && r.IsActive && r.ShadowOf == null)
        .OrderBy(r => r.Id)
        .FirstOrDefaultAsync(ct);

    /// <summary>False where operators have withdrawn it; what the installation brought along nobody withdraws.</summary>
    public static async Task<bool> MayRunAsync(IdentityDb identities, AiModel model, CancellationToken ct) =>
        !await identities.ModelPackages.AnyAsync(p => p.Hash == model.Hash && p.Status != PackageStatus.Approved, ct);
}
