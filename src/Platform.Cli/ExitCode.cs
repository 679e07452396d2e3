namespace Platform.Cli;

/// <summary>What the process tells a script.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>Something of what was asked was refused or failed; the rest was done.</summary>
    public const int SomeRefused = 1;

    /// <summary>The command line is wrong, or names a file that cannot be used.</summary>
    public const int Usage = 2;

    /// <summary>There was no connection, or it failed before all was done.</summary>
    public const int NoConnection = 3;
}
