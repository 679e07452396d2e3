using Platform.Api.AiModels;
using Platform.Api.Runs;
using Platform.Contracts;
using Xunit;

namespace Platform.IntegrationTests.Runs;

/// <summary>What rules that need each other make of a study; nothing but the rules.</summary>
public class RulePlanTests
{
    private static readonly StudyOffer Mr = new([new(Guid.CreateVersion7(), "2.25.1", "MR", null, 1, 20)], []);

    private readonly (Rule Rule, AiModel Model) organ = Make("organ");
    private readonly (Rule Rule, AiModel Model) lesion = Make("lesion");
    private readonly (Rule Rule, AiModel Model) growth = Make("growth");

    [Fact]
    public void What_is_needed_comes_first_and_is_as_urgent_as_what_needs_it()
    {
        Needs(lesion, organ);
        Needs(growth, lesion);
        growth.Rule.Lane = Lane.Stat;
        var planned = RulePlan.Of([growth, lesion, organ, Make("other")], Mr);
        Assert.Equal(["organ", "lesion", "growth", "other"], planned.Select(p => p.Rule.Name));
        Assert.Equal([Lane.Stat, Lane.Stat, Lane.Stat, Lane.Routine], planned.Select(p => p.Lane));
    }

    [Fact]
    public void What_needs_a_result_that_will_not_come_does_not_run_and_says_so()
    {
        organ.Rule.Conditions = Rule.Write(new ModelInput("CT", null, false, 0));
        Needs(lesion, organ);
        Needs(growth, lesion);
        var planned = RulePlan.Of([organ, lesion, growth], Mr).ToDictionary(p => p.Rule.Name, p => p.Reason?.Code);
        Assert.Equal(("modality", "input-missing", "input-missing"), (planned["organ"], planned["lesion"], planned["growth"]));
        Assert.Equal("input-missing", RulePlan.Of([lesion], Mr).Single().Reason!.Code); // the other is not active
    }

    [Fact]
    public void A_shadow_runs_where_its_champion_does_and_never_in_haste()
    {
        lesion.Rule.ShadowOf = organ.Rule.Id;
        lesion.Rule.Lane = Lane.Stat;
        var shadow = RulePlan.Of([lesion, organ], Mr).Single(p => p.Rule.ShadowOf is not null);
        Assert.Equal((Lane.Routine, null), (shadow.Lane, shadow.Reason));
        Assert.Equal("champion-missing", RulePlan.Of([lesion], Mr).Single().Reason!.Code);
    }

    [Fact]
    public void What_people_see_is_planned_before_any_shadow_however_urgent()
    {
        lesion.Rule.ShadowOf = organ.Rule.Id;
        var seen = (Rule: Make("seen").Rule, lesion.Model); // the challenger's model, for people
        var planned = RulePlan.Of([lesion, organ, seen], Mr);
        Assert.Equal(["organ", "seen"], planned.Take(2).Select(p => p.Rule.Name).Order());
        Assert.Equal("lesion", planned[2].Rule.Name);
    }

    [Fact]
    public void A_circle_is_found_and_a_diamond_is_none()
    {
        Needs(lesion, organ);
        Needs(growth, lesion, organ);
        Assert.Null(RulePlan.FindCircle([organ.Rule, lesion.Rule, growth.Rule]));
        Needs(organ, growth);
        Assert.NotNull(RulePlan.FindCircle([organ.Rule, lesion.Rule, growth.Rule]));
    }

    private static void Needs((Rule Rule, AiModel Model) rule, params (Rule Rule, AiModel Model)[] needed) =>
        rule.Rule.DependsOn = [.. needed.Select(n => n.Rule.Id)];

    private static (Rule Rule, AiModel Model) Make(string name)
    {
        var model = new AiModel
        {
            Id = Guid.CreateVersion7(), Name = name, Version = "1.0.0", Hash = name, PackageBlob = name, Manifest = "{}", IsActive = true,
        };
        return (
            new Rule
            {
                Id = Guid.CreateVersion7(), ModelId = model.Id, Name = name, IsActive = true, Lane = Lane.Routine,
                Conditions = Rule.Write(new ModelInput("MR", null, false, 2)),
            },
            model);
    }
}
