namespace Platform.Dicom.Objects;

/// <summary>What the caller decides of every object that is made from a study; the same options and input give the same bytes.</summary>
public record DerivedObjectOptions
{
    public required string SopInstanceUid { get; init; }

    public required string SeriesInstanceUid { get; init; }

    /// <summary>Local date and time of making it; written to the second.</summary>
    public required DateTime ContentDateTime { get; init; }

    /// <summary>Manufacturer of the equipment that made it (PS3.3 §C.7.5.2).</summary>
    public required string Manufacturer { get; init; }

    public required string ManufacturerModelName { get; init; }

    public required string DeviceSerialNumber { get; init; }

    public required string SoftwareVersions { get; init; }

    public int SeriesNumber { get; init; } = 1000;

    public int InstanceNumber { get; init; } = 1;

    public string SeriesDescription { get; init; } = "";
}
