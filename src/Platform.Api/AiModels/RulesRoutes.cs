namespace Platform.Api.AiModels;

/// <summary>What <c>/t/{tenant}/rules</c> answers.</summary>
internal static class RulesRoutes
{
    public static void MapRules(this RouteGroupBuilder tenant)
    {
        var rules = tenant.MapGroup("rules");
        rules.MapListRules();
        rules.MapCreateRule();
        rules.MapChangeRule();
        rules.MapDryRunRules();
        rules.MapCompareShadow();
    }
}
