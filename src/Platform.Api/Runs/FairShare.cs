namespace Platform.Api.Runs;

/// <summary>
/// Start-time fair queueing between tenants: each run moves its tenant's virtual time on by 1 / weight, and the tenant that is
/// furthest behind is next. A tenant that was away starts at the present, so it gains nothing by waiting and loses nothing.
/// </summary>
internal sealed class FairShare(Func<Guid, double> weightOf)
{
    private readonly Dictionary<Guid, double> virtualTimes = [];
    private double present;

    /// <summary>The tenant to serve next; of equals the first.</summary>
    public Guid Next(IReadOnlyCollection<Guid> waiting) => waiting.MinBy(VirtualTime);

    public void Served(Guid tenant)
    {
        var start = VirtualTime(tenant);
        present = start;
        virtualTimes[tenant] = start + (1 / weightOf(tenant));
        Forget();
    }

    private double VirtualTime(Guid tenant) => Math.Max(virtualTimes.GetValueOrDefault(tenant, present), present);

    // Whoever is behind the present starts at the present anyway.
    private void Forget()
    {
        if (virtualTimes.Count > 1024)
        {
            foreach (var tenant in virtualTimes.Where(v => v.Value <= present).Select(v => v.Key).ToList())
            {
                virtualTimes.Remove(tenant);
            }
        }
    }
}
