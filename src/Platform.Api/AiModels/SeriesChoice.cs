using System.Globalization;
using Platform.Api.Studies;
using Platform.Contracts;
using Platform.Inference.Packages;

namespace Platform.Api.AiModels;

/// <summary>A received series as a rule sees it.</summary>
/// <param name="Images">Images of the study version with pixels to read: every frame is one.</param>
internal sealed record SeriesCandidate(Guid Id, string SeriesInstanceUid, string Modality, string? BodyPart, int? Number, int Images)
{
    /// <summary>The study that it belongs to, in the version in which its images were counted.</summary>
    public (Guid Id, int Version) Study { get; init; }

    /// <summary>How it was acquired; null where no rule asks.</summary>
    public SeriesTraits? Traits { get; init; }
}

/// <summary>What a study offers to models.</summary>
/// <param name="Priors">The series of earlier studies of the same patient, the newest study first; empty where no rule asks.</param>
internal sealed record StudyOffer(
    IReadOnlyCollection<SeriesCandidate> Series, IReadOnlyList<IReadOnlyCollection<SeriesCandidate>> Priors);

/// <summary>The series that a model takes.</summary>
/// <param name="Further">Of its further inputs by name.</param>
internal sealed record ChosenSeries(SeriesCandidate First, IReadOnlyList<(string Input, SeriesCandidate Series)> Further);

/// <summary>Why a model does not run: a code for programs, a sentence for people.</summary>
internal sealed record NoAi(string Code, string Reason);

/// <summary>Which series of a study a model takes, or why none.</summary>
internal static class SeriesChoice
{
    /// <summary>The first input's series, then those of the further ones in their order, each series once; results of other runs are not looked at.</summary>
    public static (ChosenSeries? Chosen, NoAi? Reason) Choose(ModelInput input, IReadOnlyList<FurtherInput> further, StudyOffer offer)
    {
        var (first, reason) = Choose(input, offer.Series);
        if (first is null)
        {
            return (null, reason);
        }

        var chosen = new List<(string Input, SeriesCandidate Series)>();
        foreach (var other in further.Where(f => !f.IsOfRun))
        {
            var (series, missing) = other.IsPrior
                ? ChoosePrior(other, offer.Priors)
                : ChooseBeside(other, [.. offer.Series.Where(s => s.Id != first.Id && chosen.TrueForAll(c => c.Series.Id != s.Id))]);
            if (series is not null)
            {
                chosen.Add((other.Name, series));
            }
            else if (other.IsRequired)
            {
                return (null, missing);
            }
        }

        return (new(first, chosen), null);
    }

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

        var acquired = ofBodyPart.Where(s => input.Acquisition is null || s.Traits?.Meets(input.Acquisition) == true).ToList();
        if (acquired.Count == 0)
        {
            return (null, new NoAi("acquisition", $"The model takes a series with {Describe(input.Acquisition!)}; none says that it was acquired so."));
        }

        var best = acquired
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

    private static (SeriesCandidate? Series, NoAi? Reason) ChooseBeside(FurtherInput input, List<SeriesCandidate> others)
    {
        var (series, reason) = Choose(input.ToInput(), others);
        return (series, reason is null ? null : new NoAi(
            "input-series",
            $"The model also needs a series as its input {input.Name} ({Describe(input)}), and the study holds no other that fits. Send it too."));
    }

    private static (SeriesCandidate? Series, NoAi? Reason) ChoosePrior(FurtherInput input, IReadOnlyList<IReadOnlyCollection<SeriesCandidate>> priors)
    {
        var series = priors.Select(prior => Choose(input.ToInput(), prior).Series).FirstOrDefault(s => s is not null);
        return (series, series is not null ? null : new NoAi(
            "prior-missing",
            $"The model compares with an earlier study of the patient ({Describe(input)}), and none is here. Send it first."));
    }

    private static string Describe(FurtherInput input)
    {
        var modalities = string.Join(" or ", [input.Modality, .. input.Modalities ?? []]);
        return input.Acquisition is null ? modalities : $"{modalities} with {Describe(input.Acquisition)}";
    }

    private static string Describe(Acquisition wanted)
    {
        var parts = new List<string>();
        AddTexts("a word like", wanted.Words);
        AddTexts("no word like", wanted.WithoutWords);
        AddTexts("the scanning sequence", wanted.ScanningSequences);
        AddRange("an echo time", wanted.EchoTimeMs);
        AddRange("a repetition time", wanted.RepetitionTimeMs);
        AddRange("an inversion time", wanted.InversionTimeMs);
        if (wanted.Contrast is { } contrast)
        {
            parts.Add(contrast ? "a contrast agent" : "no contrast agent");
        }

        return string.Join(", ", parts);

        void AddTexts(string what, IReadOnlyList<string>? texts)
        {
            if (texts is not null)
            {
                parts.Add($"{what} {string.Join(" or ", texts)}");
            }
        }

        void AddRange(string what, IReadOnlyList<double>? range)
        {
            if (range is not null)
            {
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"{what} of {range[0]} to {range[1]} ms"));
            }
        }
    }

    private static bool TakesBodyPart(ModelInput input, string? bodyPart) => input.BodyParts is not { Count: > 0 } wanted
        || (bodyPart is null ? !input.BodyPartRequired : wanted.Any(part => BodyParts.IsWithin(bodyPart, part)));
}
