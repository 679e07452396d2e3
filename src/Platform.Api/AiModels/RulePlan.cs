using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Contracts;

namespace Platform.Api.AiModels;

/// <summary>What a rule makes of a study: the series that its model takes, or why it does not run.</summary>
/// <param name="Lane">The rule's, or that of a more urgent rule which needs this one's result.</param>
internal sealed record PlannedRule(Rule Rule, AiModel Model, Lane Lane, SeriesCandidate? Series, NoAi? Reason)
{
    /// <summary>The series of the model's further inputs, by name; empty where it takes one series, or does not run.</summary>
    public IReadOnlyList<(string Input, SeriesCandidate Series)> Further { get; init; } = [];

    /// <summary>Time to the result; null takes the lane's.</summary>
    public TimeSpan? Target => Rule.DeadlineMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null;
}

/// <summary>A tenant's rules on one study. The same for planning and for a dry run; it changes nothing.</summary>
internal static class RulePlan
{
    // When no model takes the study, people are told of the one that came nearest.
    private static readonly string[] FromFarToNear =
    [
        "no-images", "modality", "body-part", "body-part-unknown", "acquisition", "too-few-slices", "input-series", "prior-missing", "input-missing",
    ];

    /// <summary>The active rules of active versions; a version that is not the active one can challenge it.</summary>
    public static async Task<List<(Rule Rule, AiModel Model)>> ActiveAsync(PlatformDb db, CancellationToken ct) =>
        (await db.Rules.AsNoTracking()
            .Where(r => r.IsActive)
            .Join(db.AiModels.AsNoTracking(), r => r.ModelId, m => m.Id, (rule, model) => new { rule, model })
            .Where(r => r.model.IsActive || r.rule.ShadowOf != null)
            .ToListAsync(ct))
        .ConvertAll(r => (r.rule, r.model));

    /// <summary>The series that these rules ask for.</summary>
    public static List<(ModelInput First, IReadOnlyList<FurtherInput> Further)> Asked(IEnumerable<(Rule Rule, AiModel Model)> rules) =>
        [.. rules.Select(r => (r.Rule.ReadConditions(), r.Model.ReadFurtherInputs()))];

    /// <summary>Of several reasons the one that came nearest to a run.</summary>
    public static NoAi Nearest(IEnumerable<NoAi> reasons) =>
        reasons.MaxBy(r => Array.IndexOf(FromFarToNear, r.Code))
            ?? new NoAi("no-rules", "No AI model is active here. A tenant administrator can activate one.");

    /// <summary>Every rule, shadows last, else those with more urgent lanes first, and each after the ones that it needs.</summary>
    public static IReadOnlyList<PlannedRule> Of(IReadOnlyCollection<(Rule Rule, AiModel Model)> rules, StudyOffer offer)
    {
        var byId = rules.ToDictionary(r => r.Rule.Id);
        var planned = new Dictionary<Guid, PlannedRule>();
        var order = new List<Guid>();
        foreach (var rule in rules.OrderBy(r => r.Rule.Id))
        {
            Visit(rule);
        }

        // A result is as urgent as the most urgent run that builds on it.
        foreach (var id in Enumerable.Reverse(order))
        {
            var plan = planned[id];
            foreach (var needed in plan.Rule.DependsOn.Where(n => plan is { Series: not null, Rule.ShadowOf: null } && planned.ContainsKey(n)))
            {
                planned[needed] = planned[needed] with { Lane = (Lane)Math.Min((int)planned[needed].Lane, (int)plan.Lane) };
            }
        }

        // A stable sort: what is needed stays before what needs it. Of a shadow and a rule of the same model that people see, theirs is run.
        return [.. order.Select(id => planned[id]).OrderBy(p => p.Rule.ShadowOf is not null).ThenBy(p => p.Lane)];

        void Visit((Rule Rule, AiModel Model) rule)
        {
            if (planned.ContainsKey(rule.Rule.Id))
            {
                return;
            }

            foreach (var needed in Needed(rule.Rule).Where(byId.ContainsKey))
            {
                Visit(byId[needed]);
            }

            var (chosen, reason) = SeriesChoice.Choose(rule.Rule.ReadConditions(), rule.Model.ReadFurtherInputs(), offer);
            if (chosen is not null && MissingOf(rule.Rule, rule.Model) is { } missing)
            {
                (chosen, reason) = (null, missing);
            }

            planned[rule.Rule.Id] = new PlannedRule(
                rule.Rule, rule.Model, rule.Rule.ShadowOf is null ? rule.Rule.Lane : Lane.Routine, chosen?.First, reason)
            {
                Further = chosen?.Further ?? [],
            };
            order.Add(rule.Rule.Id);
        }

        NoAi? MissingOf(Rule rule, AiModel model)
        {
            var unnamed = model.ReadFurtherInputs().FirstOrDefault(f => f is { IsOfRun: true, IsRequired: true }
                && !rule.DependsOn.Any(id => byId.TryGetValue(id, out var other) && other.Model.Name == f.Model));
            if (unnamed is not null)
            {
                return new NoAi("input-missing", $"The model needs the result of {unnamed.Model}: an administrator can let its rule wait for an active rule of that model.");
            }

            foreach (var needed in rule.DependsOn.Where(id => planned.GetValueOrDefault(id)?.Series is null))
            {
                var name = byId.TryGetValue(needed, out var other) ? $"the rule {other.Rule.Name}" : "a rule that is not active";
                return new NoAi("input-missing", $"It needs the result of {name}, which does not run on this study.");
            }

            return rule.ShadowOf is { } champion && planned.GetValueOrDefault(champion)?.Series is null
                ? new NoAi("champion-missing", "The rule that it is compared with does not run on this study.")
                : null;
        }
    }

    /// <summary>One rule that would need itself in the end, were <paramref name="rules"/> to stand; null when there is none.</summary>
    public static Rule? FindCircle(IReadOnlyCollection<Rule> rules)
    {
        var byId = rules.ToDictionary(r => r.Id);
        var done = new HashSet<Guid>();
        return rules.FirstOrDefault(rule => IsCircular(rule, []));

        bool IsCircular(Rule rule, HashSet<Guid> above)
        {
            if (done.Contains(rule.Id))
            {
                return false;
            }

            if (!above.Add(rule.Id))
            {
                return true;
            }

            var isCircular = Needed(rule).Any(id => byId.TryGetValue(id, out var needed) && IsCircular(needed, above));
            above.Remove(rule.Id);
            if (!isCircular)
            {
                done.Add(rule.Id);
            }

            return isCircular;
        }
    }

    private static IEnumerable<Guid> Needed(Rule rule) => rule.ShadowOf is { } champion ? rule.DependsOn.Append(champion) : rule.DependsOn;
}
