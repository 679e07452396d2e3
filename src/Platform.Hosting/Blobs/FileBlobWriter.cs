namespace Platform.Hosting.Blobs;

/// <summary>Writes a staged file; see <see cref="FileBlobStore"/>.</summary>
internal sealed class FileBlobWriter : BlobWriter
{
    private const long RoomCheckBytes = 32L << 20;

    private readonly FileBlobStore store;
    private readonly string temporaryPath;
    private readonly FileStream file;
    private long nextRoomCheck = RoomCheckBytes;
    private long written;
    private bool isPublished;
    private bool isDisposed;

    public FileBlobWriter(FileBlobStore store, string name, string finalPath, string temporaryPath)
    {
        this.store = store;
        this.temporaryPath = temporaryPath;
        Name = name;
        FinalPath = finalPath;
        file = new FileStream(temporaryPath, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.Read | FileShare.Delete,
            Options = FileOptions.Asynchronous,
            BufferSize = 128 << 10,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
    }

    public override string Name { get; }

    public override long Length => written;

    public override long Position
    {
        get => written;
        set => throw new NotSupportedException();
    }

    internal string FinalPath { get; }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        BeforeWrite(buffer.Length);
        try
        {
            file.Write(buffer);
        }
        catch (IOException e) when (Disk.IsFull(e))
        {
            throw FileBlobStore.Full(e);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        BeforeWrite(buffer.Length);
        try
        {
            await file.WriteAsync(buffer, cancellationToken);
        }
        catch (IOException e) when (Disk.IsFull(e))
        {
            throw FileBlobStore.Full(e);
        }
    }

    /// <summary>False: whatever there is of it goes with the writer.</summary>
    internal bool IsDurable { get; set; }

    public override Task CommitAsync(CancellationToken ct) => Task.Run(() => store.Commit(this), ct);

    /// <summary>Buffered bytes to the file.</summary>
    internal void FlushToFile()
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        file.Flush(flushToDisk: false);
    }

    /// <summary>Buffered bytes to the file, the file to the disk.</summary>
    internal void FlushToDisk()
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        try
        {
            file.Flush(flushToDisk: false);
            Disk.Flush(file.SafeFileHandle);
        }
        catch (IOException e) when (Disk.IsFull(e))
        {
            throw FileBlobStore.Full(e);
        }
    }

    /// <summary>Gives the flushed file its name.</summary>
    internal void Publish()
    {
        Disk.MoveWithoutReplacing(temporaryPath, FinalPath, Name);
        isPublished = true;
    }

    protected override void Dispose(bool disposing)
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        try
        {
            file.Dispose();
        }
        catch (IOException) when (!isPublished)
        {
            // The last buffered bytes did not fit; the file goes anyway.
        }
        finally
        {
            if (!IsDurable)
            {
                File.Delete(isPublished ? FinalPath : temporaryPath);
            }
        }

        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        Dispose(disposing: true);
        await base.DisposeAsync();
    }

    private void BeforeWrite(int count)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        written += count;
        if (written >= nextRoomCheck)
        {
            store.ThrowIfReserveReached();
            nextRoomCheck = written + RoomCheckBytes;
        }
    }
}
