using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Platform.Api.Audit;
using Platform.Api.Studies;
using Platform.Api.Tenants;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Platform.Hosting.Blobs;

namespace Platform.Api.Dicomweb;

/// <summary>What a tenant's instances go through on arrival.</summary>
/// <param name="Agent">Who sends them.</param>
internal sealed record StowRules(
    Guid TenantId, AuditAgent Agent, DeidentificationPolicy Policy, TimeSpan QuietPeriod, DeidentificationKeys Keys);

/// <summary>
/// From one part of a request to a staged instance, in constant memory.
/// <list type="number">
/// <item>The header up to Pixel Data, under budgets.</item>
/// <item>Refuse what has no identity, no known class or syntax, or does not belong to the URL's study.</item>
/// <item>Read the body part, then clean the header or verify that it is clean.</item>
/// <item>Write meta header, header and pixel data, without comments in its codestreams, to a blob under a random name, hashing; drop what
/// follows pixel data.</item>
/// <item>Read to the end of the part, for the fingerprint of all received bytes.</item>
/// </list>
/// </summary>
internal sealed class StowIngest(BlobStore blobs, IOptions<DicomwebOptions> options, TimeProvider clock)
{
    /// <summary>The staged instance, or why there is none, and what broke the line if it broke. Throws when the store broke.</summary>
    /// <param name="studyInUrl">Study Instance UID of the URL, as received or as stored; null when the URL names none.</param>
    public async Task<(StagedInstance? Staged, StoreOutcome? Refused, Exception? Broken)> StageAsync(
        StowRules rules, int part, Stream body, string? studyInUrl, CancellationToken ct)
    {
        using var hash = rules.Keys.ReceivedBytes();
        await using var received = new ReceivedBody(body, hash, options.Value.MaxInstanceBytes);
        var incoming = new IncomingInstance(rules, part, studyInUrl);
        BlobWriter? writer = null;
        try
        {
            // :: Step 1
            using var header = await DicomStreamReader.ReadHeaderAsync(
                received,
                new DicomReadOptions { Budgets = new DicomBudgets { MaxInstanceBytes = options.Value.MaxInstanceBytes } },
                ct);

            // :: Steps 2 and 3
            if (incoming.Refuse(header) is { } refused)
            {
                return (null, refused, null);
            }

            incoming.Clean(header);

            // :: Step 4
            writer = await blobs.CreateAsync(
                BlobNames.Instance(rules.TenantId, RandomNumberGenerator.GetHexString(32, lowercase: true)), ct);
            await using var blob = new HashedBlob(writer);
            await using var pixels = PixelDataElement.Of(header);
            await header.WriteToAsync(blob, pixels, ct);

            // :: Step 5
            await received.CopyToAsync(Stream.Null, ct);
            if (received.IsOverBudget)
            {
                return (null, incoming.OverBudget(nameof(DicomBudgets.MaxInstanceBytes)), null);
            }

            var fingerprint = Convert.ToHexStringLower(hash.GetHashAndReset());
            var staged = incoming.Staged(header, writer, blob, fingerprint, InstanceMetadata.Of(header), clock.GetUtcNow());
            writer = null;
            return (staged, null, null);
        }
        catch (DicomException e)
        {
            var refused = received.IsOverBudget
                ? incoming.OverBudget(nameof(DicomBudgets.MaxInstanceBytes))
                : incoming.Refused(e);
            return (null, refused, null);
        }
        catch (Exception) when (received.Broken is { } broken)
        {
            return (null, incoming.Refused(StoreReason.CannotUnderstand, "It ends too early; send it again whole."), broken);
        }
        finally
        {
            if (writer is not null)
            {
                await writer.DisposeAsync();
            }
        }
    }
}
