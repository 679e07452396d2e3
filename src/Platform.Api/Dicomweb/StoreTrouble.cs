using System.Net.Sockets;
using Npgsql;
using Platform.Hosting.Blobs;

namespace Platform.Api.Dicomweb;

/// <summary>Tells an environment that can't store now from a fault of the program.</summary>
internal static class StoreTrouble
{
    /// <summary>No room in the blob store or the database.</summary>
    public static bool IsFull(Exception e) =>
        Chain(e).Any(x => x is BlobStoreFullException or PostgresException { SqlState: PostgresErrorCodes.DiskFull });

    /// <summary>Blob store or database can't be reached, or the connection was lost.</summary>
    public static bool IsAway(Exception e) => Chain(e).Any(x => x switch
    {
        PostgresException database => database.IsTransient,
        NpgsqlException or SocketException or TimeoutException or IOException or HttpRequestException => true,
        _ => x.GetType().FullName == "Azure.RequestFailedException",
    });

    private static IEnumerable<Exception> Chain(Exception e)
    {
        for (var x = e; x is not null; x = x.InnerException)
        {
            yield return x;
            if (x is AggregateException { InnerExceptions: var inner })
            {
                foreach (var one in inner.SelectMany(Chain))
                {
                    yield return one;
                }
            }
        }
    }
}
