using Platform.Api.Studies;
using Platform.Contracts;

namespace Platform.Api.AiModels;

/// <summary>A received series as a rule sees it.</summary>
/// <param name="Images">Images of the study version with pixels to read: every frame is one.</param>
internal sealed record SeriesCandidate(Guid Id, string SeriesInstanceUid, string Modality, string? BodyPart, int? Number, int Images);

/// <summary>Why a model does not run: a code for programs, a sentence for people.</summary>
internal sealed record NoAi(string Code, string Reason);

/// <summary>Which series of a study a model takes, or why none.</summary>
internal static class SeriesChoice
{
    /// <summary>The series with the most images among those that meet the conditions; ties by number, then UID, so that asking again gives the same.</summary>
    public static (SeriesCandidate? Series, NoAi? Reason) Choose(ModelInput input, IReadOnlyCollection<SeriesCandidate> candidates)
    {
        if (candidates.All(s => s.Images == 0))
        {
            return (null, new NoAi("no-images", "The study holds no images that a model could read."));
        }

        var ofModality = candidates.Where(s => s.Images > 0 && input.Takes(s.Modality)).ToList();
        if (ofModality.Count == 0)
        {
            var present = string.Join(", ", candidates.Select(s => s.Modality).Distinct().Order(StringComparer.Ordinal));
            return (null, new NoAi("modality", $"The model takes {string.Join(" or ", [input.Modality, .. input.Modalities ?? []])}; the study holds {present}."));
        }

        var ofBodyPart = ofModality.Where(s => TakesBodyPart(input, s.BodyPart)).ToList();
        if (ofBodyPart.Count == 0)
        {
            var wanted = string.Join(" or ", input.BodyParts ?? []);
            return (null, ofModality.Any(s => s.BodyPart is not null)
                ? new NoAi("body-part", $"The model takes {wanted}; the study shows another part of the body.")
                : new NoAi("body-part-unknown", $"The model takes {wanted}; the study does not say which part of the body it shows."));
        }

        var best = ofBodyPart
            .OrderByDescending(s => s.Images)
            .ThenBy(s => s.Number ?? int.MaxValue)
            .ThenBy(s => s.SeriesInstanceUid, StringComparer.Ordinal)
            .First();
        return best.Images >= input.MinSlices
            ? (best, null)
            : (null, new NoAi(
                "too-few-slices",
                $"The model needs at least {input.MinSlices} slices in one series; the longest has {best.Images}. Send the missing ones."));
    }

    private static bool TakesBodyPart(ModelInput input, string? bodyPart) => input.BodyParts is not { Count: > 0 } wanted
        || (bodyPart is null ? !input.BodyPartRequired : wanted.Any(part => BodyParts.IsWithin(bodyPart, part)));
}
