using System.IO.Compression;

namespace Platform.Dicom.Reading;

/// <summary>Inflates a deflated data set (PS3.5 §A.5, RFC 1951) within the inflate budgets.</summary>
internal sealed class InflateStream(ByteSource deflated, DicomBudgets budgets) : ReadOnlyStream
{
    private readonly DeflateStream _inflater = new(new RestStream(deflated), CompressionMode.Decompress);
    private readonly long _start = deflated.Offset;
    private long _inflated;

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return Count(_inflater.Read(buffer));
        }
        catch (InvalidDataException e)
        {
            throw Corrupt(e);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return Count(await _inflater.ReadAsync(buffer, cancellationToken));
        }
        catch (InvalidDataException e)
        {
            throw Corrupt(e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        _inflater.Dispose();
        base.Dispose(disposing);
    }

    private static DicomException Corrupt(InvalidDataException e) =>
        new(DicomError.CorruptDeflate, "The deflated data set is damaged", inner: e);

    private int Count(int count)
    {
        _inflated += count;
        if (_inflated > budgets.MaxInflatedBytes)
        {
            throw DicomException.OverBudget(nameof(DicomBudgets.MaxInflatedBytes), budgets.MaxInflatedBytes, null, _inflated);
        }

        var ratioFloor = Math.Max(1, deflated.Offset - _start) * budgets.MaxInflateRatio;
        if (_inflated > budgets.InflateRatioFreeBytes && _inflated > ratioFloor)
        {
            throw DicomException.OverBudget(nameof(DicomBudgets.MaxInflateRatio), budgets.MaxInflateRatio, null, _inflated);
        }

        return count;
    }
}
