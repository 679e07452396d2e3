using Platform.Benchmarks.Files;
using Platform.Benchmarks.Peers;
using Platform.Dicom;
using Xunit;

namespace Platform.UnitTests.Dicom.Deidentification;

public class StoreAllocationTests
{
    private const int LimitBytes = 64 << 10;

    public static TheoryData<string> Syntaxes => [DicomTransferSyntax.ExplicitLittleEndian.Uid, DicomTransferSyntax.ImplicitLittleEndian.Uid];

    [Theory]
    [MemberData(nameof(Syntaxes))]
    public void A_stored_CT_slice_costs_at_most_64_KiB(string syntax)
    {
        var slice = ScannerFiles.Cts(1, DicomTransferSyntax.Find(syntax)!).Single();

        var bytes = StorePath.AllocatedBytes(() => new PassingStream(slice), rounds: 20);

        Assert.InRange(bytes, 1, LimitBytes);
    }

    [Fact]
    public void Taking_out_very_many_private_elements_costs_no_more_than_reading_them()
    {
        const int Elements = 200_000;
        var root = new DicomDataset();
        root.Set(DicomTags.SOPClassUID, DicomUids.CTImageStorage);
        for (var i = 0; i < Elements; i++)
        {
            root.Set(new DicomElement(new DicomTag((ushort)(0x0009 + (2 * (i / 60_000))), (ushort)(0x1000 + (i % 60_000))), DicomVr.UN, new byte[2]));
        }

        // One by one, each moves all that stand behind it: hundreds of gigabytes of memory.
        var counts = new Platform.Dicom.Deidentification.Deidentifier(new("a secret of a tenant that is nobody"u8)).Apply(root);

        Assert.Equal(Elements, counts.Removed);
    }
}
