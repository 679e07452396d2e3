using System.Text.RegularExpressions;

namespace Platform.Hosting.Blobs;

/// <summary>Immutable blobs by name. A name is written once, seen by readers only when committed, and never overwritten.</summary>
public abstract partial class BlobStore
{
    /// <summary>Opens a new blob for writing. Readers see it after the commit; disposing it uncommitted removes it.</summary>
    /// <exception cref="BlobStoreFullException">The disk or the account has no room, or less than the reserve.</exception>
    public abstract Task<BlobWriter> CreateAsync(string name, CancellationToken ct);

    /// <summary>Commits are a matter of this machine's disk: no network that may stall for minutes is waited for.</summary>
    public abstract bool IsLocal { get; }

    /// <summary>
    /// Commits many writers at the price of a few. For random names only, which nobody knows before this returns: a power cut
    /// in it may leave a name with less than its bytes. When it throws, none, some or all may exist; refer to none of them.
    /// </summary>
    public abstract Task CommitAllAsync(IReadOnlyList<BlobWriter> writers, CancellationToken ct);

    /// <summary>Opens a blob, or the part from <paramref name="offset"/> of at most <paramref name="length"/> bytes; null when absent.</summary>
    public abstract Task<Stream?> OpenReadAsync(string name, long offset, long? length, CancellationToken ct);

    /// <summary>Length in bytes; null when absent.</summary>
    public abstract Task<long?> GetLengthAsync(string name, CancellationToken ct);

    /// <summary>Removes a blob; false when there was none.</summary>
    public abstract Task<bool> DeleteAsync(string name, CancellationToken ct);

    /// <summary>All committed blobs whose name starts with <paramref name="prefix"/>, in no particular order.</summary>
    public abstract IAsyncEnumerable<BlobEntry> ListAsync(string prefix, CancellationToken ct);

    /// <summary>Reaches the store and looks at its room; throws where it cannot be reached.</summary>
    public abstract Task<BlobStoreRoom> CheckAsync(CancellationToken ct);

    /// <summary>Opens a whole blob; null when absent.</summary>
    public Task<Stream?> OpenReadAsync(string name, CancellationToken ct) => OpenReadAsync(name, 0, null, ct);

    /// <summary>Names are made of ids and hex by the program; anything else is a mistake, never a path.</summary>
    internal static string Checked(string name) =>
        name.Length <= 512 && Name().IsMatch(name)
            ? name
            : throw new ArgumentException("A blob name is lower-case segments of a-z, 0-9, '.', '_' and '-' divided by '/'.", nameof(name));

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*\z")]
    private static partial Regex Name();
}

/// <summary>One committed blob.</summary>
public sealed record BlobEntry(string Name, long Length, DateTimeOffset CreatedAt);

/// <summary>How much the store can still take; nulls where it does not say.</summary>
public sealed record BlobStoreRoom(long? FreeBytes, long? MinimumFreeBytes)
{
    public bool IsFull => FreeBytes < MinimumFreeBytes;
}

/// <summary>The store refused a write for want of room. Nothing that was committed before is touched; answer 507.</summary>
public sealed class BlobStoreFullException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>The name is taken; blobs are never overwritten.</summary>
public sealed class BlobExistsException(string name) : IOException($"Blob {name} exists.");
