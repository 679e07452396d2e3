using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.UnitTests.Dicom.Objects;
using Xunit;

namespace Platform.UnitTests.Peers;

/// <summary>What other implementations say of the objects that are made here.</summary>
public class ObjectPeerTests
{
    private static readonly Dictionary<string, Func<DicomFile>> Objects = new(StringComparer.Ordinal)
    {
        ["report"] = Made.Report,
        ["key objects"] = Made.KeyObjects,
        ["grey capture"] = () => Made.Capture(1),
        ["colour capture"] = () => Made.Capture(3),
        ["document"] = Made.Pdf,
        ["segmentation"] = Made.Segmentation,
        ["probabilities"] = () => Made.Fractional(FractionKind.Probability),
        ["occupancies"] = () => Made.Fractional(FractionKind.Occupancy),
    };

    /// <summary>What DCMTK 3.6.7 says of itself, not of the document.</summary>
    private static readonly string[] OwnLimits =
        ["The VR checker does not support this Specific Character Set", "Check for template constraints not yet supported"];

    public static TheoryData<string> Names => [.. Objects.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Dciodvfy_finds_no_error(string name)
    {
        var (_, said) = await PeerProgram.RunAsync("dciodvfy", "dicom3tools", Objects[name]().ToArray());

        var errors = string.Join('\n', said.Split('\n').Where(line => line.StartsWith("Error", StringComparison.Ordinal)));
        Assert.True(errors.Length == 0, errors);
        Assert.NotEmpty(said);
    }

    [Theory]
    [InlineData("report")]
    [InlineData("key objects")]
    public async Task Dsrdump_shows_the_document_without_complaint(string name)
    {
        var (code, said) = await PeerProgram.RunAsync("dsrdump", "dcmtk", Objects[name]().ToArray(), "--print-template-id", "--convert-to-utf8");

        Assert.Equal(0, code);
        var complaints = said.Split('\n').Where(line => line.StartsWith("W:", StringComparison.Ordinal) || line.StartsWith("E:", StringComparison.Ordinal));
        Assert.Equal("", string.Join('\n', complaints.Where(line => !Array.Exists(OwnLimits, line.Contains))));
        if (name == "report")
        {
            Assert.Contains("16.8", said, StringComparison.Ordinal);
            Assert.Contains("毛玻璃", said, StringComparison.Ordinal);
            Assert.Contains("TID 1411", said, StringComparison.Ordinal);
        }
    }
}
