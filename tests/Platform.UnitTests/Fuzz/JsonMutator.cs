using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Platform.UnitTests.Fuzz;

/// <summary>JSON that stays JSON: values of other types, absent and doubled members, numbers and texts at the edges.</summary>
internal sealed class JsonMutator(Random random, IReadOnlyList<string> texts)
{
    /// <summary>Raw values, some of which no serializer would write.</summary>
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-0", "-1", "1", "255", "256", "4294967296", "-9223372036854775809", "1e308", "1e999", "-1e999", "1.5",
        "0.1000000000000000055511151231257827021181583404541015625", "\"\"", "\" \"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00x\"",
        "\"\\ufffe\"", "\"1\\\\2\"", "\"=^=^\"", "[]", "[null]", "[[]]", "{}", "[{}]", "{\"\":0}", "\"NaN\"", "\"AAAA\"", "\"A=\"",
    ];

    /// <summary>The object with one to four of its members or values changed; the bytes themselves where they are no JSON.</summary>
    public byte[] Mutate(byte[] json)
    {
        try
        {
            return Change(JsonNode.Parse(json));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return json; // no JSON, texts that are no Unicode, or a name twice: JsonNode has none of them
        }
    }

    private byte[] Change(JsonNode? root)
    {
        // Raw values stand as markers in the tree until it is text.
        var marks = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var changes = random.Next(1, 5); changes > 0 && root is not null; changes--)
        {
            Change(root, marks);
        }

        var text = root?.ToJsonString() ?? "null";
        foreach (var (mark, raw) in marks)
        {
            text = text.Replace($"\"{mark}\"", raw, StringComparison.Ordinal);
        }

        return Encoding.UTF8.GetBytes(text);
    }

    private void Change(JsonNode root, Dictionary<string, string> marks)
    {
        var places = Containers(root).Where(c => c is JsonObject { Count: > 0 } or JsonArray { Count: > 0 }).ToList();
        if (places.Count == 0)
        {
            return;
        }

        switch (places[random.Next(places.Count)])
        {
            case JsonObject o:
                var name = o.ElementAt(random.Next(o.Count)).Key;
                switch (random.Next(5))
                {
                    case 0:
                        o.Remove(name);
                        break;
                    case 1:
                        var value = o[name];
                        o.Remove(name);
                        o[texts[random.Next(texts.Count)]] = value;
                        break;
                    case 2:
                        o[texts[random.Next(texts.Count)]] = o[name]?.DeepClone();
                        break;
                    default:
                        o[name] = Mark(marks);
                        break;
                }

                break;
            case JsonArray a:
                var at = random.Next(a.Count);
                switch (random.Next(4))
                {
                    case 0:
                        a.RemoveAt(at);
                        break;
                    case 1:
                        a.Insert(at, a[at]?.DeepClone());
                        break;
                    default:
                        a[at] = Mark(marks);
                        break;
                }

                break;
        }
    }

    private string Mark(Dictionary<string, string> marks)
    {
        var mark = $"mark-{marks.Count}";
        marks[mark] = random.Next(4) == 0
            ? JsonSerializer.Serialize(texts[random.Next(texts.Count)])
            : Values[random.Next(Values.Length)];
        return mark;
    }

    private static IEnumerable<JsonNode> Containers(JsonNode root)
    {
        var pending = new Stack<JsonNode>([root]);
        while (pending.TryPop(out var node))
        {
            yield return node;
            var children = node switch
            {
                JsonObject o => o.Select(p => p.Value),
                JsonArray a => a,
                _ => Enumerable.Empty<JsonNode?>(),
            };
            foreach (var child in children.OfType<JsonNode>().Where(c => c is not JsonValue))
            {
                pending.Push(child);
            }
        }
    }
}
