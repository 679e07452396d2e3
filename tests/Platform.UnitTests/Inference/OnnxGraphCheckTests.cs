using Platform.Inference.Packages;
using Xunit;
using static Platform.UnitTests.Inference.OnnxBytes;
using static Platform.UnitTests.Inference.TestPackages;

namespace Platform.UnitTests.Inference;

/// <summary>What exporters write passes; what must not is among the hostile models.</summary>
public class OnnxGraphCheckTests
{
    [Theory]
    [MemberData(nameof(Usual))]
    public void What_exporters_write_passes(string what, byte[] model)
    {
        OnnxGraphCheck.ThrowIfRefused(model);
        Assert.NotEmpty(what);
    }

    public static TheoryData<string, byte[]> Usual() => new()
    {
        { "a plain graph", Model() },
        { "weights as raw bytes", Model(Field(5, Tensor([2, 3], 24))) },
        { "a scalar", Model(Field(5, Tensor([], 4))) },
        { "an empty tensor", Model(Field(5, Tensor([0, 3], 0))) },
        { "packed lengths and floats", Model(Field(5, [.. Field(1, 2, 1), .. Number(2, 1), .. Field(4, new byte[8])])) },
        { "floats one by one", Model(Field(5, [.. Shape(1, 1), .. Number(2, 1), (4 << 3) | 5, 0, 0, 0, 0])) },
        { "packed numbers of 64 bits", Model(Field(5, [.. Shape(1, 3), .. Number(2, 7), .. Field(7, 1, 2, 3)])) },
        { "half floats as numbers", Model(Field(5, [.. Shape(1, 2), .. Number(2, 10), .. Field(5, 1, 2)])) },
        { "numbers of 4 bits", Model(Field(5, Tensor([3], 2, 22))) },
        { "texts", Model(Field(5, [.. Shape(1, 2), .. Number(2, 8), .. Text(6, "a"), .. Text(6, "b")])) },
        { "the place that is the file itself", Model(Field(5, [.. Tensor([1], 4), .. Number(14, 0)])) },
        { "a sparse initializer", Model(Field(15, [.. Field(1, Tensor([1], 4)), .. Field(2, Tensor([1], 8, 7)), .. Shape(3, 4, 4)])) },
        { "a branch", WithAttribute([.. Text(1, "then_branch"), .. Field(6, Relu), 0xA0, 0x01, 5]) },
        { "a named length", Model(Field(13, Field(2, Field(1, [.. Number(1, 1), .. Field(2, Field(1, Text(2, "batch")))])))) },
        { "quantization parameters", Model(Field(14, [.. Text(1, "x"), .. Field(2, [.. Text(1, "SCALE_TENSOR"), .. Text(2, "s")])])) },
        { "metadata", [.. Model(), .. Field(14, [.. Text(1, "key"), .. Text(2, "value")]), .. Text(6, "documentation")] },
        { "the standard's domain by its long name", [.. IrVersion, .. Field(8, [.. Text(1, "ai.onnx"), .. Number(2, 17)]), .. Field(7, Relu)] },
    };
}
