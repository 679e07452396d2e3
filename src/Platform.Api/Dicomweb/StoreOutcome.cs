namespace Platform.Api.Dicomweb;

/// <summary>The UIDs of an instance, as received or as stored.</summary>
internal sealed record InstanceUids(string StudyInstanceUid, string SeriesInstanceUid, string SopInstanceUid);

/// <summary>What became of one part of a STOW request.</summary>
/// <param name="SopClassUid">Null when the part was not understood so far.</param>
/// <param name="Received">UIDs as sent; null when the part was not understood so far.</param>
/// <param name="Stored">UIDs under which it can be asked for; null when it failed.</param>
/// <param name="Failure">Null when it is stored, or was already.</param>
/// <param name="Comment">A sentence for a person, at most 64 characters (Error Comment is LO), never a value of the object.</param>
internal sealed record StoreOutcome(
    string? SopClassUid, InstanceUids? Received, InstanceUids? Stored, StoreReason? Failure, string? Comment)
{
    public static StoreOutcome Refused(
        StoreReason reason, string comment, string? sopClassUid = null, InstanceUids? received = null) =>
        new(sopClassUid, received, null, reason, comment);
}
