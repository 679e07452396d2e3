using System.Globalization;
using System.Numerics;
using System.Text;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Xunit;

namespace Platform.UnitTests.Dicom.Deidentification;

/// <summary>
/// Every row of Table E.1-1 at every place, under the Basic Profile, each option and every pair, judged by a search of the bytes.
/// The judge knows the table by its own copy and asks nothing of the engine.
/// </summary>
public class CanaryMatrixTests(ITestOutputHelper output)
{
    private const DeidentificationOptions Dates =
        DeidentificationOptions.RetainLongitudinalFullDates | DeidentificationOptions.RetainLongitudinalModifiedDates;

    private static readonly DeidentificationKeys Keys = new(Encoding.ASCII.GetBytes("thirty-two bytes of test secret!"));

    public static TheoryData<DeidentificationOptions> Settings => [.. Enumerable.Range(0, 1 << 10)
        .Where(bits => BitOperations.PopCount((uint)bits) <= 2).Select(bits => (DeidentificationOptions)bits).Where(o => o != Dates)];

    [Fact]
    public void The_tables_of_product_and_judge_have_the_same_tags() => Assert.Equal(
        CanaryTable.Rows.Select(r => ConfidentialityProfile.Find(r.Tag)!.TagValue).Order(),
        ConfidentialityProfile.Rows.Select(r => r.TagValue).Order());

    [Fact]
    public void There_are_621_rows_and_55_settings() =>
        Assert.Equal((621, 55), (CanaryTable.Rows.Count, Settings.Count));

    [Fact]
    public void The_judge_finds_every_canary_where_nothing_was_cleaned()
    {
        var canaries = new CanaryDataset();
        var bytes = new DicomFile(canaries.Dataset, DicomTransferSyntax.ExplicitLittleEndian).ToArray();
        Assert.Equal(4 * 621, canaries.Cells.Count);
        Assert.Equal(4 * 621, canaries.Cells.Select(c => c.Needle).Distinct().Count());
        Assert.All(canaries.Cells, c => Assert.True(Contains(bytes, c.Needle), c.Name));
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void No_canary_is_left_and_what_must_be_kept_is_there(DeidentificationOptions options)
    {
        var canaries = new CanaryDataset();
        var dataset = canaries.Dataset; // not read from bytes: the table has command elements, which no reader lets pass
        var pseudonym = new Deidentifier(Keys).PseudonymOf(dataset);

        Assert.NotEmpty(DeidentificationVerifier.Check(dataset, options, CanaryDataset.SafePrivate));
        new Deidentifier(Keys, options, CanaryDataset.SafePrivate).Apply(dataset);
        var bytes = new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian).ToArray();

        var (left, missing, kept) = (new List<string>(), new List<string>(), 0);
        foreach (var cell in canaries.Cells)
        {
            // Without the option the private sequence is gone, and what must be kept in it with it.
            var item = CanaryDataset.At(dataset, cell.Place);
            var demand = cell.Row.Under(options);
            var isMoved = cell.Row.CleansUnder(options, DeidentificationOptions.RetainLongitudinalModifiedDates)
                && cell.Row.Vr is DicomVr.DA or DicomVr.DT or DicomVr.TM;
            var stays = demand == Demand.Kept || (isMoved && cell.Row.Vr == DicomVr.TM);
            if (item is not null && stays && cell.Row.Vr != DicomVr.SQ)
            {
                kept++;
                if (Encoding.ASCII.GetString(item.GetBytes(cell.Row.Tag).Span).TrimEnd(' ', '\0') != cell.Value)
                {
                    missing.Add(cell.Name);
                }
            }
            else if (Contains(bytes, cell.Needle))
            {
                left.Add(cell.Name);
            }

            if (item is not null && demand == Demand.Kept && cell.Row.Vr == DicomVr.SQ && item.GetSequence(cell.Row.Tag).Count != 1)
            {
                missing.Add(cell.Name);
            }

            if (item is not null && isMoved && item.GetString(cell.Row.Tag) != Moved(cell, Keys.DateShiftDays(pseudonym)))
            {
                missing.Add(cell.Name);
            }

            if (item is not null && cell.HasKnownWord
                && cell.Row.CleansUnder(options, DeidentificationOptions.CleanDescriptors)
                && item.GetString(cell.Row.Tag) != CanaryDataset.KnownWord)
            {
                missing.Add(cell.Name);
            }
        }

        output.WriteLine($"{canaries.Cells.Count} cells, {kept} kept, {bytes.Length} bytes");
        Assert.Empty(DeidentificationVerifier.Check(dataset, options, CanaryDataset.SafePrivate));
        Assert.Empty(left);
        Assert.Empty(missing);
    }

    private static string Moved(Cell cell, int days) => cell.Row.Vr == DicomVr.TM
        ? cell.Value
        : DateOnly.ParseExact(cell.Value[..8], "yyyyMMdd", CultureInfo.InvariantCulture).AddDays(days)
            .ToString("yyyyMMdd", CultureInfo.InvariantCulture) + cell.Value[8..];

    private static bool Contains(ReadOnlySpan<byte> bytes, string needle) =>
        Contains(bytes, Encoding.ASCII.GetBytes(needle))
        || Contains(bytes, Encoding.Unicode.GetBytes(needle))
        || Contains(bytes, Encoding.BigEndianUnicode.GetBytes(needle));

    /// <summary>A date or number that begins inside a longer one, as in the digits of a mapped UID, is no find.</summary>
    private static bool Contains(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> needle)
    {
        for (var at = 0; bytes[at..].IndexOf(needle) is >= 0 and var found; at += found + 1)
        {
            var isInside = char.IsAsciiDigit((char)needle[0]) && at + found > 0 && char.IsAsciiDigit((char)bytes[at + found - 1]);
            if (!isInside)
            {
                return true;
            }
        }

        return false;
    }
}
