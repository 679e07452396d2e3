using Platform.Api.Security;

namespace Platform.Api.Data;

/// <summary>The route-group filter that opens the tenant's scope around ordinary endpoints; they just take <see cref="PlatformDb"/>.</summary>
internal static class TenantTransaction
{
    /// <summary>For endpoints that stream: they call <see cref="TenantScope.RunAsync{T}"/> themselves and hold no transaction across network I/O.</summary>
    public static TBuilder WithoutTenantTransaction<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(OptOut.Instance);

    /// <summary>The result is written to the network after the commit, because a filter returns before its result is executed.</summary>
    public static async ValueTask<object?> FilterAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (http.GetEndpoint()!.Metadata.GetMetadata<OptOut>() is not null)
        {
            return await next(context);
        }

        var tenant = http.RequestServices.GetRequiredService<CurrentTenant>();
        var db = http.RequestServices.GetRequiredService<PlatformDb>();
        return await TenantScope.AroundAsync(db, tenant.Id, () => next(context).AsTask(), http.RequestAborted);
    }

    private sealed class OptOut
    {
        public static readonly OptOut Instance = new();
    }
}
