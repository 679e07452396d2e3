using System.Security.Cryptography;
using System.Text.Json;
using Platform.Api.Studies;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Hosting.Blobs;

namespace Platform.Api.Runs;

/// <summary>A result whose every byte is there and is what the worker said.</summary>
internal sealed record VerifiedResult(RunResult Result, IReadOnlyList<VerifiedObject> Objects);

/// <summary>A DICOM object of a result with what its header says.</summary>
internal sealed record VerifiedObject(
    ResultObject Object, string Modality, int? SeriesNumber, string? SeriesDescription, int? InstanceNumber, int? Rows, int? Columns, int? Frames, string Metadata);

/// <summary>Reads an attempt's result from the blob store and verifies it before anything is committed.</summary>
internal sealed class ResultReader(BlobStore blobs)
{
    private const int MaxResultBytes = 64 << 20;
    private const int MaxFindings = 10_000;
    private const int MaxObjects = 5_000; // a derived series has an object for each image
    private const int MaxQualityCodes = 16;
    private const int MaxQualityCodeLength = 64;

    /// <summary>The result, or one sentence that says what is wrong with it. Throws only when the store cannot be reached.</summary>
    public async Task<(VerifiedResult? Result, string? Problem)> ReadAsync(RunFinished message, string studyInstanceUid, CancellationToken ct)
    {
        try
        {
            var result = await ReadResultAsync(message, ct);
            var objects = new List<VerifiedObject>();
            foreach (var item in result.Objects)
            {
                objects.Add(await ReadObjectAsync(message, studyInstanceUid, item, ct));
            }

            await CheckOutlinesAsync(message, result.Outlines, ct);

            return (new VerifiedResult(result, objects), null);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or DicomException)
        {
            return (null, e is InvalidDataException ? e.Message : "The result cannot be read.");
        }
    }

    private async Task<RunResult> ReadResultAsync(RunFinished message, CancellationToken ct)
    {
        Require(message.ResultBlob is not null && message.ResultSha256 is not null, "The result names no blob.");
        Require(IsOwn(message, message.ResultBlob!), "The result lies outside its attempt.");
        var length = await blobs.GetLengthAsync(message.ResultBlob!, ct);
        Require(length is > 0 and <= MaxResultBytes, "The result is missing or too long.");

        var bytes = new byte[length!.Value];
        await using (var stream = await blobs.OpenReadAsync(message.ResultBlob!, ct) ?? throw new InvalidDataException("The result is missing."))
        {
            await stream.ReadExactlyAsync(bytes, ct);
        }

        Require(Convert.ToHexStringLower(SHA256.HashData(bytes)) == message.ResultSha256, "The result's hash is not what the worker said.");
        var result = JsonSerializer.Deserialize<RunResult>(bytes, PlatformJson.Options);
        Require(
            result is not null && result.TenantId == message.TenantId && result.RunId == message.RunId && result.AttemptId == message.AttemptId,
            "The result is another attempt's.");
        Require(result!.Findings.Count <= MaxFindings && result.Objects.Count <= MaxObjects, "The result has too many findings or objects.");
        Require(
            result.Quality is not { } quality || (quality.Codes is { Count: <= MaxQualityCodes } codes && codes.All(c => c is { Length: > 0 and <= MaxQualityCodeLength })),
            "The result's quality record names too many measures, or none by a name.");
        return result;
    }

    private async Task<VerifiedObject> ReadObjectAsync(RunFinished message, string studyInstanceUid, ResultObject item, CancellationToken ct)
    {
        Require(IsOwn(message, item.Blob), "An object of the result lies outside its attempt.");
        await using (var stream = await blobs.OpenReadAsync(item.Blob, ct) ?? throw new InvalidDataException("An object of the result is missing."))
        {
            Require(Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, ct)) == item.Sha256, "An object's hash is not what the worker said.");
        }

        Require(await blobs.GetLengthAsync(item.Blob, ct) == item.Length, "An object's length is not what the worker said.");
        await using var again = await blobs.OpenReadAsync(item.Blob, ct) ?? throw new InvalidDataException("An object of the result is missing.");
        using var header = await DicomStreamReader.ReadHeaderAsync(again, null, ct);
        var dataset = header.Dataset;
        Require(
            dataset.GetUid(DicomTags.StudyInstanceUID) == studyInstanceUid
                && dataset.GetUid(DicomTags.SeriesInstanceUID) == item.SeriesInstanceUid
                && dataset.GetUid(DicomTags.SOPInstanceUID) == item.SopInstanceUid
                && dataset.GetUid(DicomTags.SOPClassUID) == item.SopClassUid
                && header.Syntax.Uid == item.TransferSyntaxUid,
            "An object's header is not what the worker said.");
        return new VerifiedObject(
            item,
            dataset.GetString(DicomTags.Modality) ?? "OT",
            dataset.GetInt32(DicomTags.SeriesNumber),
            dataset.GetString(DicomTags.SeriesDescription),
            dataset.GetInt32(DicomTags.InstanceNumber),
            dataset.GetInt32(DicomTags.Rows),
            dataset.GetInt32(DicomTags.Columns),
            dataset.GetInt32(DicomTags.NumberOfFrames),
            InstanceMetadata.Of(header));
    }

    private async Task CheckOutlinesAsync(RunFinished message, ResultFile? outlines, CancellationToken ct)
    {
        if (outlines is null)
        {
            return;
        }

        // They are found by this name alone.
        Require(
            outlines.Blob == BlobNames.Outlines(message.TenantId, message.RunId, message.AttemptId), "The outlines have another name than theirs.");
        Require(await blobs.GetLengthAsync(outlines.Blob, ct) == outlines.Length, "The outlines' length is not what the worker said.");
        await using var stream = await blobs.OpenReadAsync(outlines.Blob, ct) ?? throw new InvalidDataException("The outlines are missing.");
        Require(Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, ct)) == outlines.Sha256, "The outlines' hash is not what the worker said.");
    }

    private static bool IsOwn(RunFinished message, string blob) =>
        blob.StartsWith(BlobNames.Attempt(message.TenantId, message.RunId, message.AttemptId, ""), StringComparison.Ordinal);

    private static void Require(bool isTrue, string problem)
    {
        if (!isTrue)
        {
            throw new InvalidDataException(problem);
        }
    }
}
