using System.Text.Json.Nodes;
using Platform.Audit;
using Xunit;

namespace Platform.UnitTests.Audit;

/// <summary>RFC 8785 and its examples.</summary>
public class CanonicalJsonTests
{
    [Fact]
    public void The_example_of_section_3_2_2_comes_out_as_the_RFC_prints_it() => Assert.Equal(
        "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}",
        CanonicalJson.Canonicalize(
            """
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """));

    [Fact]
    public void Names_sort_by_UTF_16_code_units() => Assert.Equal(
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"\u00f6\":\"Latin Small Letter O With Diaeresis\"," +
        "\"\u20ac\":\"Euro Sign\",\"\ud83d\ude00\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}",
        CanonicalJson.Canonicalize(
            """
            {
              "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
              "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
            }
            """));

    [Theory]
    [InlineData(0x0000000000000000, "0")]
    [InlineData(0x8000000000000000, "0")]
    [InlineData(0x0000000000000001, "5e-324")]
    [InlineData(0x8000000000000001, "-5e-324")]
    [InlineData(0x7fefffffffffffff, "1.7976931348623157e+308")]
    [InlineData(0x4340000000000000, "9007199254740992")]
    [InlineData(0x4430000000000000, "295147905179352830000")]
    [InlineData(0x44b52d02c7e14af5, "9.999999999999997e+22")]
    [InlineData(0x44b52d02c7e14af6, "1e+23")]
    [InlineData(0x444b1ae4d6e2ef4f, "999999999999999900000")]
    [InlineData(0x444b1ae4d6e2ef50, "1e+21")]
    [InlineData(0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7")]
    [InlineData(0x3eb0c6f7a0b5ed8d, "0.000001")]
    [InlineData(0x41b3de4355555553, "333333333.3333332")]
    [InlineData(0x41b3de4355555557, "333333333.33333343")]
    [InlineData(0xbecbf647612f3696, "-0.0000033333333333333333")]
    [InlineData(0x43143ff3c1cb0959, "1424953923781206.2")]
    public void Numbers_are_those_of_appendix_B(ulong bits, string text) =>
        Assert.Equal(text, CanonicalJson.Write(JsonValue.Create(BitConverter.UInt64BitsToDouble(bits))));

    [Fact]
    public void What_has_no_canonical_form_is_refused()
    {
        Assert.Throws<FormatException>(() => CanonicalJson.Write(JsonValue.Create("\ud800")));
        Assert.ThrowsAny<Exception>(() => CanonicalJson.Write(JsonValue.Create(double.NaN)));
        Assert.ThrowsAny<Exception>(() => CanonicalJson.Canonicalize("{\"a\":1,\"a\":2}"));
    }

    [Fact]
    public void A_leaf_is_the_hash_of_a_zero_byte_and_the_event() => Assert.Equal(
        "609f6e36d2405585188d5cfd761f407c7cc46a7d3f314c88270469dde315fcd1", Convert.ToHexStringLower(AuditLeaf.Hash("abc")));
}
