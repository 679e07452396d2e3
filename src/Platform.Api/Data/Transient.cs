using Npgsql;

namespace Platform.Api.Data;

/// <summary>What EF Core's execution strategy does for its contexts, for statements that go without one.</summary>
internal static class Transient
{
    private static readonly TimeSpan[] Pauses =
        [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(2)];

    /// <summary>Runs <paramref name="work"/> again, at most three times, after failures of the database that pass by themselves.</summary>
    public static async Task<T> RetryAsync<T>(Func<Task<T>> work, CancellationToken ct)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                return await work();
            }
            catch (NpgsqlException e) when (e.IsTransient && failures < Pauses.Length)
            {
                await Task.Delay(Pauses[failures], ct);
            }
        }
    }
}
