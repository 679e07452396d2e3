using System.CommandLine;

namespace Platform.Cli.Dicom;

/// <summary><c>platform dicom</c>: a file for each verb.</summary>
internal static class DicomCommand
{
    public static Command Create() => new("dicom", "DICOM files and networks.")
    {
        Json.Create(),
        Dump.Create(),
        Frames.Create(),
        Volume.Create(),
        Verify.Create(),
        Deidentify.Create(),
        Echo.Create(),
        Send.Create(),
        Receive.Create(),
    };
}
