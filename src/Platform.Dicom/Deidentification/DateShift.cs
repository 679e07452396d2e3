using System.Globalization;

namespace Platform.Dicom.Deidentification;

/// <summary>Moves dates by whole days and leaves times (PS3.15 §E.3.6), in the forms of PS3.5 §6.2: DA, DT, TM, and ranges of them.</summary>
internal static class DateShift
{
    /// <summary>The moved value; null if it is no whole date or time of the VR: then nobody knows what moving it would mean.</summary>
    public static string? Move(DicomVr vr, string value, int days)
    {
        if (value.Length == 0)
        {
            return "";
        }

        // A hyphen in a DT may also begin an offset from UTC; an offset has four digits, a date at least eight.
        for (var at = value.IndexOf('-', StringComparison.Ordinal); at >= 0; at = value.IndexOf('-', at + 1))
        {
            var (first, last) = (value[..at], value[(at + 1)..]);
            if (vr == DicomVr.DT && first.Length > 0 && last.Length == 4)
            {
                continue;
            }

            return One(vr, first, days) is { } from && One(vr, last, days) is { } to && (from.Length > 0 || to.Length > 0)
                ? $"{from}-{to}"
                : null;
        }

        return One(vr, value, days);
    }

    private static string? One(DicomVr vr, string value, int days) => vr switch
    {
        _ when value.Length == 0 => "",
        DicomVr.TM => ElementValues.Time(value) is null ? null : value,
        DicomVr.DA => value.Length is 8 or 10 ? Day(value, days) : null,
        DicomVr.DT => DateTime(value, days),
        _ => null,
    };

    private static string? DateTime(string value, int days)
    {
        // The offset from UTC goes with (0008,0201): what is left is the local clock.
        var sign = value.AsSpan().LastIndexOfAny('+', '-');
        var offset = sign < 0 ? "" : value[(sign + 1)..];
        if (offset.Length is not (0 or 4) || !offset.All(char.IsAsciiDigit))
        {
            return null;
        }

        var local = sign < 0 ? value : value[..sign];
        if (local.Length < 8 || Day(local[..8], days) is not { } day)
        {
            return null;
        }

        var time = local[8..];
        return time.Length == 0 || ElementValues.Time(time) is not null ? day + time : null;
    }

    private static string? Day(string value, int days)
    {
        if (ElementValues.Date(value) is not { } date || date.DayNumber + days < 0)
        {
            return null;
        }

        return date.AddDays(days).ToString("yyyyMMdd", CultureInfo.InvariantCulture);
    }
}
