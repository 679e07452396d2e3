using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Platform.Api.Data;

/// <summary>Constraints decide races; this names what they said.</summary>
internal static class Conflicts
{
    extension(DbUpdateException e)
    {
        /// <summary>Another row has the same key. Clear the change tracker before writing anything else.</summary>
        public bool IsUniqueViolation => e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };
    }
}
