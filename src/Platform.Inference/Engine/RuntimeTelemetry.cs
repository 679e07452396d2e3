using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Platform.Inference.Engine;

/// <summary>
/// Keeps ONNX Runtime from telling its maker about the models it runs: from 1.29 on it does so on Linux, with an identifier of the machine
/// that it stores in the home folder, unless the environment says otherwise before the library is loaded.
/// </summary>
internal static partial class RuntimeTelemetry
{
    // An initializer of the module, since it must come before whatever touches the runtime first, in every program that holds the engine.
#pragma warning disable CA2255
    [ModuleInitializer]
    internal static void TurnOff()
#pragma warning restore CA2255
    {
        if (!OperatingSystem.IsWindows())
        {
            // The C library's own: .NET changes a copy, which native code does not see.
            _ = setenv("ORT_DISABLE_TELEMETRY", "1", 1);
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int setenv(string name, string value, int overwrite);
}
