using System.Globalization;
using Platform.Dicom;
using Platform.Dicom.Volumes;
using Platform.Inference.Engine;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;
using Platform.IntegrationTests.Services;
using Platform.UnitTests.Corpus;
using Xunit;

namespace Platform.IntegrationTests.Corpus;

/// <summary>A real chest with a tumour through the model that learned on generated ones, engine in process.</summary>
public class ChestTests(ITestOutputHelper output)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_real_tumour_is_among_the_findings()
    {
        if (CorpusFiles.Path("given/chest-ct/A0001-lung") is not { } folder)
        {
            return;
        }

        var files = await Task.WhenAll(Directory.GetFiles(folder, "*.dcm").Order(StringComparer.Ordinal)
            .Select(path => DicomFile.OpenAsync(path, DicomReadOptions.Default, Ct).AsTask()));
        var geometry = SeriesGeometry.Read([.. files.Select(f => f.Dataset)]).Geometry!;
        var volume = new Volume(
            new Grid(geometry.Slices, geometry.Rows, geometry.Columns, geometry.Affine), DicomVolume.Build(files, Ct).Volume!.Voxels);
        var package = await ModelPackage.OpenFolderAsync(Path.Combine(Checkout.Root, "src/models/chest-ct-nodule"), Ct);
        using var session = new ModelSession(package, Device.Cpu, 2);

        var labelled = SegmentationEngine.Run(volume, session, 2, (_, _) => { }, Ct);
        var findings = Findings.Of(labelled, package.Manifest, Guid.Empty, "");

        output.WriteLine($"prepare {labelled.Prepare}, infer {labelled.Infer}, post {labelled.Post}; {string.Join(' ', labelled.Notes)}");
        foreach (var f in findings)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{f.Probability:F3} {f.Measurements[0].Value:F1} mm at {string.Join(' ', f.CentreMm!)} in {string.Join(' ', f.BoxMm!)}"));
        }

        // The tumour fills the back of the left upper lobe: its middle, as seen in the images.
        var (x, y, z) = (49, 195, -208);
        Assert.Contains(findings, f => f.Measurements[0].Value > 35 && Math.Abs(f.CentreMm![0] - x) < 15
            && Math.Abs(f.CentreMm[1] - y) < 15 && Math.Abs(f.CentreMm[2] - z) < 15);
    }
}
