using System.Runtime.InteropServices;

namespace Platform.Dicom.Pixels;

/// <summary>A codec's library of the system, loaded when the first frame needs it.</summary>
internal sealed class NativeCodec(string name, string package, params string[] files)
{
    private readonly Lazy<nint> _handle = new(() => Load(files));

    /// <summary>The address of an exported function.</summary>
    /// <exception cref="DicomException">CodecMissing: the library, or the function in it, is not there.</exception>
    public nint Export(string function) =>
        _handle.Value != 0 && NativeLibrary.TryGetExport(_handle.Value, function, out var address) ? address : throw Missing();

    /// <summary>The error that names the package to install.</summary>
    public DicomException Missing() =>
        new(DicomError.CodecMissing, $"{name} is missing or too old; install the package {package}", DicomTags.PixelData);

    private static nint Load(string[] files)
    {
        foreach (var file in files)
        {
            if (NativeLibrary.TryLoad(file, out var handle))
            {
                return handle;
            }
        }

        return 0;
    }
}
