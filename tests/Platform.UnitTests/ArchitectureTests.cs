using Xunit;

namespace Platform.UnitTests;

public class ArchitectureTests
{
    [Fact]
    public void Contracts_and_audit_reference_nothing_of_ours()
    {
        Assert.DoesNotContain(
            typeof(Platform.Contracts.RunRequested).Assembly.GetReferencedAssemblies(),
            a => a.Name!.StartsWith("Platform.", StringComparison.Ordinal));
    }
}
