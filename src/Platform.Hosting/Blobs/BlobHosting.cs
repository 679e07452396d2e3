using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Platform.Hosting.Health;

namespace Platform.Hosting.Blobs;

internal static class BlobHosting
{
    public static void AddBlobStore(this IServiceCollection services)
    {
        services.AddOptions<BlobOptions>().BindConfiguration(BlobOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<BlobStore>(provider =>
        {
            var options = provider.GetRequiredService<IOptions<BlobOptions>>().Value;
            return options.Provider == BlobProvider.Azure
                ? new AzureBlobStore(options.ConnectionString!, options.Container)
                : new FileBlobStore(options.Path!, options.MinimumFreeBytes, provider.GetRequiredService<TimeProvider>());
        });
        services.AddHealthChecks().AddCheck<BlobHealthCheck>("blobs", tags: [PlatformHealth.Ready]);
    }
}
