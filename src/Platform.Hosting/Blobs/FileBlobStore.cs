using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Platform.Hosting.Blobs;

/// <summary>
/// Blobs as files under one folder. A writer fills a file in <c>.staging</c> that has no name yet; the commit flushes it,
/// gives it its name without ever replacing one (renameat2, RENAME_NOREPLACE), and flushes the directory.
/// So a crash leaves no half blob under a name that somebody can read. A commit of many names first and flushes then: those names
/// are random, and nobody has been told one before all of it is on the disk (docs/decisions/0004).
/// </summary>
public sealed class FileBlobStore : BlobStore
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly TimeSpan AbandonedAfter = TimeSpan.FromHours(24);

    private readonly string root;
    private readonly string staging;
    private readonly long minimumFreeBytes;
    private readonly ConcurrentDictionary<string, bool> durableDirectories = new(StringComparer.Ordinal);

    public FileBlobStore(string path, long minimumFreeBytes, TimeProvider clock)
    {
        root = Path.GetFullPath(path);
        staging = Path.Combine(root, ".staging");
        this.minimumFreeBytes = minimumFreeBytes;
        Directory.CreateDirectory(root, OwnerOnly);
        Directory.CreateDirectory(staging, OwnerOnly);
        RemoveAbandoned(clock.GetUtcNow() - AbandonedAfter);
    }

    public override bool IsLocal => true;

    public override Task<BlobWriter> CreateAsync(string name, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var path = PathOf(name);
        ThrowIfReserveReached();
        if (File.Exists(path))
        {
            throw new BlobExistsException(name);
        }

        var temporary = Path.Combine(staging, RandomNumberGenerator.GetHexString(32, lowercase: true));
        try
        {
            return Task.FromResult<BlobWriter>(new FileBlobWriter(this, name, path, temporary));
        }
        catch (IOException e) when (Disk.IsFull(e))
        {
            throw Full(e);
        }
    }

    public override async Task CommitAllAsync(IReadOnlyList<BlobWriter> writers, CancellationToken ct)
    {
        var files = writers.Cast<FileBlobWriter>().ToList();
        try
        {
            // :: Step 1: every name; the bytes are in the file, though not on the disk.
            foreach (var file in files)
            {
                file.FlushToFile();
                EnsureDirectory(Path.GetDirectoryName(file.FinalPath)!);
                file.Publish();
            }

            // :: Step 2: every file's bytes, and with them the names: a journalling file system does both in one commit.
            // In parallel, so that it can put many files into one.
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = ct };
            await Parallel.ForEachAsync(files, parallel, (file, _) =>
            {
                file.FlushToDisk();
                return ValueTask.CompletedTask;
            });

            // :: Step 3: each directory once, for file systems where a file's flush says nothing of its name.
            foreach (var directory in files.Select(f => Path.GetDirectoryName(f.FinalPath)!).Distinct(StringComparer.Ordinal))
            {
                Disk.FlushDirectory(directory);
            }
        }
        catch (IOException e) when (Disk.IsFull(e))
        {
            throw Full(e);
        }

        files.ForEach(file => file.IsDurable = true);
    }

    /// <summary>One blob whose name others may know: it gets it when its bytes are on the disk, never before.</summary>
    internal void Commit(FileBlobWriter file)
    {
        file.FlushToDisk();
        try
        {
            var directory = Path.GetDirectoryName(file.FinalPath)!;
            EnsureDirectory(directory);
            file.Publish();
            file.IsDurable = true; // whole under its name: a directory that cannot be flushed does not make it less so
            Disk.FlushDirectory(directory);
        }
        catch (IOException e) when (Disk.IsFull(e))
        {
            throw Full(e);
        }
    }

    public override Task<Stream?> OpenReadAsync(string name, long offset, long? length, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        try
        {
            var file = new FileStream(PathOf(name), new FileStreamOptions
            {
                Mode = FileMode.Open,
                Access = FileAccess.Read,
                Share = FileShare.ReadWrite | FileShare.Delete,
                Options = FileOptions.Asynchronous | FileOptions.SequentialScan,
                BufferSize = 0,
            });
            file.Position = offset;
            return Task.FromResult<Stream?>(length is { } bytes ? new RangeStream(file, bytes) : file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Stream?>(null);
        }
    }

    public override Task<long?> GetLengthAsync(string name, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var file = new FileInfo(PathOf(name));
        return Task.FromResult(file.Exists ? (long?)file.Length : null);
    }

    public override Task<bool> DeleteAsync(string name, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var path = PathOf(name);
        if (!File.Exists(path))
        {
            return Task.FromResult(false);
        }

        File.Delete(path);
        return Task.FromResult(true);
    }

    public override async IAsyncEnumerable<BlobEntry> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken ct)
    {
        // Walk only the folder that the prefix names; the rest of the prefix is a file or folder name's beginning.
        var folder = prefix.Contains('/', StringComparison.Ordinal) ? prefix[..prefix.LastIndexOf('/')] : "";
        var start = folder.Length == 0 ? root : PathOf(folder);
        if (!Directory.Exists(start))
        {
            yield break;
        }

        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = false, AttributesToSkip = 0 };
        foreach (var file in new DirectoryInfo(start).EnumerateFiles("*", options))
        {
            ct.ThrowIfCancellationRequested();
            var name = Path.GetRelativePath(root, file.FullName);
            if (name.StartsWith('.') || !name.StartsWith(prefix, StringComparison.Ordinal))
            {
                continue;
            }

            yield return new BlobEntry(name, file.Length, file.LastWriteTimeUtc);
        }

        await Task.CompletedTask;
    }

    public override Task<BlobStoreRoom> CheckAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (!Directory.Exists(staging))
        {
            throw new DirectoryNotFoundException("The blob folder is gone.");
        }

        return Task.FromResult(new BlobStoreRoom(Disk.FreeBytes(root), minimumFreeBytes));
    }

    internal void ThrowIfReserveReached()
    {
        if (minimumFreeBytes > 0 && Disk.FreeBytes(root) < minimumFreeBytes)
        {
            throw new BlobStoreFullException($"Less than {minimumFreeBytes >> 20} MiB of disk is free.");
        }
    }

    internal static BlobStoreFullException Full(IOException e) => new("The disk is full.", e);

    /// <summary>Makes the folder and sees to it that every folder above it survives a power cut; once per folder and process.</summary>
    private void EnsureDirectory(string directory)
    {
        if (durableDirectories.ContainsKey(directory))
        {
            return;
        }

        Directory.CreateDirectory(directory, OwnerOnly);
        for (var parent = Path.GetDirectoryName(directory)!; parent.Length >= root.Length; parent = Path.GetDirectoryName(parent)!)
        {
            Disk.FlushDirectory(parent);
        }

        durableDirectories[directory] = true;
    }

    private string PathOf(string name) => Path.Combine(root, Checked(name));

    /// <summary>What a crashed process left half written.</summary>
    private void RemoveAbandoned(DateTimeOffset before)
    {
        foreach (var file in new DirectoryInfo(staging).EnumerateFiles())
        {
            if (file.LastWriteTimeUtc < before.UtcDateTime)
            {
                file.Delete();
            }
        }
    }
}
