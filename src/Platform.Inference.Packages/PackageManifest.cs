using Platform.Contracts;

namespace Platform.Inference.Packages;

/// <summary><c>manifest.json</c> of a model package: everything the engine needs, so that no code is written to add a model.</summary>
/// <param name="Schema"><c>platform-model/1</c>.</param>
/// <param name="Name">Lower-case identifier.</param>
public sealed record PackageManifest(
    string Schema,
    string Name,
    string Version,
    string? Title,
    ModelFile Model,
    InputSpec Input,
    WindowSpec Window,
    IReadOnlyList<OutputSpec> Outputs,
    LimitSpec? Limits,
    IReadOnlyList<GoldenCase>? Golden)
{
    /// <summary>The form that this engine reads.</summary>
    public const string KnownSchema = "platform-model/1";

    /// <summary>What a text begins with that the author has yet to write.</summary>
    public const string Unfilled = "FILL: ";

    /// <summary>How good images must be; null takes all.</summary>
    public QualitySpec? Quality { get; init; }

    /// <summary>What the model takes beside its first input; each comes onto the first one's grid. Null where it takes one series.</summary>
    public IReadOnlyList<FurtherInputSpec>? FurtherInputs { get; init; }

    /// <summary>Volumes that are channels of the first input, the first among them; or the neighbouring slices of a graph of two dimensions, or an image's colours.</summary>
    public int Channels => Window.Slices ?? (Input.IsRgb ? 3 : 1 + (FurtherInputs?.Count(f => f.IsChannel) ?? 0));

    /// <summary>Further inputs of the graph itself, in the manifest's order.</summary>
    public IEnumerable<FurtherInputSpec> OwnInputs => (FurtherInputs ?? []).Where(f => !f.IsChannel);

    /// <summary>Whether its input goes through the graph whole, not in patches.</summary>
    public bool IsWhole => Input.IsPlanar || Outputs[0].IsVector;
}

/// <summary>The graph's file.</summary>
/// <param name="Sha256">Lower-case hex SHA-256 of <c>model.onnx</c>.</param>
public sealed record ModelFile(string? File, string Sha256, long? Bytes, int? Opset);

/// <summary>The series a model takes and how its voxels or pixels are prepared.</summary>
/// <param name="Name">
/// The graph's input, [batch, 1, z, y, x] float32; of an image [batch, 1, y, x]; slice by slice [batch, slices, y, x]; with further inputs as
/// channels [batch, channel, z, y, x], this one the first.
/// </param>
/// <param name="Modality">DICOM modality of the series.</param>
/// <param name="BodyParts">DICOM Body Part Examined terms; the API's rules read them.</param>
/// <param name="MinSlices">Fewest slices of a usable volume.</param>
/// <param name="MaxSpacingMm">Greatest column spacing, row spacing and distance between slices; null takes all.</param>
/// <param name="MinFieldOfViewMm">Least extent along each axis.</param>
/// <param name="MaxFieldOfViewMm">Greatest extent along each axis.</param>
/// <param name="SpacingMm">Voxel size of the resampled volume: x, y, z; null keeps the scan's.</param>
/// <param name="Orientation">Three letters of L/R, P/A, S/I: where x, y and z grow to.</param>
/// <param name="Axes"><c>scan</c> (when null): the scan's own axes, permuted and flipped to the nearest orientation;
/// <c>patient</c>: exactly the patient's axes.</param>
/// <param name="AxisOrder"><c>zyx</c>.</param>
/// <param name="Interpolation"><c>nearest</c>, <c>linear</c> (when null) or <c>cubic</c> (B-spline).</param>
/// <param name="Intensity">Transforms in order, after resampling.</param>
public sealed record InputSpec(
    string Name,
    string Modality,
    IReadOnlyList<string>? BodyParts,
    int MinSlices,
    IReadOnlyList<double>? MaxSpacingMm,
    double? MinFieldOfViewMm,
    double? MaxFieldOfViewMm,
    IReadOnlyList<double>? SpacingMm,
    string? Orientation,
    string? Axes,
    string? AxisOrder,
    string? Interpolation,
    IReadOnlyList<IntensitySpec>? Intensity)
{
    /// <summary>3 (when null): a series as a volume. 2: one image of the series.</summary>
    public int? Dimensions { get; init; }

    /// <summary>Other modalities that will do as well.</summary>
    public IReadOnlyList<string>? Modalities { get; init; }

    /// <summary>
    /// Of an image: rows and columns that the graph takes; the image is brought to them by averaging areas. Of a volume that goes through the
    /// graph whole: z, y, x; the middle of the resampled volume is cropped or padded to them.
    /// </summary>
    public IReadOnlyList<int>? Size { get; init; }

    /// <summary>
    /// Of an image, or a whole volume without <see cref="SpacingMm"/>, of another shape: <c>crop</c> (when null) keeps its middle, <c>pad</c>
    /// adds a border, <c>stretch</c> gives up its proportions.
    /// </summary>
    public string? Fit { get; init; }

    /// <summary>Of a whole volume: the border's value, after the intensity transforms; 0 when null.</summary>
    public float? PadValue { get; init; }

    /// <summary>Of an image: <c>display</c> (when null), 0 black to 1 white as its sender wanted it shown; or <c>modality</c>, its values after the Modality LUT.</summary>
    public string? Values { get; init; }

    /// <summary>Of an image: View Position (0018,5101), any of which will do; an image that does not say is taken. Null takes every one.</summary>
    public IReadOnlyList<string>? Views { get; init; }

    /// <summary>Of an image: <c>first</c> (when null), one frame of the series' first image; <c>all</c>, every frame of all its images.</summary>
    public string? Frames { get; init; }

    /// <summary>Of all frames: at most so many, evenly spread; 256 when null.</summary>
    public int? MaxFrames { get; init; }

    /// <summary>
    /// Of an image: <c>grey</c> takes one in colour by its luminance; <c>rgb</c> takes red, green and blue as three channels, one in grey thrice;
    /// null refuses colour.
    /// </summary>
    public string? Colour { get; init; }

    /// <summary>Whether the graph takes red, green and blue: [batch, 3, y, x].</summary>
    public bool IsRgb => Colour == "rgb";

    /// <summary>Of a volume: which one of a series that holds several, by their order in time, echo, diffusion weighting and the like:
    /// <c>first</c> or <c>last</c>; null refuses such a series.</summary>
    public string? Several { get; init; }

    /// <summary>How the series must have been acquired; null takes every one.</summary>
    public Acquisition? Acquisition { get; init; }

    /// <summary>Whether the model is asked of each frame.</summary>
    public bool TakesEveryFrame => Frames == "all";

    /// <summary>Whether the model takes one image and not a volume.</summary>
    public bool IsPlanar => Dimensions == 2;

    /// <summary>Whether a series of a modality will do.</summary>
    public bool Takes(string modality) => modality == Modality || Modalities?.Contains(modality) == true;
}

/// <summary>
/// A volume that the model takes beside its first input: another series of the study, one of an earlier study of the patient, or the
/// segmentation of another model. It is resampled onto the grid on which the first goes through the graph.
/// </summary>
/// <param name="Name">By which runs, rules and the command line call it; of <c>as</c> <c>input</c> the graph's input, [batch, 1, z, y, x] float32.</param>
/// <param name="From"><c>study</c> (when null), <c>prior</c> or <c>run</c>.</param>
/// <param name="Modality">DICOM modality of the series; null of a run.</param>
/// <param name="MinSlices">Fewest slices of a usable volume.</param>
/// <param name="MaxSpacingMm">Greatest column spacing, row spacing and distance between slices; null takes all.</param>
/// <param name="Interpolation">As of the first input; labels of a run always take the nearest.</param>
/// <param name="Intensity">Transforms in order, after resampling, over the voxels that the series covers.</param>
public sealed record FurtherInputSpec(
    string Name,
    string? From,
    string? Modality,
    IReadOnlyList<string>? BodyParts,
    int MinSlices,
    IReadOnlyList<double>? MaxSpacingMm,
    string? Interpolation,
    IReadOnlyList<IntensitySpec>? Intensity)
{
    /// <summary>Other modalities that will do as well.</summary>
    public IReadOnlyList<string>? Modalities { get; init; }

    /// <summary>How the series must have been acquired; null takes every one.</summary>
    public Acquisition? Acquisition { get; init; }

    /// <summary>Which volume of a series that holds several: <c>first</c> or <c>last</c>; null refuses such a series.</summary>
    public string? Several { get; init; }

    /// <summary>False: where it is missing, every voxel is <see cref="Fill"/>. True when null.</summary>
    public bool? Required { get; init; }

    /// <summary><c>channel</c> (when null): the first input's next channel. <c>input</c>: an input of the graph of its own.</summary>
    public string? As { get; init; }

    /// <summary>The value of voxels that it does not cover, after its intensity transforms; 0 when null.</summary>
    public float? Fill { get; init; }

    /// <summary><c>same</c> (when null): it must have the first input's Frame of Reference UID. <c>any</c>: its millimetres are taken as the first one's.</summary>
    public string? FrameOfReference { get; init; }

    /// <summary>Of <c>any</c>, where the UIDs differ: at most so far may the centres of the two volumes lie apart; null takes every distance.</summary>
    public double? MaxOffsetMm { get; init; }

    /// <summary>The least part of the first input's voxels that it must cover; one voxel when null.</summary>
    public double? MinCoverage { get; init; }

    /// <summary>Of a run: the model whose segmentation it is.</summary>
    public string? Model { get; init; }

    /// <summary>Of a run: the segment numbers that count as 1, everything else as 0; null takes the numbers themselves.</summary>
    public IReadOnlyList<int>? Segments { get; init; }

    /// <summary>Whether the model cannot do without it.</summary>
    public bool IsRequired => Required != false;

    /// <summary>Whether it is a channel of the first input.</summary>
    public bool IsChannel => As != "input";

    /// <summary>Whether it is another model's result.</summary>
    public bool IsOfRun => From == "run";

    /// <summary>The series that it is, as the first input would describe it.</summary>
    public InputSpec ToInput() => new(
        Name, Modality ?? "", BodyParts, MinSlices, MaxSpacingMm, null, null, null, null, null, null, Interpolation, Intensity)
    {
        Modalities = Modalities,
        Acquisition = Acquisition,
        Several = Several,
    };
}

/// <summary>One intensity transform.</summary>
/// <param name="Op"><c>clip</c> (low, high), <c>clipPercentile</c> (low, high in per cent), <c>zScore</c>, <c>minMax</c>,
/// <c>window</c> (centre, width; to 0 … 1) or <c>scale</c> (slope, intercept).</param>
public sealed record IntensitySpec(
    string Op, double? Low, double? High, double? Centre, double? Width, double? Slope, double? Intercept);

/// <summary>The patches that go through the graph and how they are joined.</summary>
/// <param name="Patch">z, y, x.</param>
/// <param name="Overlap">Fraction of a patch that neighbours share, 0 to 0.9.</param>
/// <param name="Blend"><c>gaussian</c>, or <c>constant</c>: every voxel of a patch counts alike.</param>
/// <param name="SigmaScale">Width of the Gaussian weight as a fraction of the patch.</param>
/// <param name="PadValue">Around volumes smaller than a patch, after the intensity transforms.</param>
/// <param name="Batch">Patches in one pass; null leaves it to the worker's calibration, and is 1 where there is none.</param>
public sealed record WindowSpec(
    IReadOnlyList<int> Patch, double Overlap, string? Blend, double? SigmaScale, float PadValue, int? Batch)
{
    /// <summary>
    /// Of a graph of two dimensions that goes through the volume slice by slice: how many neighbouring slices it takes as channels, the
    /// labelled one in their middle; odd. Null for a graph of three.
    /// </summary>
    public int? Slices { get; init; }

    /// <summary>Axes of the model's grid (<c>x</c>, <c>y</c>, <c>z</c>) along which each patch is also computed mirrored; every combination counts alike.</summary>
    public IReadOnlyList<string>? Flips { get; init; }
}

/// <summary>
/// One output of the graph: a <c>segmentation</c> of known structures, a <c>detection</c> of any number of one kind of thing, a
/// <c>classification</c> of a whole image or volume, a <c>regression</c>: numbers that are measured on a whole image or volume, or an
/// <c>image</c>: the series again, with other values.
/// </summary>
/// <param name="Name">The graph's output, [batch, class, z, y, x] float32; slice by slice [batch, class, y, x]; of a classification or a regression [batch, class].</param>
/// <param name="Type"><c>segmentation</c>, <c>detection</c>, <c>classification</c>, <c>regression</c> or <c>image</c>.</param>
/// <param name="Activation"><c>softmax</c>, <c>sigmoid</c> (detection, and classes that do not exclude each other), or <c>none</c> where the
/// graph gives probabilities.</param>
/// <param name="Background">The class that is no segment; of a segmentation.</param>
/// <param name="Segments">Of a detection: one, which says what each detection is; its label is the class that is detected.</param>
/// <param name="Detection">How a detection's probabilities become detections; absent for a segmentation.</param>
public sealed record OutputSpec(
    string Name,
    string Type,
    string? Activation,
    int Background,
    IReadOnlyList<SegmentSpec> Segments,
    IReadOnlyList<MeasurementSpec>? Measurements,
    DetectionSpec? Detection)
{
    /// <summary>Whether the output is a detection.</summary>
    public bool IsDetection => Type == "detection";

    /// <summary>Whether the output is a classification.</summary>
    public bool IsClassification => Type == "classification";

    /// <summary>Whether the output is numbers of the whole input: [batch, class].</summary>
    public bool IsVector => IsClassification || IsRegression;

    /// <summary>Whether the output is a volume of values: image to image.</summary>
    public bool IsImage => Type == "image";

    /// <summary>Of an image.</summary>
    public ImageSpec? Image { get; init; }

    /// <summary>Whether the output is a regression.</summary>
    public bool IsRegression => Type == "regression";

    /// <summary>Of a regression.</summary>
    public IReadOnlyList<ValueSpec>? Values { get; init; }

    /// <summary>Where each frame has numbers of its own, what stands for all of them: <c>maximum</c>, <c>mean</c> or <c>median</c>.</summary>
    public string? AcrossFrames { get; init; }

    /// <summary>Of a classification.</summary>
    public IReadOnlyList<ClassSpec>? Classes { get; init; }

    /// <summary>Of a classification: what makes the probabilities true; null takes them as the graph gives them.</summary>
    public CalibrationSpec? Calibration { get; init; }

    /// <summary>Of a classification: where in the image or volume the evidence lies, if the graph says so.</summary>
    public HeatMapSpec? HeatMap { get; init; }
}

/// <summary>One class of a classification: a finding, if its threshold says so.</summary>
/// <param name="Label">Its place in the graph's output.</param>
/// <param name="Concept">What the finding is.</param>
/// <param name="Threshold">The least calibrated probability of which <paramref name="Above"/> is said; null: the class is never reported.</param>
/// <param name="Above">What is then said of the concept, e.g. (52101004, SCT, "Present").</param>
/// <param name="Below">What is said otherwise, e.g. (2667000, SCT, "Absent"); null: nothing.</param>
public sealed record ClassSpec(int Label, string Name, Code Concept, double? Threshold, Code? Above, Code? Below);

/// <summary>A volume of values in place of the one that was given; it becomes a derived series on the source's grid.</summary>
/// <param name="Slope">Modality value = slope × number + intercept: what turns the input's intensity transforms back.</param>
public sealed record ImageSpec(double Slope, double Intercept);

/// <summary>One number of a regression: a finding with one measurement.</summary>
/// <param name="Label">Its place in the graph's output.</param>
/// <param name="Finding">What is measured on.</param>
/// <param name="Concept">What is measured.</param>
/// <param name="Slope">Value = slope × number + intercept; 1 when null.</param>
/// <param name="Intercept">0 when null.</param>
/// <param name="Low">A lesser value is none that the model can measure, and is not reported.</param>
/// <param name="High">Likewise a greater one.</param>
public sealed record ValueSpec(
    int Label, string Name, Code Finding, Code Concept, Code Unit, double? Slope, double? Intercept, double? Low, double? High);

/// <summary>What the graph's numbers go through before the activation.</summary>
/// <param name="Method"><c>temperature</c>: they are divided by one; <c>platt</c>: slope × number + intercept, for each class.</param>
public sealed record CalibrationSpec(
    string Method, double? Temperature, IReadOnlyList<double>? Slope, IReadOnlyList<double>? Intercept);

/// <summary>A second output of the graph: evidence for one class at each place of the image or volume it was given, 0 to 1.</summary>
/// <param name="Name">The graph's output, [batch, 1, y, x] float32, of a volume [batch, 1, z, y, x], of any size.</param>
/// <param name="Label">The class.</param>
/// <param name="From">Evidence up to this is not drawn; 0 when null. What lies between it and 1 is drawn the stronger.</param>
/// <param name="Rgb">Display red, green, blue, 0 to 255.</param>
public sealed record HeatMapSpec(string Name, int Label, double? From, IReadOnlyList<int>? Rgb);

/// <summary>Bars below or above which a result is limited; each null where there is none.</summary>
/// <param name="MinSnr">Least range of values over the noise's standard deviation.</param>
/// <param name="MinSharpness">Least steepness against the range, for a pixel of an image of at most 512 a side.</param>
/// <param name="MaxClippedShare">Greatest share of the image's inner half that is burnt out, or black.</param>
public sealed record QualitySpec(double? MinSnr, double? MinSharpness, double? MaxClippedShare, OutOfDistributionSpec? OutOfDistribution);

/// <summary>Of one image, as the graph takes it before its intensity transforms: how far it is from those of the training.</summary>
/// <param name="MaxScore">Greatest root mean square of the features' distances, in their deviations.</param>
public sealed record OutOfDistributionSpec(IReadOnlyList<FeatureSpec> Features, double MaxScore);

/// <summary>A feature and its distribution in training.</summary>
/// <param name="Name"><c>mean</c>, <c>deviation</c>, <c>symmetry</c> (correlation with the mirrored image), <c>upright</c> (with the one upside
/// down), <c>middle</c> (mean of the middle third of the columns less that of the others) or <c>border</c> (mean of the outermost pixels).</param>
public sealed record FeatureSpec(string Name, double Mean, double Deviation)
{
    /// <summary>Features that the engine measures.</summary>
    public static IReadOnlyList<string> Names { get; } = ["mean", "deviation", "symmetry", "upright", "middle", "border"];
}

/// <summary>Connected components of a probability map, each of them a detection.</summary>
/// <param name="Threshold">Voxels of at least this probability belong to a component (26 neighbours).</param>
/// <param name="Score">A component's probability: <c>max</c> or <c>mean</c> of its voxels.</param>
/// <param name="MinProbability">Components of a lesser probability are left out.</param>
/// <param name="MinDiameterMm">Components smaller than a sphere of this diameter are left out.</param>
/// <param name="MaxFindings">The most probable ones that are reported, 1 to 255.</param>
public sealed record DetectionSpec(double Threshold, string Score, double MinProbability, double MinDiameterMm, int MaxFindings);

/// <summary>One segment; its number in DICOM is its place in the list, from 1.</summary>
/// <param name="Label">Class index of the output.</param>
/// <param name="Concept">What the finding is.</param>
/// <param name="Category">Segmented property category.</param>
/// <param name="Type">Segmented property type; the concept when null.</param>
/// <param name="Modifier">Segmented property type modifier.</param>
/// <param name="KeepLargest">Only the largest 26-connected component is kept, the first in array order of equals.</param>
/// <param name="MinComponentMm3">Smaller components are dropped then.</param>
/// <param name="Rgb">Display red, green, blue, 0 to 255.</param>
public sealed record SegmentSpec(
    int Label,
    string Name,
    Code Concept,
    Code? Category,
    Code? Type,
    Code? Modifier,
    bool KeepLargest,
    double? MinComponentMm3,
    IReadOnlyList<int>? Rgb);

/// <summary>Of a segmentation one finding: the volume of some labels together. Of a detection one value of every finding. On the model's grid.</summary>
/// <param name="Finding">The finding's concept; a detection takes its segment's.</param>
/// <param name="Concept">What is measured.</param>
/// <param name="Of">Labels that are counted, of a segmentation.</param>
/// <param name="Measure"><c>volume</c> (when null; mm3) or <c>equivalentDiameter</c> (mm): of the sphere of the same volume.</param>
public sealed record MeasurementSpec(string? Name, Code Finding, Code Concept, Code Unit, IReadOnlyList<int> Of, string? Measure);

/// <summary>Bounds of one run on two CPU cores; memory is resident memory of a process with this model alone.</summary>
public sealed record LimitSpec(int? Seconds, int? MemoryMb);

/// <summary>What the package must give on every device where it is used.</summary>
/// <param name="Kind"><c>tensor</c>: one input of the graph and its output. <c>volume</c>: a series [z, y, x] in LPS and its measurements,
/// or its classes' probabilities or values.
/// <c>detections</c>: a series and all that must be detected in it. <c>image</c>: an image [y, x] of display values 0 to 65535 or 0 to 1, of colours
/// [red green blue, y, x], and the probability of each class.</param>
/// <param name="AbsoluteTolerance">Greatest difference of any element of a tensor.</param>
/// <param name="LabelAgreement">Least fraction of voxels whose greatest class is the expected one.</param>
/// <param name="SpacingMm">Of a volume: x, y, z.</param>
/// <param name="ExpectedMm3">Of a volume: by the value of the measurement's finding.</param>
/// <param name="RelativeTolerance">Of each measurement.</param>
/// <param name="ExpectedDetections">All detections, in their order.</param>
/// <param name="ToleranceMm">Of each coordinate of a detection's centre and of its equivalent diameter.</param>
public sealed record GoldenCase(
    string Kind,
    GoldenTensor Input,
    string? Output,
    GoldenTensor? Expected,
    double? AbsoluteTolerance,
    double? LabelAgreement,
    IReadOnlyList<double>? SpacingMm,
    IReadOnlyDictionary<string, double>? ExpectedMm3,
    double? RelativeTolerance,
    IReadOnlyList<GoldenDetection>? ExpectedDetections,
    double? ToleranceMm)
{
    /// <summary>
    /// The further inputs by name. Of a tensor: the graph's own inputs, in their shapes. Of a series: all that the case has, [z, y, x] on the grid
    /// of <see cref="Input"/>; labels of a run are segment numbers.
    /// </summary>
    public IReadOnlyDictionary<string, GoldenTensor>? FurtherInputs { get; init; }

    /// <summary>Of an image or a whole volume: the probability of each class, in the order of the manifest, within <see cref="AbsoluteTolerance"/>.</summary>
    public IReadOnlyList<double>? ExpectedProbabilities { get; init; }

    /// <summary>Of an image or a whole volume: the values of a regression, in the order of the manifest, within <see cref="AbsoluteTolerance"/>.</summary>
    public IReadOnlyList<double>? ExpectedValues { get; init; }
}

/// <summary>One detection of a golden case.</summary>
/// <param name="CentreMm">x, y, z from the first voxel's centre.</param>
/// <param name="DiameterMm">Of the sphere of the same volume.</param>
public sealed record GoldenDetection(IReadOnlyList<double> CentreMm, double DiameterMm);

/// <summary>Little-endian values in C order in a file of the package; <c>float32</c>, <c>int16</c> or <c>uint16</c>.</summary>
public sealed record GoldenTensor(string File, string Sha256, string Type, IReadOnlyList<long> Shape);
