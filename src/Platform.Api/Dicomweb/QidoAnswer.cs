using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Platform.Dicom;

namespace Platform.Api.Dicomweb;

/// <summary>One row of a search.</summary>
/// <param name="Header">Stored DICOM JSON of the instance, or of the study's or series' first.</param>
internal sealed record QidoRow(
    string StudyInstanceUid,
    string? SeriesInstanceUid,
    string? SopInstanceUid,
    long SeriesOfStudy,
    long InstancesOfStudy,
    string[] ModalitiesInStudy,
    long? InstancesOfSeries,
    string? TransferSyntaxUid,
    byte[]? Header);

/// <summary>Turns rows into matches: attributes cut out of the stored header, and what is counted (PS3.18 §10.6.3.3).</summary>
internal static class QidoAnswer
{
    // PS3.18 Tables 10.6.3-3 to 10.6.3-5; what is computed below is not among them.
    private static readonly DicomTag[] StudyTags =
    [
        DicomTags.SpecificCharacterSet, DicomTags.StudyDate, DicomTags.StudyTime, DicomTags.AccessionNumber,
        DicomTags.ReferringPhysicianName, DicomTags.TimezoneOffsetFromUTC, DicomTags.StudyDescription, DicomTags.PatientName,
        DicomTags.PatientID, DicomTags.PatientBirthDate, DicomTags.PatientSex, DicomTags.StudyInstanceUID, DicomTags.StudyID,
    ];

    private static readonly DicomTag[] SeriesTags =
    [
        DicomTags.SpecificCharacterSet, DicomTags.Modality, DicomTags.TimezoneOffsetFromUTC, DicomTags.SeriesDescription,
        DicomTags.BodyPartExamined, DicomTags.SeriesInstanceUID, DicomTags.SeriesNumber,
        DicomTags.PerformedProcedureStepStartDate, DicomTags.PerformedProcedureStepStartTime, DicomTags.RequestAttributesSequence,
    ];

    private static readonly DicomTag[] InstanceTags =
    [
        DicomTags.SpecificCharacterSet, DicomTags.SOPClassUID, DicomTags.SOPInstanceUID, DicomTags.TimezoneOffsetFromUTC,
        DicomTags.InstanceNumber, DicomTags.Rows, DicomTags.Columns, DicomTags.BitsAllocated, DicomTags.NumberOfFrames,
    ];

    /// <summary>The tags that a level answers with unless more are asked for.</summary>
    public static HashSet<DicomTag> TagsOf(QidoLevel level, bool isStudyGiven, bool isSeriesGiven, QidoQuery query)
    {
        var tags = new HashSet<DicomTag>(query.IncludeFields) { DicomTags.StudyInstanceUID };
        if (level == QidoLevel.Study || !isStudyGiven)
        {
            tags.UnionWith(StudyTags);
        }

        if (level >= QidoLevel.Series)
        {
            tags.Add(DicomTags.SeriesInstanceUID);
        }

        if (level == QidoLevel.Series || (level == QidoLevel.Instance && !isSeriesGiven))
        {
            tags.UnionWith(SeriesTags);
        }

        if (level == QidoLevel.Instance)
        {
            tags.UnionWith(InstanceTags);
        }

        return tags;
    }

    /// <summary>Writes one match, its attributes in the order of their tags.</summary>
    /// <param name="tags">Null: all that the header has.</param>
    public static void Write(Utf8JsonWriter json, QidoLevel level, QidoRow row, HashSet<DicomTag>? tags, string dicomweb)
    {
        var attributes = new SortedDictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        if (row.Header is not null)
        {
            Cut(row.Header, tags, attributes, isWhole: level == QidoLevel.Instance);
        }

        var url = $"{dicomweb}/studies/{row.StudyInstanceUid}";
        Set(attributes, "0020000D", "UI", row.StudyInstanceUid);
        Set(attributes, "00080056", "CS", "ONLINE");
        Set(attributes, "00080061", "CS", row.ModalitiesInStudy);
        Set(attributes, "00201206", row.SeriesOfStudy);
        Set(attributes, "00201208", row.InstancesOfStudy);
        if (row.SeriesInstanceUid is not null)
        {
            url += $"/series/{row.SeriesInstanceUid}";
            Set(attributes, "0020000E", "UI", row.SeriesInstanceUid);
            Set(attributes, "00201209", row.InstancesOfSeries ?? 0);
        }

        if (row.SopInstanceUid is not null)
        {
            url += $"/instances/{row.SopInstanceUid}";
            Set(attributes, "00080018", "UI", row.SopInstanceUid);
            Set(attributes, "00083002", "UI", row.TransferSyntaxUid!); // Available Transfer Syntax UID
        }

        Set(attributes, "00081190", "UR", url);
        json.WriteStartObject();
        foreach (var (tag, value) in attributes)
        {
            json.WritePropertyName(tag);
            json.WriteRawValue(value.Span, skipInputValidation: true);
        }

        json.WriteEndObject();
    }

    /// <summary>Slices of the wanted attributes. A representative header gives no attribute of its own instance.</summary>
    private static void Cut(
        byte[] header, HashSet<DicomTag>? tags, SortedDictionary<string, ReadOnlyMemory<byte>> attributes, bool isWhole)
    {
        var reader = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (!DicomTag.TryParse(name, out var tag) || (tags is not null && !tags.Contains(tag)))
            {
                continue;
            }

            if (isWhole || tag != DicomTags.SOPInstanceUID)
            {
                attributes[name] = header.AsMemory(start, (int)reader.BytesConsumed - start);
            }
        }
    }

    private static void Set(
        SortedDictionary<string, ReadOnlyMemory<byte>> attributes, string tag, string vr, params string[] values)
    {
        var buffer = new ArrayBufferWriter<byte>(96);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("vr", vr);
            json.WriteStartArray("Value");
            foreach (var value in values)
            {
                json.WriteStringValue(value);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        attributes[tag] = buffer.WrittenMemory;
    }

    private static void Set(SortedDictionary<string, ReadOnlyMemory<byte>> attributes, string tag, long value) =>
        attributes[tag] = Encoding.ASCII.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $$"""{"vr":"IS","Value":[{{value}}]}"""));
}
