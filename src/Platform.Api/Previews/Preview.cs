using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.Data;
using Platform.Api.Studies;
using Platform.Contracts;

namespace Platform.Api.Previews;

/// <summary>Where one part of a preview stands.</summary>
internal enum PreviewStatus
{
    /// <summary>Nobody has asked for it. Only the full-size images can be.</summary>
    Unasked,

    /// <summary>A worker makes it, or will.</summary>
    Pending,

    Ready,

    /// <summary>It cannot be made; the reason says why.</summary>
    Unavailable,
}

/// <summary>
/// How one series of images looks, received or derived, as of its instances at that time: late instances make another row. This row is the truth;
/// messages only ring.
/// </summary>
internal sealed class Preview : ITenantOwned
{
    public const int CrashesToGiveUp = 3;

    private Preview()
    {
    }

    public Guid TenantId { get; private init; }
    public Guid Id { get; private init; }
    public Guid StudyId { get; private init; }
    public Guid SeriesId { get; private init; }
    public int StudyVersion { get; private init; }

    /// <summary>Lower-case hex SHA-256 over UIDs and hashes of the instances: same instances, same preview.</summary>
    public string InputsHash { get; private init; } = "";
    public PreviewStatus Strip { get; private set; }
    public PreviewStatus Full { get; private set; }
    public Guid? StripAttemptId { get; private set; }
    public Guid? FullAttemptId { get; private set; }

    /// <summary>Of the part that is pending.</summary>
    public int Crashes { get; private set; }

    /// <summary>Why the strip, or with a strip the full-size images, cannot be made.</summary>
    public string? ReasonCode { get; private set; }
    public string? Reason { get; private set; }
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>The part that a worker should make now; null when none.</summary>
    public PreviewPart? Wanted => this switch
    {
        { Strip: PreviewStatus.Pending } => PreviewPart.Strip,
        { Strip: PreviewStatus.Ready, Full: PreviewStatus.Pending } => PreviewPart.Full,
        _ => null,
    };

    public static Preview Of(Series series, int studyVersion, string inputsHash, DateTimeOffset now) => new()
    {
        TenantId = series.TenantId,
        Id = Guid.CreateVersion7(now),
        StudyId = series.StudyId,
        SeriesId = series.Id,
        StudyVersion = studyVersion,
        InputsHash = inputsHash,
        Strip = PreviewStatus.Pending,
        Full = PreviewStatus.Unasked,
        CreatedAt = now,
    };

    /// <summary>Somebody looks: the full-size images are wanted. False when they were asked for before.</summary>
    public bool TryAskForFull()
    {
        if (Full != PreviewStatus.Unasked || Strip == PreviewStatus.Unavailable)
        {
            return false;
        }

        Full = PreviewStatus.Pending;
        return true;
    }

    /// <summary>The first result of a part counts; false for a later one.</summary>
    public bool TryMake(PreviewPart part, Guid attemptId)
    {
        if (part != Wanted)
        {
            return false;
        }

        (Crashes, ReasonCode, Reason) = (0, null, null);
        if (part == PreviewPart.Strip)
        {
            (Strip, StripAttemptId) = (PreviewStatus.Ready, attemptId);
        }
        else
        {
            (Full, FullAttemptId) = (PreviewStatus.Ready, attemptId);
        }

        return true;
    }

    public bool TryGiveUp(PreviewPart part, string reasonCode, string reason)
    {
        if (part != Wanted)
        {
            return false;
        }

        (ReasonCode, Reason) = (reasonCode, reason);
        if (part == PreviewPart.Strip)
        {
            Strip = PreviewStatus.Unavailable;
        }

        Full = PreviewStatus.Unavailable;
        return true;
    }

    /// <summary>Counts a crash: it is tried again until the third.</summary>
    public bool TryCrash(PreviewPart part, string reasonCode)
    {
        if (part != Wanted)
        {
            return false;
        }

        Crashes++;
        if (Crashes >= CrashesToGiveUp)
        {
            TryGiveUp(part, reasonCode, $"The program that makes previews failed {Crashes} times on this series; its images can still be retrieved.");
        }

        return true;
    }
}

internal sealed class PreviewMapping : IEntityTypeConfiguration<Preview>
{
    public void Configure(EntityTypeBuilder<Preview> builder)
    {
        builder.ToTable("previews");
        builder.HasIndex(p => new { p.TenantId, p.SeriesId, p.InputsHash }).IsUnique();
        builder.Ignore(p => p.Wanted);
        builder.HasOne<Study>().WithMany().HasForeignKey(p => new { p.TenantId, p.StudyId }).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Series>().WithMany().HasForeignKey(p => new { p.TenantId, p.SeriesId }).OnDelete(DeleteBehavior.Cascade);
    }
}
