namespace Platform.Local;

/// <summary>The folder that an installation lives in, held by one process at a time: the lock ends with the process, however it ends.</summary>
internal sealed class DataFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly FileStream held;

    private DataFolder(string root, FileStream held)
    {
        Root = root;
        this.held = held;
    }

    public string Root { get; }

    public string Database => Path.Combine(Root, "postgres");

    public string Blobs => Path.Combine(Root, "blobs");

    public string Credentials => Path.Combine(Root, "credentials.json");

    /// <summary>There once the sample studies' findings have been shown.</summary>
    public string SampleShown => Path.Combine(Root, "sample-shown");

    public static DataFolder Open(string path)
    {
        var root = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(root, OwnerOnly);
            return new DataFolder(root, new FileStream(Path.Combine(root, "lock"), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StartProblemException($"{root} belongs to another user. Run as that user, or choose a folder with --data.", e);
        }
        catch (IOException e)
        {
            throw new StartProblemException(
                $"{root} cannot be used: {e.Message} If a platform is running on it, stop that one first, or choose a folder with --data.", e);
        }
    }

    public void Dispose() => held.Dispose();
}
