using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Dicomweb;

/// <summary>Section <c>Dicomweb</c>: budgets of the DICOMweb endpoints (design §10); configuration may lower them.</summary>
internal sealed class DicomwebOptions
{
    public const string Section = "Dicomweb";

    /// <summary>Bytes of one STOW request.</summary>
    [Range(1, 2L << 30)]
    public long MaxRequestBytes { get; set; } = 2L << 30;

    /// <summary>Bytes of one instance.</summary>
    [Range(1, 2L << 30)]
    public long MaxInstanceBytes { get; set; } = 2L << 30;

    /// <summary>Parts of one STOW request.</summary>
    [Range(1, 2000)]
    public int MaxParts { get; set; } = 2000;

    /// <summary>A batch of instances is committed when it holds this many bytes, …</summary>
    [Range(1, 1L << 30)]
    public long BatchBytes { get; set; } = 16 << 20;

    /// <summary>… or this long after its first instance.</summary>
    public TimeSpan BatchAge { get; set; } = TimeSpan.FromSeconds(1);
}
