using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Platform.Hosting.Blobs;
using Platform.Hosting.Telemetry;

namespace Platform.Hosting;

/// <summary>What every host does alike: telemetry, health checks, the blob store.</summary>
public static class PlatformHosting
{
    /// <summary>Safe to call from each part of a host that runs several: only the first call counts.</summary>
    public static IHostApplicationBuilder AddPlatformHosting(this IHostApplicationBuilder builder, string serviceName)
    {
        if (builder.Services.Any(s => s.ServiceType == typeof(Added)))
        {
            return builder;
        }

        builder.Services.AddSingleton<Added>();
        builder.AddPlatformTelemetry(serviceName);
        builder.Services.AddHealthChecks();
        builder.Services.AddBlobStore();
        return builder;
    }

    private sealed class Added;
}
