using Platform.Api.Runs;
using Xunit;

namespace Platform.IntegrationTests.Runs;

public class FairShareTests
{
    private readonly Guid hospital = Guid.CreateVersion7();
    private readonly Guid clinic = Guid.CreateVersion7();

    [Fact]
    public void A_tenant_that_comes_after_two_thousand_runs_of_another_is_served_at_once_and_then_in_turn()
    {
        var shares = new FairShare(_ => 1);
        for (var i = 0; i < 2_000; i++)
        {
            shares.Served(hospital);
        }

        var order = Serve(shares, 6, hospital, clinic);
        Assert.Equal(clinic, order[0]);
        Assert.Equal(3, order.Count(t => t == clinic));
    }

    [Fact]
    public void A_tenant_of_weight_three_is_served_three_times_as_often()
    {
        var shares = new FairShare(tenant => tenant == hospital ? 3 : 1);
        var order = Serve(shares, 400, hospital, clinic);
        Assert.InRange(order.Count(t => t == hospital), 299, 301);
    }

    [Fact]
    public void A_tenant_that_was_away_has_saved_nothing_up()
    {
        var shares = new FairShare(_ => 1);
        Serve(shares, 10, hospital, clinic);
        for (var i = 0; i < 100; i++)
        {
            shares.Served(hospital);
        }

        var order = Serve(shares, 10, hospital, clinic);
        Assert.InRange(order.Count(t => t == clinic), 4, 6);
    }

    private static List<Guid> Serve(FairShare shares, int count, params Guid[] waiting)
    {
        var order = new List<Guid>();
        for (var i = 0; i < count; i++)
        {
            order.Add(shares.Next(waiting));
            shares.Served(order[^1]);
        }

        return order;
    }
}
