using System.Buffers;
using System.IO.Pipelines;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Xunit;

namespace Platform.IntegrationTests.Corpus;

/// <summary>What STOW-RS must answer for a file, by the rules of the conformance statement, and what must come back.</summary>
internal static class CorpusRules
{
    public const int CannotUnderstand = 0xC000;
    public const int OutOfResources = 0xA700;
    public const int SyntaxNotSupported = 0xC122;
    public const int ClassNotSupported = 0x0122;
    public const int DoesNotMatch = 0xA900;
    public const int Duplicate = 0x0111;
    public const int NotCleaned = 0x0110;

    public static readonly Dictionary<int, string> Reasons = new()
    {
        [CannotUnderstand] = "C000 cannot understand",
        [OutOfResources] = "A700 over a budget",
        [SyntaxNotSupported] = "C122 transfer syntax",
        [ClassNotSupported] = "0122 SOP class",
        [DoesNotMatch] = "A900 no identity",
        [NotCleaned] = "0110 can't be de-identified",
    };

    /// <summary>The reason that the rules give; 0 when it must be stored; null where what follows pixel data, which is dropped, is broken.</summary>
    public static async Task<int?> ExpectedAsync(byte[] bytes, Dictionary<string, byte[]> sent, CancellationToken ct)
    {
        try
        {
            // Like a network's: where it ends is not known before.
            await using var stream = PipeReader.Create(new ReadOnlySequence<byte>(bytes)).AsStream();
            using var header = await DicomStreamReader.ReadHeaderAsync(stream, null, ct);
            var dataset = header.Dataset;
            var sopClass = dataset.GetString(DicomTags.SOPClassUID) ?? header.Meta.GetString(DicomTags.MediaStorageSOPClassUID);
            if (sopClass is not null && !sopClass.StartsWith("1.2.840.10008.5.1.4.", StringComparison.Ordinal))
            {
                return ClassNotSupported;
            }

            DicomTag[] identity = [DicomTags.SOPClassUID, DicomTags.SOPInstanceUID, DicomTags.StudyInstanceUID, DicomTags.SeriesInstanceUID];
            if (!identity.All(tag => dataset.GetString(tag) is { Length: <= 64 } uid && uid.All(c => c is '.' or (>= '0' and <= '9'))))
            {
                return DoesNotMatch;
            }

            if (Deidentifier.Refuse(dataset) is not null)
            {
                return NotCleaned;
            }

            if (header.Syntax.Name.StartsWith("JPIP", StringComparison.Ordinal))
            {
                return SyntaxNotSupported;
            }

            var isWhole = IsWhole(bytes);
            if (isWhole is false)
            {
                return CannotUnderstand;
            }

            var uid = dataset.GetString(DicomTags.SOPInstanceUID)!;
            if (isWhole is true && sent.TryAdd(uid, bytes))
            {
                return 0;
            }

            return isWhole is null ? null : sent[uid].AsSpan().SequenceEqual(bytes) ? 0 : Duplicate;
        }
        catch (DicomException e)
        {
            return e.Error switch
            {
                DicomError.OverBudget => OutOfResources,
                DicomError.UnknownTransferSyntax => SyntaxNotSupported,
                _ => CannotUnderstand,
            };
        }
    }

    /// <summary>False when pixel data is cut short; null when something else behind the header is broken.</summary>
    private static bool? IsWhole(byte[] bytes)
    {
        try
        {
            DicomFile.Read(bytes);
            return true;
        }
        catch (DicomException e)
        {
            return e.Error == DicomError.Truncated && e.Tag == DicomTags.PixelData ? false : null;
        }
    }

    /// <summary>Nothing identifies any more, and the pixels are those that were sent, but for comments inside compressed frames.</summary>
    public static void AssertCleanAndSame(byte[] sent, DicomFile stored, string name)
    {
        Assert.True(DeidentificationVerifier.Check(stored.Dataset).Count == 0, $"{name}: still identifies");
        DicomFile original;
        try
        {
            original = DicomFile.Read(sent);
        }
        catch (DicomException)
        {
            return; // broken behind pixel data
        }

        foreach (var tag in new[] { DicomTags.PixelData, DicomTags.FloatPixelData, DicomTags.DoubleFloatPixelData })
        {
            var (before, after) = (original.Dataset[tag], stored.Dataset[tag]);
            before = before is null ? null : CodestreamComments.Clean(before, original.Syntax);
            Assert.True(before is null == after is null, $"{name}: pixel data");
            Assert.True(before is null || before.Value.Span.SequenceEqual(after!.Value.Span), $"{name}: pixel data");
            Assert.True(
                before?.Fragments is not { } fragments
                    || fragments.Zip(after!.Fragments!, (a, b) => a.Span.SequenceEqual(b.Span)).All(same => same)
                    && fragments.Count == after.Fragments!.Count,
                $"{name}: fragments");
        }
    }
}
