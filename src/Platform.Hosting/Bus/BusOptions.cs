using System.ComponentModel.DataAnnotations;

namespace Platform.Hosting.Bus;

public enum BusTransport
{
    InMemory,
    RabbitMq,
}

/// <summary>Section <c>Bus</c>: how API and workers talk.</summary>
public sealed class BusOptions
{
    public const string Section = "Bus";

    /// <summary>In memory only where API and worker are one process.</summary>
    public BusTransport Transport { get; set; } = BusTransport.RabbitMq;

    [Required]
    public string Host { get; set; } = "localhost";

    [Range(1, 65535)]
    public int Port { get; set; } = 5672;

    [Required]
    public string VirtualHost { get; set; } = "/";

    [Required]
    public string Username { get; set; } = "guest";

    [Required]
    public string Password { get; set; } = "guest";

    /// <summary>Messages taken ahead by endpoints that name no number of their own.</summary>
    [Range(1, 1000)]
    public int PrefetchCount { get; set; } = 16;
}
