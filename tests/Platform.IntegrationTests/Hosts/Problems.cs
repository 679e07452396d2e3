using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Platform.IntegrationTests.Hosts;

/// <summary>Reads problem+json answers.</summary>
internal static class Problems
{
    public static async Task<JsonElement> ReadAsync(HttpResponseMessage answer, HttpStatusCode expected, CancellationToken ct)
    {
        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync(ct));
        Assert.Equal((int)expected, problem.GetProperty("status").GetInt32());
        return problem;
    }

    /// <summary>All that a caller could tell two answers apart by.</summary>
    public static async Task<string> WithoutTraceAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync(ct))!.AsObject();
        problem.Remove("traceId");
        var headers = answer.Headers.Concat(answer.Content.Headers).Where(h => h.Key is not "Date" and not "Content-Length")
            .OrderBy(h => h.Key, StringComparer.Ordinal).Select(h => $"{h.Key}: {string.Join(',', h.Value)}");
        return $"{(int)answer.StatusCode}\n{string.Join('\n', headers)}\n{problem.ToJsonString()}";
    }
}
