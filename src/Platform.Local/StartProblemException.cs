namespace Platform.Local;

/// <summary>Something that the person who starts the platform can put right; the message says how.</summary>
internal sealed class StartProblemException(string message, Exception? inner = null) : Exception(message, inner);
