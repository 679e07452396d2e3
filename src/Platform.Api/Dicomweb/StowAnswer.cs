using System.Text.Json;

namespace Platform.Api.Dicomweb;

/// <summary>The Store Instances Response (PS3.18 §10.5.3, Annex I): what is stored, under which UIDs, what is not, and why.</summary>
internal static class StowAnswer
{
    private const string Ui = "UI";
    private const string Us = "US";

    /// <summary>200 all stored, be it under other UIDs; 202 some failed; 409 none stored (PS3.18 Table 10.5.3-1).</summary>
    public static int Status(IReadOnlyList<StoreOutcome> outcomes)
    {
        var stored = outcomes.Count(outcome => outcome.Failure is null);
        return stored == 0 ? StatusCodes.Status409Conflict
            : stored < outcomes.Count ? StatusCodes.Status202Accepted
            : StatusCodes.Status200OK;
    }

    /// <summary>Writes the data set as DICOM JSON.</summary>
    /// <param name="dicomweb">Absolute URL of the tenant's DICOMweb root.</param>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<StoreOutcome> outcomes, string dicomweb, DateTimeOffset at)
    {
        json.WriteStartObject();

        // With several studies in one request there is no one URL that holds them all, so the attribute is empty (Annex I.1).
        var studies = outcomes.Where(o => o.Stored is not null).Select(o => o.Stored!.StudyInstanceUid).Distinct().ToList();
        if (studies.Count > 0)
        {
            WriteValue(json, "00081190", "UR", studies.Count == 1 ? $"{dicomweb}/studies/{studies[0]}" : null);
        }

        WriteSequence(json, "00081198", [.. outcomes.Where(o => o is { Failure: not null, Received: not null })], WriteFailed);
        WriteSequence(
            json,
            "00081199",
            [.. outcomes.Where(o => o.Failure is null)],
            (writer, outcome) => WriteStored(writer, outcome, dicomweb, at));
        WriteSequence(json, "0008119A", [.. outcomes.Where(o => o is { Failure: not null, Received: null })], WriteReason);
        json.WriteEndObject();
    }

    private static void WriteFailed(Utf8JsonWriter json, StoreOutcome outcome)
    {
        if (outcome.Comment is not null)
        {
            WriteValue(json, "00000902", "LO", outcome.Comment); // Error Comment, PS3.7 §C
        }

        WriteValue(json, "00081150", Ui, outcome.SopClassUid);
        WriteValue(json, "00081155", Ui, outcome.Received!.SopInstanceUid);
        WriteNumber(json, "00081197", (int)outcome.Failure!);
    }

    private static void WriteReason(Utf8JsonWriter json, StoreOutcome outcome)
    {
        if (outcome.Comment is not null)
        {
            WriteValue(json, "00000902", "LO", outcome.Comment);
        }

        WriteNumber(json, "00081197", (int)outcome.Failure!);
    }

    private static void WriteStored(Utf8JsonWriter json, StoreOutcome outcome, string dicomweb, DateTimeOffset at)
    {
        var stored = outcome.Stored!;
        WriteValue(json, "00081150", Ui, outcome.SopClassUid);
        WriteValue(json, "00081155", Ui, stored.SopInstanceUid);
        WriteValue(
            json,
            "00081190",
            "UR",
            $"{dicomweb}/studies/{stored.StudyInstanceUid}/series/{stored.SeriesInstanceUid}/instances/{stored.SopInstanceUid}");
        if (outcome.Received is not { } received || received == stored)
        {
            return;
        }

        WriteNumber(json, "00081196", (int)StoreReason.CoercedElements);

        // Original Attributes Sequence: the UIDs as received, so that the sender can pair them (PS3.3 §C.12.1).
        json.WriteStartObject("04000561");
        json.WriteString("vr", "SQ");
        json.WriteStartArray("Value");
        json.WriteStartObject();
        WriteSequence(json, "04000550", [received], (writer, uids) =>
        {
            WriteValue(writer, "00080018", Ui, uids.SopInstanceUid);
            WriteValue(writer, "0020000D", Ui, uids.StudyInstanceUid);
            WriteValue(writer, "0020000E", Ui, uids.SeriesInstanceUid);
        });
        WriteValue(json, "04000562", "DT", at.UtcDateTime.ToString("yyyyMMddHHmmss'+0000'", null));
        WriteValue(json, "04000563", "LO", "Platform");
        WriteValue(json, "04000565", "CS", "COERCE");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteSequence<T>(Utf8JsonWriter json, string tag, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write)
    {
        if (items.Count == 0)
        {
            return;
        }

        json.WriteStartObject(tag);
        json.WriteString("vr", "SQ");
        json.WriteStartArray("Value");
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, string tag, string vr, string? value)
    {
        json.WriteStartObject(tag);
        json.WriteString("vr", vr);
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteStartArray("Value");
            json.WriteStringValue(value);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string tag, int value)
    {
        json.WriteStartObject(tag);
        json.WriteString("vr", Us);
        json.WriteStartArray("Value");
        json.WriteNumberValue(value);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
