namespace Platform.Cli;

/// <summary>The command line asks for what cannot be: told in one line, <see cref="ExitCode.Usage"/>.</summary>
internal sealed class UsageException(string message, Exception? inner = null) : Exception(message, inner);
