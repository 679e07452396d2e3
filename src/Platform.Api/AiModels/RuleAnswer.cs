using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Api.Runs;
using Platform.Contracts;

namespace Platform.Api.AiModels;

/// <summary>A rule as the API shows it.</summary>
internal sealed record RuleAnswer(
    Guid Id,
    string Name,
    Guid ModelId,
    string Model,
    string ModelVersion,
    bool IsModelActive,
    bool IsActive,
    Lane Lane,
    int? DeadlineMinutes,
    ModelInput Conditions,
    IReadOnlyList<Guid> DependsOn,
    Guid? ShadowOf,
    int? ProvisionalAt,
    IReadOnlyDictionary<int, double> Thresholds)
{
    public static RuleAnswer Of(Rule rule, AiModel model) => new(
        rule.Id,
        rule.Name,
        model.Id,
        model.Name,
        model.Version,
        model.IsActive,
        rule.IsActive,
        rule.Lane,
        rule.DeadlineMinutes,
        rule.ReadConditions(),
        rule.DependsOn,
        rule.ShadowOf,
        rule.ProvisionalAt,
        rule.ReadThresholds());

    internal static ProblemHttpResult NoSuchRule() => TypedResults.Problem(
        "No such rule. GET rules lists those of this tenant.", statusCode: StatusCodes.Status404NotFound);

    internal static ProblemHttpResult NoSuchThing() => TypedResults.Problem(
        "The rule names a model or a rule that is not there. GET models and GET rules list them.", statusCode: StatusCodes.Status404NotFound);

    internal static ProblemHttpResult NameTaken() => TypedResults.Problem(
        "This model has a rule of this name already: choose another.", statusCode: StatusCodes.Status409Conflict);
}
