namespace Platform.Hosting.Telemetry;

/// <summary>Section <c>Telemetry</c>. Nothing is sent unless an endpoint is named.</summary>
public sealed class TelemetryOptions
{
    public const string Section = "Telemetry";

    /// <summary>OTLP collector, e.g. <c>http://collector:4317</c>; null sends nothing.</summary>
    public Uri? OtlpEndpoint { get; set; }
}
