using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Platform.Api.Data;

/// <summary>Ready when the request role can ask the database something.</summary>
internal sealed class DatabaseHealthCheck(RoleConnections connections) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var command = connections.App.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (NpgsqlException)
        {
            return HealthCheckResult.Unhealthy("The database does not answer: check that PostgreSQL runs and that Database:App is right.");
        }
    }
}
