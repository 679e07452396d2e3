using System.Diagnostics;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Deployment;

public class ChartTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_chart_passes_helm_lint()
    {
        var (code, output) = await HelmAsync("lint", "--strict", Chart);
        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task The_chart_renders_both_hosts_with_secrets_by_reference_only()
    {
        var (code, output) = await HelmAsync(
            "template", "demo", Chart, "--set", "ingress.enabled=true", "--set", "ingress.host=imaging.example.org");
        Assert.True(code == 0, output);

        var documents = output.Split("\n---\n").Select(d => d.ReplaceLineEndings("\n")).ToList();
        string[] kinds =
        [
            "ConfigMap", "Deployment", "Deployment", "Ingress", "Pod", "PodDisruptionBudget", "PodDisruptionBudget", "Service",
            "ServiceAccount",
        ];
        Assert.Equal(kinds, documents.SelectMany(d => d.Split('\n')).Where(l => l.StartsWith("kind: ", StringComparison.Ordinal)).Select(l => l[6..]).Order());
        Assert.All(documents.Where(d => d.Contains("kind: Deployment", StringComparison.Ordinal)), deployment =>
        {
            Assert.Contains("runAsNonRoot: true", deployment, StringComparison.Ordinal);
            Assert.Contains("readOnlyRootFilesystem: true", deployment, StringComparison.Ordinal);
            Assert.Contains("path: /health/ready", deployment, StringComparison.Ordinal);
            Assert.Contains("name: Bus__Password\n              valueFrom: { secretKeyRef:", deployment, StringComparison.Ordinal);
        });
        Assert.DoesNotContain("kind: Secret\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_that_means_nothing_is_refused()
    {
        var (code, output) = await HelmAsync("template", "demo", Chart, "--set", "inferense.replicas=2");
        Assert.NotEqual(0, code);
        Assert.Contains("inferense", output, StringComparison.Ordinal);
    }

    private static string Chart => Path.Combine(Checkout.Root, "helm/platform");

    private static async Task<(int Code, string Output)> HelmAsync(params string[] arguments)
    {
        await Checkout.PreparedAsync();
        var info = new ProcessStartInfo(Checkout.Helm, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var helm = Process.Start(info)!;
        var error = helm.StandardError.ReadToEndAsync(Ct);
        var output = await helm.StandardOutput.ReadToEndAsync(Ct);
        await helm.WaitForExitAsync(Ct);
        return (helm.ExitCode, output + await error);
    }
}
