using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Platform.Hosting.Blobs;

/// <summary>What the file store needs of the operating system and .NET does not offer: fsync of a directory, rename without replacing.</summary>
internal static partial class Disk
{
    private const int NoEntry = 2;
    private const int Exists = 17;
    private const int Invalid = 22;
    private const int NoSpace = 28;
    private const int NotImplemented = 38;
    private const int NotSupported = 95;
    private const int QuotaExceeded = 122;
    private const int OpenDirectory = 0x10000;
    private const int OpenCloseOnExec = 0x80000;
    private const int CurrentDirectory = -100;
    private const uint NoReplace = 1;

    /// <summary>.NET puts errno into HResult of an IOException of the file system.</summary>
    public static bool IsFull(IOException e) => e is not BlobStoreFullException && (e.HResult is NoSpace or QuotaExceeded);

    public static long FreeBytes(string path) => new DriveInfo(path).AvailableFreeSpace;

    public static void Flush(SafeFileHandle handle)
    {
        // Not RandomAccess.FlushToDisk: it takes some errors for success, and here an error means that bytes are lost.
        if (fsync(handle) != 0)
        {
            throw Error("fsync");
        }
    }

    public static void FlushDirectory(string path)
    {
        using var handle = new SafeFileHandle(open(path, OpenDirectory | OpenCloseOnExec), ownsHandle: true);
        if (handle.IsInvalid)
        {
            throw Error("open");
        }

        if (fsync(handle) != 0)
        {
            throw Error("fsync");
        }
    }

    public static void MoveWithoutReplacing(string from, string to, string blobName)
    {
        if (renameat2(CurrentDirectory, from, CurrentDirectory, to, NoReplace) == 0)
        {
            return;
        }

        var error = Marshal.GetLastPInvokeError();
        if (error == Exists)
        {
            throw new BlobExistsException(blobName);
        }

        if (error is not (Invalid or NotImplemented or NotSupported))
        {
            throw Error("renameat2");
        }

        // A file system that cannot refuse in the rename itself (some network shares): look, then move.
        if (File.Exists(to))
        {
            throw new BlobExistsException(blobName);
        }

        File.Move(from, to);
    }

    private static IOException Error(string call)
    {
        var error = Marshal.GetLastPInvokeError();
        var message = $"{call}: {new Win32Exception(error).Message}";
        return error == NoEntry ? new FileNotFoundException(message) : new IOException(message, error);
    }

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int fsync(SafeFileHandle handle);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint open(string path, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int renameat2(int fromDirectory, string from, int toDirectory, string to, uint flags);
}
