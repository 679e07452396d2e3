namespace Platform.Hosting.Bus;

/// <summary>The durable queues. Temporary ones are named by the broker.</summary>
public static class QueueNames
{
    /// <summary>Workers compete for runs; one un-acknowledged message per slot.</summary>
    public const string RunRequested = "run-requested";

    /// <summary>The API takes RunStarted and RunFinished.</summary>
    public const string RunEvents = "run-events";

    /// <summary>Workers compete for previews; apart from runs, so that neither waits for the other.</summary>
    public const string Previews = "previews";

    /// <summary>The API takes PreviewFinished.</summary>
    public const string PreviewEvents = "preview-events";

    /// <summary>Where the broker puts a message that was delivered ten times in vain. The API takes it from there and queues the run again.</summary>
    public const string DeadLetter = "platform.dead-letter";
}
