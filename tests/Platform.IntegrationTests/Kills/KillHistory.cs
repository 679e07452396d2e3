using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Platform.Dicom;

namespace Platform.IntegrationTests.Kills;

/// <summary>Reads the API and the tables after the kills and names everything that is not as promised.</summary>
internal sealed class KillHistory(KillSystem system, KillSender sender)
{
    /// <summary>Modalities of the series that a run with a finding adds: key images, segmentation, report; each once.</summary>
    private static readonly string[] Results = ["KO", "SEG", "SR"];

    private readonly List<string> faults = [];

    /// <summary>The UID of the one study whose computation was made to crash each time; null for none.</summary>
    public string? Quarantined { get; init; }

    /// <summary>Empty when every acknowledged instance is there with the right bytes, every study has one result, and nothing is stuck.</summary>
    public async Task<IReadOnlyList<string>> CheckAsync(CancellationToken ct)
    {
        foreach (var study in sender.Studies)
        {
            await CheckStudyAsync(study, ct);
        }

        await CheckNoneAsync("runs that have not ended", "select id from runs where status not in ('Succeeded', 'Failed', 'Cancelled', 'Quarantined')", ct);
        await CheckNoneAsync("slots or places in the queue that nobody gives back", "select id from work_ready where kind like 'run-%'", ct);
        await CheckNoneAsync("messages that were not sent", "select id from outbox where sent_at is null", ct);
        await CheckNoneAsync("runs with more than one result", "select run_id from attempts where outcome = 'Succeeded' group by run_id having count(*) <> 1", ct);
        await CheckNoneAsync("runs whose winner is not the attempt that succeeded", "select r.id from runs r left join attempts a on a.id = r.winning_attempt_id and a.outcome = 'Succeeded' where r.status = 'Succeeded' and a.id is null", ct);
        await CheckNoneAsync("studies with other than the instances that were sent", $"select study_id from instances where run_id is null group by study_id having count(*) <> {KillSender.Slices}", ct);
        await CheckNoneAsync("studies that nobody sent", $"select 1 from studies having count(*) <> {sender.Studies.Count}", ct);
        await CheckNoneAsync("results in another tenant than their study's", "select r.id from runs r join studies s on s.id = r.study_id where s.tenant_id <> r.tenant_id union all select f.run_id from findings f join runs r on r.id = f.run_id where r.tenant_id <> f.tenant_id", ct);
        await CheckNoneAsync("damaged instances", "select id from instances where status <> 'Stored'", ct);
        await CheckNoneAsync("studies without an audit event of completion", "select id from studies s where not exists (select 1 from audit_events e where e.action = 'study.complete' and e.entity_id = s.id::text)", ct);
        await CheckNoneAsync("runs without an audit event of their end", "select id from runs r where not exists (select 1 from audit_events e where e.action = 'run.finish' and e.entity_id = r.id::text)", ct);
        return faults;
    }

    private async Task CheckNoneAsync(string what, string sql, CancellationToken ct)
    {
        var rows = await system.QueryAsync(sql, ct);
        if (rows.Count > 0)
        {
            faults.Add($"{rows.Count} {what}");
        }
    }

    private async Task CheckStudyAsync(SentStudy study, CancellationToken ct)
    {
        var body = JsonSerializer.Deserialize<JsonElement>(await sender.GetAsync(study, $"studies/{study.Uid}", "application/json", ct));
        var runs = body.GetProperty("runs").EnumerateArray().ToList();
        var results = body.GetProperty("series").EnumerateArray()
            .Where(s => s.GetProperty("origin").GetString() == "Computed")
            .Select(s => s.GetProperty("modality").GetString()!)
            .Order(StringComparer.Ordinal)
            .ToList();
        if (study.Uid == Quarantined)
        {
            if (runs is not [var poison] || poison.GetProperty("status").GetString() != "Quarantined" || results.Count > 0)
            {
                faults.Add("the study that crashes is not in quarantine");
            }
        }
        else if (runs is not [var run] || run.GetProperty("status").GetString() != "Succeeded")
        {
            faults.Add($"a study with runs [{string.Join(", ", runs.Select(r => r.GetProperty("status").GetString()))}], "
                + $"version {body.GetProperty("version").GetInt32()}, {body.GetProperty("noAiCode").GetString() ?? "no reason for no AI"}");
        }
        else if (run.GetProperty("findings").GetArrayLength() != 1 || !results.SequenceEqual(Results))
        {
            faults.Add($"a study with {run.GetProperty("findings").GetArrayLength()} findings and result series [{string.Join(", ", results)}]");
        }

        foreach (var i in study.Acknowledged)
        {
            await CheckInstanceAsync(study, i, ct);
        }
    }

    private async Task CheckInstanceAsync(SentStudy study, int index, CancellationToken ct)
    {
        var sent = DicomFile.Read(study.Files[index]);
        var path = string.Create(
            CultureInfo.InvariantCulture,
            $"dicomweb/studies/{study.Uid}/series/{sent.Dataset.GetUid(DicomTags.SeriesInstanceUID)}/instances/{sent.Dataset.GetUid(DicomTags.SOPInstanceUID)}");
        byte[] bytes;
        try
        {
            bytes = OnlyPart(await sender.GetAsync(study, path, "multipart/related; type=\"application/dicom\"; transfer-syntax=*", ct));
        }
        catch (HttpRequestException e)
        {
            faults.Add($"an acknowledged instance is answered with {(int?)e.StatusCode}");
            return;
        }

        var stored = DicomFile.Read(bytes);
        if (!stored.Dataset.GetBytes(DicomTags.PixelData).Span.SequenceEqual(sent.Dataset.GetBytes(DicomTags.PixelData).Span))
        {
            faults.Add("an acknowledged instance has other pixels");
        }

        var rows = await system.QueryAsync(
            $"select sha256, length from instances where sop_instance_uid = '{stored.Dataset.GetUid(DicomTags.SOPInstanceUID)}'", ct);
        if (rows is not [[string sha256, long length]] || length != bytes.Length || sha256 != Convert.ToHexStringLower(SHA256.HashData(bytes)))
        {
            faults.Add("an acknowledged instance has other bytes than its row says");
        }
    }

    /// <summary>The one part of a multipart/related answer.</summary>
    private static byte[] OnlyPart(ReadOnlySpan<byte> body)
    {
        body = body.TrimStart("\r\n"u8); // the delimiter's own line break, where nothing comes before it
        var boundary = body[..body.IndexOf("\r\n"u8)];
        var start = body.IndexOf("\r\n\r\n"u8) + 4;
        var end = body[start..].LastIndexOf([.. "\r\n"u8, .. boundary]);
        return body.Slice(start, end).ToArray();
    }
}
