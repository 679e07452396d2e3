namespace Platform.Dicom.Network;

/// <summary>Whom a <see cref="DicomClient"/> calls, and as whom.</summary>
public sealed record DicomClientOptions
{
    public required string Host { get; init; }

    public required int Port { get; init; }

    /// <summary>1 to 16 characters of printable ASCII without backslash (PS3.5 §6.2).</summary>
    public required string CalledAeTitle { get; init; }

    public string CallingAeTitle { get; init; } = "PLATFORM";

    /// <summary>Null for a plain connection.</summary>
    public DicomTls? Tls { get; init; }

    /// <summary>For the connection, its TLS handshake and the answer to the association request, each.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public DicomNetworkBudgets Budgets { get; init; } = DicomNetworkBudgets.Default;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>1 to 16 characters of printable ASCII, no backslash, no space at either end (PS3.5 §6.2).</summary>
    public static bool IsAeTitle(string text) =>
        text.Length is >= 1 and <= 16 && text.Trim() == text && text.All(c => c is >= ' ' and <= '~' and not '\\');
}
