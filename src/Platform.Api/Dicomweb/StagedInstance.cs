using Platform.Api.Studies;
using Platform.Hosting.Blobs;

namespace Platform.Api.Dicomweb;

/// <summary>An instance whose bytes are written, hashed and checked to the end, but not durable and without rows yet.</summary>
/// <param name="Part">Position in the request; the answer keeps that order.</param>
/// <param name="Writer">The blob, not committed.</param>
/// <param name="Sha256">Lower-case hex SHA-256 of the bytes stored.</param>
/// <param name="ReceivedHmac">Lower-case hex keyed HMAC-SHA256 of the bytes received.</param>
/// <param name="Suspicions">Why, by its header, its pixels may show who the patient is.</param>
/// <param name="Metadata">DICOM JSON of the stored header.</param>
internal sealed record StagedInstance(
    int Part,
    BlobWriter Writer,
    long Length,
    string Sha256,
    string ReceivedHmac,
    DateTimeOffset ReceivedAt,
    InstanceUids Received,
    InstanceUids Stored,
    StagedStudy Study,
    StagedSeries Series,
    string SopClassUid,
    string TransferSyntaxUid,
    int? InstanceNumber,
    int? Rows,
    int? Columns,
    int? NumberOfFrames,
    IReadOnlyList<string> Suspicions,
    string Metadata) : IAsyncDisposable
{
    /// <summary>Removes the bytes, unless they were committed.</summary>
    public ValueTask DisposeAsync() => Writer.DisposeAsync();
}

/// <summary>What an instance says of its study, after cleaning.</summary>
internal sealed record StagedStudy(
    string PatientPseudonym, string? StudyDate, string? Description, string? AccessionPseudonym, BodyParts.Found? BodyPart);

/// <summary>What an instance says of its series, after cleaning.</summary>
internal sealed record StagedSeries(string Modality, string? Description, int? Number, string? BodyPart);
