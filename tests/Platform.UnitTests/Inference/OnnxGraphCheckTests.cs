using Platform.Inference.Packages;
using Xunit;
using static Platform.UnitTests.Inference.TestPackages;

namespace Platform.UnitTests.Inference;

public class OnnxGraphCheckTests
{
    private static readonly byte[] Relu = Field(1, Field(4, "Relu"u8.ToArray()));

    [Fact]
    public void A_plain_graph_passes() => OnnxGraphCheck.ThrowIfRefused(Field(7, Relu));

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_the_engine_must_not_load_is_refused(string code, byte[] model)
    {
        var refusal = Assert.Throws<PackageRefusedException>(() => OnnxGraphCheck.ThrowIfRefused(model));
        Assert.Equal(code, refusal.Code);
    }

    public static TheoryData<string, byte[]> Refused()
    {
        var outside = Field(13, Field(1, "location"u8.ToArray()));
        var nested = Relu;
        for (var i = 0; i < 40; i++)
        {
            nested = Field(1, Field(5, Field(6, nested)));
        }

        return new()
        {
            { "not-onnx", [] },
            { "not-onnx", "PK not a model"u8.ToArray() },
            { "not-onnx", Field(7, Relu)[..^1] },
            { "not-onnx", Field(7) },
            { "not-onnx", [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F] },
            { "external-data", Field(7, [.. Relu, .. Field(5, outside)]) },
            { "external-data", Field(7, [.. Relu, .. Field(5, Number(14, 1))]) },
            { "external-data", Field(7, [.. Relu, .. Field(15, Field(1, outside))]) },
            { "external-data", Field(7, Field(1, Field(5, Field(5, outside)))) },
            { "external-data", Field(7, Field(1, Field(5, Field(10, outside)))) },
            { "external-data", Field(7, Field(1, Field(5, Field(22, Field(2, outside))))) },
            { "external-data", Field(7, Field(1, Field(5, Field(6, [.. Relu, .. Field(5, outside)])))) },
            { "external-data", [.. Field(7, Relu), .. Field(7, Field(5, outside))] },
            { "custom-operator", Field(7, Field(1, Field(7, "com.microsoft"u8.ToArray()))) },
            { "custom-operator", [.. Field(7, Relu), .. Field(8, Field(1, "mine"u8.ToArray()))] },
            { "custom-operator", Field(7, Field(1, Field(5, Field(11, Field(1, Field(7, "mine"u8.ToArray())))))) },
            { "model-function", [.. Field(7, Relu), .. Field(25, Relu)] },
            { "training-graph", [.. Field(7, Relu), .. Field(20, Relu)] },
            { "oversize-graph", Field(7, nested) },
            { "oversize-graph", Field(7, [.. Enumerable.Repeat(Field(1), 100_001).SelectMany(n => n)]) },
        };
    }
}
