using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using static Platform.UnitTests.Inference.OnnxBytes;
using static Platform.UnitTests.Inference.TestPackages;

namespace Platform.UnitTests.Inference;

/// <summary>Packages that somebody made to do harm, or by mistake: each with the code that it is refused with.</summary>
internal static class HostileModels
{
    private const string Manifest =
        """
        {
          "schema": "platform-model/1", "name": "hostile", "version": "1.0.0",
          "model": { "file": "model.onnx", "sha256": "$model" },
          "input": { "name": "image", "modality": "MR", "minSlices": 2 },
          "window": { "patch": [8, 8, 8], "overlap": 0 },
          "outputs": [{
            "name": "logits", "type": "segmentation",
            "segments": [{ "label": 1, "name": "Something", "concept": { "value": "THING", "scheme": "99PLATFORM", "meaning": "Something" } }]
          }],
          "golden": [{
            "kind": "tensor", "output": "logits", "absoluteTolerance": 0.001,
            "input": { "file": "golden/in.bin", "sha256": "$golden", "type": "float32", "shape": [4] },
            "expected": { "file": "golden/in.bin", "sha256": "$golden", "type": "float32", "shape": [2, 2] }
          }]
        }
        """;

    private static readonly byte[] Golden = new byte[16];

    /// <summary>A package that is as it should be.</summary>
    public static byte[] Sound() => Package(Model());

    /// <summary>Graphs, each in a package that is otherwise sound.</summary>
    public static IEnumerable<(string Code, string Cause, byte[] Model)> Graphs()
    {
        var outside = Field(5, [.. Tensor([4], 0), .. Elsewhere("/etc/passwd"), .. Number(14, 1)]);
        yield return ("external-data", "an initializer in a file", Model(outside));
        yield return ("external-data", "a path out of the folder", Model(Field(5, Elsewhere("../../../../etc/passwd"))));
        yield return ("external-data", "an address in memory as a file", Model(Field(5, Elsewhere("*/_ORT_MEM_ADDR_/*"))));
        yield return ("external-data", "the place alone, no file", Model(Field(5, [.. Tensor([4], 16), .. Number(14, 1)])));
        yield return ("external-data", "an unknown place", Model(Field(5, [.. Tensor([4], 16), .. Number(14, 7)])));
        yield return ("external-data", "the values of a sparse initializer", Model(Field(15, Field(1, Elsewhere("/etc/passwd")))));
        yield return ("external-data", "the indices of a sparse initializer", Model(Field(15, Field(2, Elsewhere("/etc/passwd")))));
        yield return ("external-data", "an operator's constant", WithAttribute([.. Text(1, "value"), .. Field(5, Elsewhere("/etc/passwd"))]));
        yield return ("external-data", "an operator's constants", WithAttribute([.. Text(1, "values"), .. Field(10, Elsewhere("/etc/passwd"))]));
        yield return ("external-data", "an operator's sparse constant", WithAttribute(Field(22, Field(1, Elsewhere("/etc/passwd")))));
        yield return ("external-data", "the sparse constants of an operator", WithAttribute(Field(23, Field(2, Elsewhere("/etc/passwd")))));
        yield return ("external-data", "the branch of a condition", WithAttribute(Field(6, [.. Relu, .. outside])));
        yield return ("external-data", "one of many subgraphs", WithAttribute([.. Field(11, Relu), .. Field(11, [.. Relu, .. outside])]));
        yield return ("external-data", "a branch in a branch", WithAttribute(Field(6, Field(1, Field(5, Field(6, outside))))));

        yield return ("custom-operator", "a domain that is imported", [.. Model(), .. Field(8, [.. Text(1, "com.microsoft"), .. Number(2, 1)])]);
        yield return ("custom-operator", "an operator of another domain", Model(Field(1, [.. Text(4, "Exec"), .. Text(7, "com.evil")])));
        yield return ("custom-operator", "in the body of a loop", WithAttribute(Field(6, Field(1, [.. Text(4, "Exec"), .. Text(7, "com.evil")]))));
        yield return ("custom-operator", "a domain that looks like none", Model(Field(1, [.. Text(4, "Relu"), .. Text(7, "\0")])));
        yield return ("model-function", "a function of its own", [.. Model(), .. Field(25, [.. Text(1, "f"), .. Field(7, Field(5, Field(5, Elsewhere("/etc/passwd"))))])]);
        yield return ("training-graph", "a training graph", [.. Model(), .. Field(20, Field(1, outside))]);

        yield return ("duplicate-field", "a second graph, which some readers merge", [.. Model(), .. Field(7, Field(5, Elsewhere("/etc/passwd")))]);
        yield return ("duplicate-field", "an attribute's second tensor", WithAttribute([.. Field(5, Tensor([1], 4)), .. Field(5, Elsewhere("x"))]));
        yield return ("duplicate-field", "an operator's second domain", Model(Field(1, [.. Text(4, "Relu"), .. Text(7, ""), .. Text(7, "")])));
        yield return ("duplicate-field", "a tensor's second place", Model(Field(5, [.. Tensor([1], 4), .. Number(14, 0), .. Number(14, 0)])));
        yield return ("duplicate-field", "two types of one value", Model(Field(13, [.. Text(1, "v"), .. Field(2, [.. Field(1, Number(1, 1)), .. Field(4, Field(1, Field(1, Number(1, 1))))])])));
        yield return ("duplicate-field", "a length and a name for it", Model(Field(13, Field(2, Field(1, Field(2, Field(1, [.. Number(1, 3), .. Text(2, "n")])))))));
        yield return ("field-type", "the graph as a number", [.. IrVersion, .. Opset, .. Number(7, 1)]);
        yield return ("field-type", "a domain as a number", Model(Field(1, [.. Text(4, "Relu"), .. Number(7, 1)])));
        yield return ("unknown-field", "a field that only others know", Model(Field(29, new byte[8])));
        yield return ("unknown-field", "bulk that nobody reads", [.. Model(), .. Field(30, new byte[1 << 20])]);
        yield return ("ort-format", "a flat buffer that also is a protocol buffer", [0x12, 0x06, 0x00, 0x00, .. "ORTM"u8, .. Model()]);

        yield return ("graph-empty", "nothing", []);
        yield return ("not-onnx", "a library", "\u007FELF no model"u8.ToArray());
        yield return ("not-onnx", "a field of the old group form", [.. Model(), 0x0B, 0x0C]);
        yield return ("not-onnx", "a length in more bytes than it needs", [.. IrVersion, .. Opset, 0x3A, 0x80, 0x00]);
        yield return ("not-onnx", "field number 0", [.. Model(), 0x02, 0x00]);
        yield return ("not-onnx", "a number without an end", [.. Model(), 0x08, .. Enumerable.Repeat((byte)0xFF, 11)]);
        yield return ("onnx-truncated", "a model cut off", Model()[..^1]);
        yield return ("onnx-truncated", "a part longer than the file", [.. IrVersion, 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
        yield return ("onnx-truncated", "garbage behind the model", [.. Model(), 0x12]);
        yield return ("graph-empty", "no graph", [.. IrVersion, .. Opset]);
        yield return ("graph-empty", "a graph without operators", Bare(Ends));
        yield return ("ir-version", "no version", [.. Opset, .. Field(7, Relu)]);
        yield return ("ir-version", "a version of the far future", [.. Long(1, 1L << 40), .. Opset, .. Field(7, Relu)]);
        yield return ("opset-version", "no operators' version", [.. IrVersion, .. Field(7, Relu)]);
        yield return ("opset-version", "a negative version", [.. IrVersion, .. Field(8, Long(2, -17)), .. Field(7, Relu)]);
        yield return ("opset-version", "two versions, under two names of one domain", [.. Model(), .. Field(8, [.. Text(1, "ai.onnx"), .. Number(2, 9)])]);

        yield return ("shape-negative", "a weight of negative length", Model(Field(5, Tensor([-4], 16))));
        yield return ("shape-negative", "an input of negative length", Model(Field(11, Value("more", 1, -1, 8))));
        yield return ("shape-overflow", "lengths whose product wraps to 0", Model(Field(5, Tensor([1L << 32, 1L << 32], 0))));
        yield return ("shape-overflow", "lengths whose product wraps, behind a 0", Model(Field(5, Tensor([0, long.MaxValue, long.MaxValue], 0))));
        yield return ("shape-overflow", "an input of a terabyte", Model(Field(11, Value("more", 1 << 20, 1 << 20))));
        yield return ("shape-overflow", "packed lengths", Model(Field(5, [.. Field(1, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x7F), .. Number(2, 1)])));
        yield return ("shape-overflow", "a tensor over what a package holds", Model(Field(5, Tensor([1 << 30], 0))));
        yield return ("shape-overflow", "a sparse tensor that unfolds to a terabyte", Model(Field(15, Shape(3, 1 << 20, 1 << 20))));
        yield return ("graph-weights", "a sparse tensor that unfolds to gigabytes", Model(Field(15, Shape(3, 1 << 28))));
        yield return ("shape-rank", "a thousand dimensions", Model(Field(5, Tensor([.. Enumerable.Repeat(1L, 1000)], 4))));
        yield return ("shape-data", "less data than the shape says", Model(Field(5, Tensor([1024], 16))));
        yield return ("shape-data", "more data than the shape says", Model(Field(5, Tensor([1], 1024))));
        yield return ("shape-data", "data in two fields", Model(Field(5, [.. Tensor([1], 4), .. Field(4, new byte[4])])));
        yield return ("shape-data", "data in another type's field", Model(Field(5, [.. Shape(1, 1), .. Number(2, 1), .. Number(7, 1)])));
        yield return ("shape-data", "no data at all", Model(Field(5, [.. Shape(1, 4), .. Number(2, 1)])));
        yield return ("tensor-type", "no type", Model(Field(5, Tensor([1], 4, 0))));
        yield return ("tensor-type", "an unknown type", Model(Field(5, Tensor([1], 4, 99))));

        yield return ("graph-nodes", "too many operators", Model([.. Enumerable.Repeat(Field(1), 100_001).SelectMany(n => n)]));
        var nested = Relu;
        for (var i = 0; i < 40; i++)
        {
            nested = Field(1, Field(5, Field(6, nested)));
        }

        yield return ("graph-depth", "graphs in graphs", Model(nested));
        var type = Field(1, Number(1, 1));
        for (var i = 0; i < 200; i++)
        {
            type = Field(4, Field(1, type));
        }

        yield return ("graph-depth", "sequences of sequences", Model(Field(13, Field(2, type))));
        yield return ("graph-parts", "a million numbers in an attribute", WithAttribute(Field(8, new byte[1_000_001])));
        yield return ("graph-parts", "a million empty texts", Model(Field(1, [.. Enumerable.Repeat(Text(1, ""), 1_000_001).SelectMany(n => n)])));
        yield return ("graph-text", "a name of a megabyte", Model(Field(1, Text(4, new string('x', 1 << 20)))));
        yield return ("graph-text", "a documentation of more", [.. Model(), .. Text(6, new string('x', (1 << 20) + 1))]);
    }

    /// <summary>Whole packages.</summary>
    public static IEnumerable<(string Code, string Cause, byte[] Package)> Packages()
    {
        yield return ("not-a-zip", "other bytes", "no zip"u8.ToArray());
        yield return ("not-a-zip", "a zip cut off", Sound()[..^40]);
        yield return ("zip-structure", "garbage behind the zip", [.. Sound(), .. "garbage"u8]);
        yield return ("zip-structure", "another zip before it", [.. Sound(), .. Sound()]);
        yield return ("zip-structure", "a file's own name differs", Renamed("card.md", "cart.md", isDirectoryToo: false));
        yield return ("zip-structure", "a file's own length differs", Patched(local: 22, directory: -1, 1));
        yield return ("zip-structure", "two files on the same bytes", Patched(local: -1, directory: 42, 0));
        yield return ("zip-structure", "a name for other readers", WithUnicodePath());
        yield return ("zip-damaged", "bytes that are not what was packed", Patched(local: 14, directory: 16, 0x01020304));
        yield return ("zip-encrypted", "a password", Patched(local: 6, directory: 8, 1, isShort: true));
        yield return ("zip-method", "a compression that few know", Patched(local: 8, directory: 10, 14, isShort: true));
        yield return ("zip-link", "a link", Packed(("card.md", "/etc/passwd"u8.ToArray(), 0xA1FF << 16)));
        yield return ("zip-link", "a device", Packed(("card.md", [], 0x21FF << 16)));
        yield return ("zip-nested", "a zip in the zip", Packed(("golden/more.zip", [], 0)));
        yield return ("zip-nested", "a zip by another name", Packed(("golden/more.bin", Sound(), 0)));
        foreach (var name in new[] { "golden/../../etc/passwd", "/etc/passwd", "golden\\x.bin", "libcustom.so", "model.onnx.data", "golden//x", "golden/.x", "golden/a\nb", "MODEL.ONNX" })
        {
            yield return ("zip-name", $"a file named {name.ReplaceLineEndings("↵")}", Packed((name, [1], 0)));
        }

        yield return ("zip-duplicate", "one name twice", Packed(("manifest.json", "{}"u8.ToArray(), 0)));
        yield return ("zip-duplicate", "names that differ in case", Packed(("golden/a.bin", [1], 0), ("golden/A.bin", [1], 0)));
        yield return ("zip-ratio", "a bomb", Packed(("golden/big.bin", new byte[64 << 20], 0)));
        yield return ("zip-ratio", "a file longer than it declares", LongerThanDeclared());
        yield return ("zip-entries", "ten thousand files", Packed([.. Enumerable.Range(0, 10_001).Select(i => ($"golden/{i}", Array.Empty<byte>(), 0))]));
        yield return ("package-incomplete", "no model", Packed(null, []));
        yield return ("model-hash", "another model than the manifest names", Package(Model(), manifestFor: Model(Relu)));
        yield return ("model-tensors", "a graph without the manifest's input", Package(Bare(Relu)));
        yield return ("manifest", "no manifest of ours", Package(Model(), m => "{}"));
        yield return ("manifest", "two names", Package(Model(), m => m.Replace("\"name\": \"hostile\"", "\"name\": \"hostile\", \"name\": \"friendly\"", StringComparison.Ordinal)));
        yield return ("manifest", "a manifest of megabytes", Package(Model(), m => m + new string(' ', 1 << 20)));
        yield return ("manifest", "a patch that overflows", Package(Model(), m => m.Replace("[8, 8, 8]", "[4096, 4096, 4096]", StringComparison.Ordinal)));
        yield return ("golden-missing", "a golden file outside", Package(Model(), m => m.Replace("golden/in.bin", "/etc/passwd", StringComparison.Ordinal)));
        yield return ("golden-hash", "another golden file", Package(Model(), m => m.Replace(Hash(Golden), Hash([1]), StringComparison.Ordinal)));
        yield return ("golden-shape", "a golden shape that wraps", Package(Model(), m => m.Replace("[4]", "[4611686018427387904, 4]", StringComparison.Ordinal)));
    }

    /// <summary>A package of this graph.</summary>
    public static byte[] Package(byte[] model, Func<string, string>? change = null, byte[]? manifestFor = null) =>
        Zip([("model.onnx", model, 0), .. Usual(manifestFor ?? model, change)]);

    private static (string Name, byte[] Bytes, int Attributes)[] Usual(byte[] model, Func<string, string>? change = null)
    {
        var manifest = Manifest.Replace("$model", Hash(model), StringComparison.Ordinal).Replace("$golden", Hash(Golden), StringComparison.Ordinal);
        return [("manifest.json", Encoding.UTF8.GetBytes(change?.Invoke(manifest) ?? manifest), 0), ("golden/in.bin", Golden, 0)];
    }

    private static byte[] Packed(params (string Name, byte[] Bytes, int Attributes)[] more) => Packed(Model(), more);

    private static byte[] Packed(byte[]? model, (string Name, byte[] Bytes, int Attributes)[] more) =>
        Zip([.. model is null ? [] : new[] { ("model.onnx", model, 0) }, .. Usual(model ?? []), .. more]);

    private static byte[] Zip(IEnumerable<(string Name, byte[] Bytes, int Attributes)> files)
    {
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes, attributes) in files)
            {
                var entry = archive.CreateEntry(name, bytes.Length > 1 << 20 ? CompressionLevel.Fastest : CompressionLevel.NoCompression);
                entry.ExternalAttributes = attributes;
                using var to = entry.Open();
                to.Write(bytes);
            }
        }

        return zip.ToArray();
    }

    /// <summary>A package with a card whose number at a place of its own header or of the directory is another.</summary>
    private static byte[] Patched(int local, int directory, uint value, bool isShort = false)
    {
        var zip = Packed(("card.md", "# A card\n"u8.ToArray(), 0));
        var (own, listed) = (zip.AsSpan().IndexOf("card.md"u8) - 30, zip.AsSpan().LastIndexOf("card.md"u8) - 46);
        foreach (var at in new[] { local < 0 ? -1 : own + local, directory < 0 ? -1 : listed + directory }.Where(at => at >= 0))
        {
            if (isShort)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(zip.AsSpan(at), (ushort)value);
            }
            else
            {
                BinaryPrimitives.WriteUInt32LittleEndian(zip.AsSpan(at), value);
            }
        }

        return zip;
    }

    private static byte[] Renamed(string from, string to, bool isDirectoryToo)
    {
        var zip = Packed((from, "# A card\n"u8.ToArray(), 0));
        Encoding.ASCII.GetBytes(to).CopyTo(zip.AsSpan(zip.AsSpan().IndexOf(Encoding.ASCII.GetBytes(from))));
        if (isDirectoryToo)
        {
            Encoding.ASCII.GetBytes(to).CopyTo(zip.AsSpan(zip.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(from))));
        }

        return zip;
    }

    /// <summary>The directory's last file has an extra field with another name (APPNOTE §4.6.9).</summary>
    private static byte[] WithUnicodePath()
    {
        var zip = Packed(("card.md", "# A card\n"u8.ToArray(), 0));
        var name = zip.AsSpan().LastIndexOf("card.md"u8);
        byte[] extra = [0x75, 0x70, 12, 0, 1, 0, 0, 0, 0, .. "evil.so"u8];
        BinaryPrimitives.WriteUInt16LittleEndian(zip.AsSpan(name - 46 + 30), (ushort)extra.Length);
        byte[] longer = [.. zip[..(name + 7)], .. extra, .. zip[(name + 7)..]];
        var end = longer.AsSpan(longer.Length - 22);
        BinaryPrimitives.WriteUInt32LittleEndian(end[12..], BinaryPrimitives.ReadUInt32LittleEndian(end[12..]) + (uint)extra.Length);
        return longer;
    }

    /// <summary>A deflated file whose headers both say that it is one byte.</summary>
    private static byte[] LongerThanDeclared()
    {
        var zip = Packed(("golden/big.bin", new byte[2 << 20], 0));
        var (own, listed) = (zip.AsSpan().IndexOf("golden/big.bin"u8) - 30, zip.AsSpan().LastIndexOf("golden/big.bin"u8) - 46);
        BinaryPrimitives.WriteUInt32LittleEndian(zip.AsSpan(own + 22), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(zip.AsSpan(listed + 24), 1);
        return zip;
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
