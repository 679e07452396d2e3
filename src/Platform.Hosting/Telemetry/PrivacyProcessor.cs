using System.Diagnostics;
using OpenTelemetry;

namespace Platform.Hosting.Telemetry;

/// <summary>
/// Takes out of every span what could name a patient before anything leaves the process: paths and query strings hold received
/// UIDs and search terms. The route template, the method and the status stay.
/// </summary>
internal sealed class PrivacyProcessor : BaseProcessor<Activity>
{
    private static readonly string[] Removed =
    [
        "url.path", "url.query", "url.full", "http.url", "http.target", "user_agent.original", "client.address",
        "db.statement", "db.query.text", "exception.message", "exception.stacktrace",
    ];

    public override void OnEnd(Activity data)
    {
        foreach (var tag in Removed)
        {
            if (data.GetTagItem(tag) is not null)
            {
                data.SetTag(tag, null);
            }
        }
    }
}
