namespace Platform.IntegrationTests.Dicomweb;

/// <summary>Waits for an effect that comes by itself.</summary>
internal static class Wait
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task UntilAsync(Func<Task<bool>> isTrue, CancellationToken ct)
    {
        var giveUpAt = TimeProvider.System.GetTimestamp();
        while (!await isTrue())
        {
            if (TimeProvider.System.GetElapsedTime(giveUpAt) > Patience)
            {
                throw new TimeoutException("What was waited for did not come about.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), ct);
        }
    }
}
