using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Api.Security;
using Platform.Contracts;
using Platform.Inference.Packages;

namespace Platform.Api.AiModels;

/// <summary>A rule as an administrator writes it, and how it is checked.</summary>
internal static class RuleDraft
{
    /// <summary>A rule as it is to be.</summary>
    /// <param name="ModelId">A model version of this tenant.</param>
    /// <param name="Lane">Routine unless it says Stat.</param>
    /// <param name="DeadlineMinutes">From the study's completion; null takes the lane's own.</param>
    /// <param name="DependsOn">Rules whose results this one needs.</param>
    /// <param name="ShadowOf">The rule that this one silently challenges; null for one whose results people see.</param>
    /// <param name="Thresholds">The least probability at which a label of the model is reported here; none takes the package's own.</param>
    /// <param name="ProvisionalAt">Instances of a series with which to run before the study is complete; null waits for the whole.</param>
    public sealed record Request(
        [property: Required, StringLength(100, MinimumLength = 1)] string Name,
        Guid ModelId,
        Lane? Lane,
        [property: Range(1, 7 * 24 * 60)] int? DeadlineMinutes,
        [property: Required] Condition Conditions,
        [property: MaxLength(16)] IReadOnlyList<Guid>? DependsOn,
        Guid? ShadowOf,
        [property: Range(1, 100_000)] int? ProvisionalAt,
        bool? IsActive,
        [property: MaxLength(255)] IReadOnlyDictionary<int, double>? Thresholds = null);

    /// <summary>The series that the study must have.</summary>
    /// <param name="Modality">DICOM modality, e.g. <c>MR</c>.</param>
    /// <param name="BodyParts">Any of which will do; empty takes every one.</param>
    /// <param name="BodyPartRequired">False also takes a series whose body part nobody stated.</param>
    /// <param name="MinSlices">The fewest instances of a usable series.</param>
    /// <param name="Modalities">Other modalities that will do as well.</param>
    /// <param name="Acquisition">How the series must have been acquired; null takes every one.</param>
    public sealed record Condition(
        [property: Required, RegularExpression("^[A-Z][A-Z0-9_]{0,15}$")] string Modality,
        [property: MaxLength(64)] IReadOnlyList<string>? BodyParts,
        bool BodyPartRequired,
        [property: Range(0, 100_000)] int MinSlices,
        [property: MaxLength(16)] IReadOnlyList<string>? Modalities = null,
        Acquisition? Acquisition = null)
    {
        public ModelInput ToInput() => new(Modality, BodyParts, BodyPartRequired, MinSlices) { Modalities = Modalities, Acquisition = Acquisition };
    }

    /// <summary>The rule that this would make, or one sentence that says why it may not be.</summary>
    /// <param name="id">Of the rule that is changed, or of a new one.</param>
    /// <returns>Neither a rule nor a sentence when it names something that this tenant does not have.</returns>
    public static async Task<(Rule? Rule, string? Problem)> CheckAsync(
        Request draft, PlatformDb db, IdentityDb identities, Guid id, CancellationToken ct)
    {
        // Held until the transaction ends: two changes that are each sound could make a circle together.
        await db.Tenants.FromSql($"select * from tenants where tenant_id = {db.TenantId} for no key update").SingleAsync(ct);
        var model = await db.AiModels.AsNoTracking().SingleOrDefaultAsync(m => m.Id == draft.ModelId, ct);
        var others = (await db.Rules.AsNoTracking().ToListAsync(ct)).FindAll(r => r.Id != id);
        var needed = (draft.DependsOn ?? []).Distinct().ToArray();
        if (model is null || needed.Append(draft.ShadowOf ?? Guid.Empty).Any(n => n != Guid.Empty && n != id && others.TrueForAll(r => r.Id != n)))
        {
            return (null, null);
        }

        var rule = ToRule(draft, db.TenantId, id, needed);
        var champion = others.Find(r => r.Id == rule.ShadowOf);
        var (_, parameterProblem) = PackageParameters.Apply(model.ReadPackage(), rule.ReadParameters());
        return rule switch
        {
            _ when parameterProblem is not null => (null, parameterProblem),
            _ when draft.Conditions.Acquisition?.IsComplete() == false =>
                (null, "conditions.acquisition has words, and times of a least and a greatest number of milliseconds."),
            _ when rule.ProvisionalAt is not null && model.ReadFurtherInputs().Count > 0 =>
                (null, "A model that takes several inputs waits for the whole study: leave provisionalAt out."),
            _ when rule is { IsActive: true, ShadowOf: not null } && !await ModelVersions.MayRunAsync(identities, model, ct) =>
                (null, ModelVersions.Withdrawn),
            _ when RulePlan.FindCircle([.. others, rule]) is { } circular =>
                (null, $"In the end the rule {circular.Name} would need its own result. Take one of the rules out of the circle."),
            _ when others.Any(r => r.ShadowOf is not null && needed.Contains(r.Id)) =>
                (null, "A shadow rule's result is for comparison only: no other rule can need it."),
            _ when others.Any(r => r.ShadowOf == id) && rule.ShadowOf is not null =>
                (null, "Another rule is the shadow of this one: it cannot be a shadow itself."),
            _ when champion is { ShadowOf: not null } => (null, "A shadow rule cannot be challenged: name the rule whose results people see."),
            _ when champion?.ModelId == rule.ModelId => (null, "A model cannot challenge itself: name another model or version."),
            _ when rule.ProvisionalAt is not null && (rule.ShadowOf is not null || needed.Length > 0) =>
                (null, "Only a rule that needs no other result, and that people see, can run on a part of a study."),
            _ => (rule, null),
        };
    }

    private static Rule ToRule(Request draft, Guid tenantId, Guid id, Guid[] dependsOn) => new()
    {
        TenantId = tenantId,
        Id = id,
        ModelId = draft.ModelId,
        Name = draft.Name,
        IsActive = draft.IsActive ?? true,
        Lane = draft.Lane ?? Lane.Routine,
        DeadlineMinutes = draft.DeadlineMinutes,
        Conditions = Rule.Write(draft.Conditions.ToInput()),
        DependsOn = dependsOn,
        ShadowOf = draft.ShadowOf,
        ProvisionalAt = draft.ProvisionalAt,
        Thresholds = Rule.Write(draft.Thresholds ?? new Dictionary<int, double>()),
    };
}
