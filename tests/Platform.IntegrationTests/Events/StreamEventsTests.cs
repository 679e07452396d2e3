using System.Net.ServerSentEvents;
using Npgsql;
using Platform.Api.Events;
using Platform.IntegrationTests.Hosts;
using Xunit;

namespace Platform.IntegrationTests.Events;

public class StreamEventsTests(ApiHost api) : IClassFixture<ApiHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_change_reaches_its_tenants_stream_when_it_commits_and_no_other_tenants()
    {
        var (mine, theirs, undone) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await using var stream = await OpenAsync("events-a");
        Assert.Equal("ready", (await stream.NextAsync()).EventType);

        await PublishAsync("events-b", theirs);
        await Assert.ThrowsAsync<FormatException>(() => PublishAsync("events-a", undone, fails: true));
        await PublishAsync("events-a", mine);

        var change = await stream.NextAsync();
        Assert.Equal("study", change.EventType);
        Assert.Contains(mine.ToString(), change.Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_the_listening_connection_was_lost_the_stream_says_read_again()
    {
        await using var stream = await OpenAsync("events-lost");
        Assert.Equal("ready", (await stream.NextAsync()).EventType);
        await using (var app = NpgsqlDataSource.Create(api.Settings["Database:App"]!))
        {
            await using var kill = app.CreateCommand(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'");
            Assert.Equal(1L, await kill.ExecuteScalarAsync(Ct));
        }

        Assert.Equal("resync", (await stream.NextAsync()).EventType);
        var id = Guid.CreateVersion7();
        await PublishAsync("events-lost", id);
        Assert.Contains(id.ToString(), (await stream.NextAsync()).Data, StringComparison.Ordinal);
    }

    private async Task PublishAsync(string tenant, Guid id, bool fails = false) => await api.InTenantAsync(
        tenant,
        async (db, ct) =>
        {
            await Changes.PublishAsync(db, "study", id, "complete", ct);
            return fails ? throw new FormatException() : true;
        },
        Ct);

    private async Task<OpenStream> OpenAsync(string tenant)
    {
        var client = await api.AsViewerAsync(tenant);
        var response = await client.GetAsync(new Uri($"t/{tenant}/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Equal("text/event-stream", response.EnsureSuccessStatusCode().Content.Headers.ContentType?.MediaType);
        var items = SseParser.Create(await response.Content.ReadAsStreamAsync(Ct)).EnumerateAsync(Ct).GetAsyncEnumerator(Ct);
        return new OpenStream(response, items);
    }

    private sealed class OpenStream(HttpResponseMessage response, IAsyncEnumerator<SseItem<string>> items) : IAsyncDisposable
    {
        public async Task<SseItem<string>> NextAsync()
        {
            Assert.True(await items.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), Ct), "The stream ended.");
            return items.Current.EventType == "heartbeat" ? await NextAsync() : items.Current;
        }

        public ValueTask DisposeAsync()
        {
            response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
