using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Platform.Contracts;
using Platform.Inference.Volumes;

namespace Platform.Inference.Packages;

/// <summary>Reads a manifest and refuses one that the engine could not follow to the letter.</summary>
public static partial class ManifestCheck
{
    private const int MaxBytes = 1 << 20;
    private const int MaxPatchVoxels = 512 * 512 * 512;

    /// <summary>Of all inputs of a batch together: 2 GiB, and what one span holds.</summary>
    private const long MaxBoundValues = 1L << 29;
    private const int MaxFurtherInputs = 15;
    private const string AcquisitionNeeds = "acquisition must have words, and times of a least and a greatest number of milliseconds.";

    /// <summary>Parses <c>manifest.json</c>.</summary>
    /// <exception cref="PackageRefusedException">Not JSON, or a member is missing, contradictory or unknown to this engine.</exception>
    public static PackageManifest Parse(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaxBytes)
        {
            throw Refused($"it is over {MaxBytes >> 10} KiB.");
        }

        PackageManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<PackageManifest>(json, PlatformJson.Manifest);
            Require(!HoldsNullInList(json), "a list holds null.");
            _ = ModelSummary.Parse(Encoding.UTF8.GetString(json)); // the rules read it so
            _ = FurtherInput.Parse(Encoding.UTF8.GetString(json));
        }
        catch (JsonException e)
        {
            throw Refused($"it is not as expected at {e.Path}.");
        }
        catch (InvalidDataException)
        {
            throw Refused("name, version and what the rules read of input are needed.");
        }

        return Checked(manifest ?? throw Refused("it is empty."));
    }

    private static bool HoldsNullInList(ReadOnlySpan<byte> json)
    {
        var isList = new Stack<bool>();
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartArray or JsonTokenType.StartObject:
                    isList.Push(reader.TokenType == JsonTokenType.StartArray);
                    break;
                case JsonTokenType.EndArray or JsonTokenType.EndObject:
                    isList.Pop();
                    break;
                case JsonTokenType.String when reader.ValueSpan.StartsWith("FILL: "u8):
                    throw new PackageRefusedException("manifest-unfilled", "The manifest still has a place to fill: a text that begins with FILL.");
                case JsonTokenType.Null when isList.TryPeek(out var inList) && inList:
                    return true;
            }
        }

        return false;
    }

    private static PackageManifest Checked(PackageManifest manifest)
    {
        Require(manifest.Schema == PackageManifest.KnownSchema, $"schema must be {PackageManifest.KnownSchema}.");
        Require(manifest.Name is { } name && Identifier().IsMatch(name), "name must be a lower-case identifier: letters, digits and .-_, to 64.");
        Require(manifest.Version is { } version && VersionText().IsMatch(version), "version must be like 1.2.0, to 32 letters, digits and .-+.");
        Require(manifest.Model?.Sha256?.Length == 64 && manifest.Model.File is null or ModelPackageZip.ModelFile, "model.sha256 is needed.");
        Require(manifest.Input is { Modality.Length: > 0, Name.Length: > 0 }, "input.modality and input.name are needed.");
        CheckInput(manifest.Input!);
        Require(manifest.Outputs is [{ Type: "segmentation" or "detection" or "classification" or "regression" or "image" }],
            "outputs must be one segmentation, detection, classification, regression or image.");
        Require(manifest.Outputs![0].IsVector || !manifest.Input!.IsPlanar,
            "an image (input.dimensions 2) has a classification or a regression.");
        CheckQuality(manifest.Quality, manifest.Input!.IsPlanar);
        Require(manifest.IsWhole || manifest.Input is { Size: null, Fit: null, PadValue: null },
            "input.size, fit and padValue are those of an image, or of a volume with a classification or a regression.");
        if (manifest.Input.IsPlanar)
        {
            manifest = Planar(manifest);
        }
        else if (manifest.IsWhole)
        {
            manifest = WholeVolume(manifest);
        }
        else if (manifest.Outputs[0].IsImage)
        {
            Require(manifest.Input is { Modality: "MR" or "CT", Modalities: null }, "an image output needs the modality MR or CT, whose images are written.");
            manifest = manifest with { Outputs = [manifest.Outputs[0] with { Segments = manifest.Outputs[0].Segments ?? [] }] };
        }

        CheckWindow(manifest.Window ?? throw Refused("window is needed."));
        CheckFurtherInputs(manifest);
        var patch = manifest.Window.Patch.Aggregate((long)(manifest.Window.Batch ?? 1), (product, n) => product * n);
        Require(
            patch * (manifest.Channels + manifest.OwnInputs.Count()) <= MaxBoundValues,
            $"window.patch, window.batch, window.slices and furtherInputs together are too large: the graph may take {MaxBoundValues} values at once.");
        CheckOutput(manifest.Outputs[0]);
        Require(
            manifest.Input.TakesEveryFrame ? manifest.Outputs[0].AcrossFrames is "maximum" or "mean" or "median" : manifest.Outputs[0].AcrossFrames is null,
            "outputs.acrossFrames must be maximum, mean or median with input.frames all, and stands with it alone.");
        Require(manifest.Limits is not { Seconds: <= 0 } and not { MemoryMb: <= 0 }, "limits must be positive.");
        Require(manifest.Golden?.All(IsComplete) ?? true, "golden cases must be complete and of kind tensor, volume, detections or image.");
        Require(manifest.Golden?.All(g => g.Kind != "detections" || manifest.Outputs[0].IsDetection) ?? true, "golden detections need an output of type detection.");
        Require(
            manifest.Golden?.All(g => g.Kind != "image" || (manifest.Input.IsPlanar && HasColours(g, manifest.Input) && IsWhole(g, manifest.Outputs[0]))) ?? true,
            "golden images are [y, x], of input.colour rgb [3, y, x]; they need a classification and a probability of each class, or a regression and each of its values.");
        Require(
            manifest.Golden?.All(g => g.Kind != "volume" || (!manifest.Input.IsPlanar && IsWhole(g, manifest.Outputs[0]))) ?? true,
            "golden volumes need a segmentation and volumes, a classification and a probability of each class, or a regression and each of its values.");
        Require(manifest.Golden?.All(g => AreFurtherInputs(g, manifest)) ?? true,
            "golden.furtherInputs of a tensor must name each further input of the graph, of a series at least each that is required.");
        return manifest;
    }

    private static bool AreFurtherInputs(GoldenCase golden, PackageManifest manifest)
    {
        var given = golden.FurtherInputs?.Keys.ToHashSet(StringComparer.Ordinal) ?? [];
        var isTensor = golden.Kind == "tensor";
        var known = (isTensor ? manifest.OwnInputs : manifest.FurtherInputs ?? []).ToList();
        return known.Where(f => isTensor || f.IsRequired).All(f => given.Contains(f.Name)) && given.IsSubsetOf(known.Select(f => f.Name))
            && (golden.FurtherInputs?.Values.All(IsComplete) ?? true)
            && (isTensor || (golden.FurtherInputs?.Values.All(t => t.Shape.SequenceEqual(golden.Input.Shape)) ?? true));
    }

    private static void CheckFurtherInputs(PackageManifest manifest)
    {
        if (manifest.FurtherInputs is not { } further)
        {
            return;
        }

        Require(!manifest.Input.IsPlanar, "furtherInputs come onto the grid of a volume: they do not stand with input.dimensions 2.");
        Require(manifest.Window.Slices is null, "furtherInputs need a graph of three dimensions: they do not stand with window.slices.");
        Require(further.Count is >= 1 and <= MaxFurtherInputs, $"furtherInputs must be 1 to {MaxFurtherInputs}; leave it out where the model takes one series.");
        Require(further.All(f => f.Name is { Length: >= 1 and <= 64 }) && further.Select(f => f.Name).Append(manifest.Input.Name).Distinct().Count() == further.Count + 1,
            "each of furtherInputs needs a name of its own, to 64 characters.");
        foreach (var input in further)
        {
            CheckFurtherInput(input);
        }
    }

    private static void CheckFurtherInput(FurtherInputSpec input)
    {
        Require(input.From is null or "study" or "prior" or "run", "furtherInputs.from must be study, prior or run.");
        Require(input.As is null or "channel" or "input", "furtherInputs.as must be channel or input.");
        Require(input.Fill is null || float.IsFinite(input.Fill.Value), "furtherInputs.fill must be a number.");
        Require(input.FrameOfReference is null or "same" or "any", "furtherInputs.frameOfReference must be same or any.");
        Require(input.MaxOffsetMm is null || input is { FrameOfReference: "any", MaxOffsetMm: > 0 and <= 10_000, IsOfRun: false },
            "furtherInputs.maxOffsetMm must be a length, with frameOfReference any, of a series.");
        Require(input.MinCoverage is null or (> 0 and <= 1), "furtherInputs.minCoverage must be above 0, at most 1.");
        Require(input.Interpolation is null or "nearest" or "linear" or "cubic", "furtherInputs.interpolation must be nearest, linear or cubic.");
        Require(input.Several is null or "first" or "last", "furtherInputs.several must be first or last.");
        Require(AreLengths(input.MaxSpacingMm), "furtherInputs.maxSpacingMm must be three lengths.");
        Require(input.Acquisition?.IsComplete() ?? true, AcquisitionNeeds);
        Require(input.Intensity?.All(IsComplete) ?? true, "furtherInputs.intensity has an unknown or incomplete transform.");
        if (input.IsOfRun)
        {
            Require(input.Model is { } model && Identifier().IsMatch(model), "furtherInputs.model must name the model whose segmentation it is, with from run.");
            Require(input.Segments is null || (input.Segments is { Count: >= 1 and <= 255 } && input.Segments.All(s => s is >= 1 and <= 255)),
                "furtherInputs.segments must be numbers 1 to 255.");
            Require(
                input is { Modality: null, Modalities: null, BodyParts: null, MinSlices: 0, MaxSpacingMm: null }
                    and { Acquisition: null, Several: null, Interpolation: null, MinCoverage: null },
                "furtherInputs with from run are labels: the conditions of a series, several, interpolation and minCoverage do not stand with it.");
        }
        else
        {
            Require(input.Modality is { Length: > 0 }, "furtherInputs.modality is needed.");
            Require(input is { Model: null, Segments: null }, "furtherInputs.model and segments need from run.");
        }
    }

    private static bool HasColours(GoldenCase golden, InputSpec input) => input.IsRgb ? golden.Input.Shape is [3, _, _] : golden.Input.Shape.Count == 2;

    private static bool IsWhole(GoldenCase golden, OutputSpec output) => output switch
    {
        { IsRegression: true } => golden.ExpectedValues?.Count == output.Values!.Count && golden.AbsoluteTolerance is not null,
        { IsClassification: true } => golden.ExpectedProbabilities?.Count == output.Classes!.Count && golden.AbsoluteTolerance is not null,
        _ => golden is { ExpectedMm3: not null, RelativeTolerance: not null },
    };

    private static void CheckQuality(QualitySpec? quality, bool isPlanar)
    {
        Require(quality is null or { MinSnr: null or > 0, MinSharpness: null or > 0, MaxClippedShare: null or (> 0 and <= 1) },
            "quality's bars must be positive, a share at most 1.");
        Require(
            quality?.OutOfDistribution is not { } training
                || (isPlanar && training is { MaxScore: > 0, Features.Count: > 0 }
                    && training.Features.All(f => f is { Deviation: > 0 } && FeatureSpec.Names.Contains(f.Name))),
            "quality.outOfDistribution needs an image, features of known names with a positive deviation, and a maxScore.");
    }

    /// <summary>An image goes through the graph whole: a patch of its size, one slice deep.</summary>
    private static PackageManifest Planar(PackageManifest manifest)
    {
        var input = manifest.Input;
        Require(manifest.Window is null, "window does not stand with input.dimensions 2.");
        Require(input.Size is { Count: 2 } && input.Size.All(n => n is >= 1 and <= 4096), "input.size must be two lengths: rows, columns.");
        Require(input is { SpacingMm: null, Orientation: null, Axes: null }, "spacing, orientation and axes are those of a volume.");
        return manifest with
        {
            Window = new WindowSpec([1, .. input.Size!], Overlap: 0, Blend: null, SigmaScale: null, PadValue: 0, Batch: null),
            Outputs = [manifest.Outputs[0] with { Segments = manifest.Outputs[0].Segments ?? [] }],
        };
    }

    /// <summary>A volume of which the graph says something as a whole: one patch of its size.</summary>
    private static PackageManifest WholeVolume(PackageManifest manifest)
    {
        var input = manifest.Input;
        Require(manifest.Window is null, "window does not stand with a classification or a regression of a volume.");
        Require(input.Size is { Count: 3 } && input.Size.All(n => n is >= 1 and <= 4096) && input.Size.Aggregate(1L, (product, n) => product * n) <= MaxPatchVoxels,
            "input.size of a volume must be three lengths: z, y, x.");
        Require(input.SpacingMm is null || input.Fit is null, "with input.spacingMm the volume is cropped and padded: fit does not stand with it.");
        return manifest with
        {
            Window = new WindowSpec(input.Size!, Overlap: 0, Blend: null, SigmaScale: null, PadValue: input.PadValue ?? 0, Batch: null),
            Outputs = [manifest.Outputs[0] with { Segments = manifest.Outputs[0].Segments ?? [] }],
        };
    }

    private static void CheckInput(InputSpec input)
    {
        Require(input.Dimensions is null or 2 or 3, "input.dimensions must be 2 or 3.");
        Require(
            input.IsPlanar ? input is { PadValue: null, Several: null } : input is { Values: null, Views: null, Frames: null, MaxFrames: null, Colour: null },
            "values, views, frames, maxFrames and colour need input.dimensions 2, padValue and several a volume.");
        Require(input.Frames is null or "first" or "all", "input.frames must be first or all.");
        Require(input.MaxFrames is null || input is { TakesEveryFrame: true, MaxFrames: >= 1 and <= 4096 }, "input.maxFrames must be 1 to 4096, with frames all.");
        Require(input.Colour is null || input is { Colour: "grey" or "rgb", Values: not "modality" }, "input.colour must be grey or rgb, of display values.");
        Require(input.Several is null or "first" or "last", "input.several must be first or last.");
        Require(input.Fit is null or "crop" or "pad" or "stretch", "input.fit must be crop, pad or stretch.");
        Require(input.Values is null or "display" or "modality", "input.values must be display or modality.");
        Require(input.Axes is null or "scan" or "patient", "input.axes must be scan or patient.");
        Require(input.AxisOrder is null or "zyx", "input.axisOrder must be zyx.");
        Require(input.Interpolation is null or "nearest" or "linear" or "cubic", "input.interpolation must be nearest, linear or cubic.");
        Require(OrientationCode.TryParse(input.Orientation, out _), "input.orientation must be like LPS.");
        Require(AreLengths(input.SpacingMm), "input.spacingMm must be three lengths: x, y, z.");
        Require(AreLengths(input.MaxSpacingMm), "input.maxSpacingMm must be three lengths.");
        Require(input.Acquisition?.IsComplete() ?? true, AcquisitionNeeds);
        foreach (var step in input.Intensity ?? [])
        {
            Require(IsComplete(step), "input.intensity has an unknown or incomplete transform.");
        }
    }

    private static bool AreLengths(IReadOnlyList<double>? lengths) =>
        lengths is null || (lengths.Count == 3 && lengths.All(s => s is >= 0.05 and <= 1000));

    private static bool IsComplete(IntensitySpec step) => step.Op switch
    {
        "clip" => step is { Low: not null, High: not null } && step.Low < step.High,
        "clipPercentile" => step is { Low: >= 0, High: <= 100 } && step.Low < step.High,
        "window" => step is { Centre: not null, Width: > 0 },
        "scale" => step is { Slope: not null, Intercept: not null },
        "zScore" or "minMax" => true,
        _ => false,
    };

    private static bool IsComplete(GoldenCase golden) => IsComplete(golden.Input) && (golden.Expected is null || IsComplete(golden.Expected)) && golden.Kind switch
    {
        "tensor" => golden is { Output: not null, Expected: not null, AbsoluteTolerance: not null },
        "volume" => golden is { Input.Shape.Count: 3, SpacingMm.Count: 3 },
        "detections" => golden is { Input.Shape.Count: 3, SpacingMm.Count: 3, ExpectedDetections: not null, ToleranceMm: > 0 }
            && golden.ExpectedDetections.All(d => d is { CentreMm.Count: 3 }),
        "image" => golden is { Input.Shape.Count: 2 or 3, AbsoluteTolerance: not null },
        _ => false,
    };

    private static bool IsComplete(Code? code) => code is { Value.Length: > 0, Scheme.Length: > 0, Meaning.Length: > 0 };

    private static bool IsCompleteOrNull(Code? code) => code is null || IsComplete(code);

    private static bool IsComplete(GoldenTensor? tensor) => tensor is { File: not null, Sha256: not null, Type: not null, Shape: not null };

    private static void CheckWindow(WindowSpec window)
    {
        Require(window.Patch is { Count: 3 } && window.Patch.All(n => n is >= 1 and <= 4096)
            && (long)window.Patch[0] * window.Patch[1] * window.Patch[2] <= MaxPatchVoxels, "window.patch must be three lengths: z, y, x.");
        Require(window.Slices is null || (window.Slices is >= 1 and <= 63 && window.Slices % 2 == 1 && window.Patch[0] == 1 && window.Flips?.Contains("z") != true),
            "window.slices must be odd, 1 to 63, with a patch of one slice and no flips along z.");
        Require(window.Overlap is >= 0 and <= 0.9, "window.overlap must be 0 to 0.9.");
        Require(window.Blend is null or "constant" || window is { Blend: "gaussian", SigmaScale: > 0 },
            "window.blend must be constant, or gaussian with a sigmaScale.");
        Require(window.Batch is null or (>= 1 and <= 64), "window.batch must be 1 to 64.");
        Require(window.Flips is null || (window.Flips.All(f => f is "x" or "y" or "z") && window.Flips.Distinct().Count() == window.Flips.Count),
            "window.flips must be axes x, y, z, once each.");
    }

    private static void CheckOutput(OutputSpec output)
    {
        Require(output.Name is { Length: > 0 }, "outputs.name is needed.");
        Require(output.Activation is null or "softmax" or "none" || (output.Activation == "sigmoid" && output.Type != "segmentation"),
            "outputs.activation must be softmax or none, or sigmoid for a detection or a classification.");
        Require(output.IsClassification || output is { Classes: null, Calibration: null, HeatMap: null },
            "classes, calibration and heatMap stand with the type classification alone.");
        Require(output.IsRegression || output.Values is null, "values stand with the type regression alone.");
        Require(output.IsImage == output.Image is not null, "image stands with the type image alone.");
        if (output.IsImage)
        {
            Require(output is { Segments.Count: 0, Measurements: null, Detection: null, Activation: "none", Image.Slope: not 0 },
                "an image has the activation none and a slope, and no segments, measurements or detection.");
            return;
        }

        if (output.IsClassification)
        {
            CheckClassification(output);
            return;
        }

        if (output.IsRegression)
        {
            CheckRegression(output);
            return;
        }

        Require(output.Segments is { Count: > 0 and <= 255 }, "outputs.segments is needed.");
        Require(output.Segments!.All(s => s.Label is >= 0 and <= 255 && s.Name is { Length: > 0 } && IsComplete(s.Concept)
            && IsCompleteOrNull(s.Category) && IsCompleteOrNull(s.Type) && IsCompleteOrNull(s.Modifier)),
            "each segment needs label (to 255), name and concept.");
        Require(output.Segments!.Select(s => s.Label).Distinct().Count() == output.Segments!.Count, "segments must have different labels.");
        Require(output.Segments!.All(s => s.Rgb is null || (s.Rgb.Count == 3 && s.Rgb.All(c => c is >= 0 and <= 255))),
            "segments.rgb must be red, green, blue.");
        Require((output.Detection is not null) == output.IsDetection, "outputs.detection stands with the type detection alone.");
        if (output.Detection is { } detection)
        {
            CheckDetection(output, detection);
        }
        else
        {
            Require(output.Background == 0, "outputs.background must be 0.");
            Require(output.Segments!.All(s => s.Label >= 1), "segments of a segmentation have labels from 1.");
            Require(output.Measurements?.All(m => m is { Unit.Value: "mm3", Of.Count: > 0, Measure: null or "volume" }
                && IsComplete(m.Finding) && IsComplete(m.Concept) && IsComplete(m.Unit) && m.Of.All(label => output.Segments!.Any(s => s.Label == label))) ?? true,
                "measurements need finding, concept, a unit of mm3 and labels of segments.");
        }
    }

    private static void CheckClassification(OutputSpec output)
    {
        Require(output is { Segments.Count: 0, Measurements: null, Detection: null }, "a classification has classes and no segments, measurements or detection.");
        Require(output.Classes is { Count: > 0 and <= 256 } && output.Classes.All(c => c is { Label: >= 0 and <= 255, Name.Length: > 0 } && IsComplete(c.Concept)),
            "each class needs label (to 255), name and concept.");
        Require(output.Classes!.Select(c => c.Label).Distinct().Count() == output.Classes!.Count, "classes must have different labels.");
        Require(output.Classes.All(c => c.Threshold is null ? c is { Above: null, Below: null } : c is { Threshold: > 0 and < 1 } && IsComplete(c.Above) && IsCompleteOrNull(c.Below)),
            "a class with a threshold (between 0 and 1) says what is above it, and one without says nothing.");
        Require(output.Calibration is null || (output.Activation != "none" && IsComplete(output.Calibration)),
            "calibration must be a temperature, or platt with slope and intercept; it needs an activation.");
        Require(output.HeatMap is null || (output.HeatMap.Name is { Length: > 0 } && output.Classes.Any(c => c.Label == output.HeatMap.Label)),
            "heatMap needs a name and the label of a class.");
        Require(output.HeatMap?.From is null or (>= 0 and < 1), "heatMap.from must be 0 to 1.");
        Require(output.HeatMap?.Rgb is null || (output.HeatMap.Rgb.Count == 3 && output.HeatMap.Rgb.All(c => c is >= 0 and <= 255)),
            "heatMap.rgb must be red, green, blue.");
    }

    private static void CheckRegression(OutputSpec output)
    {
        Require(output is { Segments.Count: 0, Measurements: null, Detection: null, Activation: null or "none" },
            "a regression has values and no segments, measurements, detection or activation.");
        Require(
            output.Values is { Count: > 0 and <= 256 }
                && output.Values.All(v => v is { Label: >= 0 and <= 255, Name.Length: > 0 } && IsComplete(v.Finding) && IsComplete(v.Concept) && IsComplete(v.Unit)
                    && !(v.Low >= v.High) && v.Slope != 0),
            "each value needs label (to 255), name, finding, concept and unit, a low below its high, and no slope of 0.");
        Require(output.Values!.Select(v => v.Label).Distinct().Count() == output.Values!.Count, "values must have different labels.");
    }

    private static bool IsComplete(CalibrationSpec calibration) => calibration.Method switch
    {
        "temperature" => calibration is { Temperature: > 0, Slope: null, Intercept: null },
        "platt" => calibration is { Temperature: null, Slope.Count: > 0, Intercept: not null } && calibration.Slope.Count == calibration.Intercept.Count,
        _ => false,
    };

    private static void CheckDetection(OutputSpec output, DetectionSpec detection)
    {
        Require(output.Segments is [{ KeepLargest: false, MinComponentMm3: null }], "a detection has one segment, which keeps all its components.");
        Require(detection.Threshold is > 0 and < 1 && detection.MinProbability is >= 0 and <= 1, "detection probabilities lie between 0 and 1.");
        Require(detection.Score is "max" or "mean", "detection.score must be max or mean.");
        Require(detection.MinDiameterMm is >= 0 and <= 1000, "detection.minDiameterMm must be a length.");
        Require(detection.MaxFindings is >= 1 and <= 255, "detection.maxFindings must be 1 to 255.");
        Require(output.Measurements is { Count: > 0 } && output.Measurements.All(m => IsComplete(m.Concept) && IsComplete(m.Unit)
            && m is { Measure: null or "volume", Unit.Value: "mm3" } or { Measure: "equivalentDiameter", Unit.Value: "mm" }),
            "a detection's measurements need a concept, and are a volume in mm3 or an equivalentDiameter in mm.");
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]{0,63}\z")]
    private static partial Regex Identifier();

    [GeneratedRegex(@"\A[0-9A-Za-z][0-9A-Za-z.+-]{0,31}\z")]
    private static partial Regex VersionText();

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw Refused(otherwise);
        }
    }

    private static PackageRefusedException Refused(string reason) => new("manifest", $"The package's manifest cannot be followed: {reason}");
}
