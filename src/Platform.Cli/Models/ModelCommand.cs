using System.CommandLine;

namespace Platform.Cli.Models;

/// <summary><c>platform model</c>: a file for each verb.</summary>
internal static class ModelCommand
{
    public static Command Create() => new("model", "Model packages: from an .onnx file to a running model.")
    {
        New.Create(),
        Golden.Create(),
        Check.Create(),
        Pack.Create(),
        Key.Create(),
        Sign.Create(),
        Run.Create(),
    };
}
