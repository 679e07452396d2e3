using System.Collections.Concurrent;
using System.Reflection;
using Platform.UnitTests;
using Xunit;
using Xunit.v3;

[assembly: TestLimit]

namespace Platform.UnitTests;

/// <summary>
/// A test that hangs is cancelled, so that it fails by name and the others still run; one that does not even hear that ends the run.
/// No test is to come near the limit: it says nothing about speed.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class TestLimitAttribute : BeforeAfterTestAttribute
{
    private static readonly ConcurrentDictionary<string, Timer> Limits = new();

    private static TimeSpan Patience => TimeSpan.FromMinutes(Environment.GetEnvironmentVariable("PLATFORM_TEST_LONG") == "1" ? 30 : 5);

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        var (context, isCancelled) = (TestContext.Current, false);
        Limits[test.UniqueID] = new Timer(
            _ =>
            {
                if (isCancelled)
                {
                    Environment.FailFast($"{test.TestDisplayName} hangs, and does not hear that it is cancelled.");
                }

                isCancelled = true;
                Console.WriteLine($"{test.TestDisplayName} hangs: it is cancelled.");
                context.CancelCurrentTest();
            },
            null,
            Patience,
            TimeSpan.FromMinutes(2));
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (Limits.TryRemove(test.UniqueID, out var limit))
        {
            limit.Dispose();
        }
    }
}
