namespace Platform.Dicom;

public static partial class DicomUids
{
    /// <summary>Verification SOP class (C-ECHO), PS3.4 Annex A.</summary>
    public const string Verification = "1.2.840.10008.1.1";

    /// <summary>The standard's application context name, PS3.7 Annex A.</summary>
    public const string ApplicationContext = "1.2.840.10008.3.1.1.1";

    /// <summary>Name of a storage SOP class; null if the standard has no such class.</summary>
    public static string? FindSopClassName(string uid)
    {
        var low = 0;
        var high = SopClasses.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(SopClasses[middle].Uid, uid);
            if (order == 0)
            {
                return SopClasses[middle].Name;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return null;
    }
}
