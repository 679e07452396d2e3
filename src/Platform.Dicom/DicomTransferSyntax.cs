using System.Collections.Frozen;

namespace Platform.Dicom;

/// <summary>How the elements of a data set are laid out in bytes (PS3.5 §7.1, §7.3).</summary>
public enum DicomEncoding
{
    ImplicitLittleEndian,
    ExplicitLittleEndian,
    ExplicitBigEndian,
}

/// <summary>A transfer syntax (PS3.5 Annex A, PS3.6 Annex A).</summary>
/// <param name="IsEncapsulated">Pixel Data is fragments (PS3.5 §A.4).</param>
/// <param name="IsLossy">The encoding of pixels can lose information.</param>
public sealed record DicomTransferSyntax(
    string Uid, string Name, DicomEncoding Encoding, bool IsDeflated = false, bool IsEncapsulated = false, bool IsLossy = false)
{
    public static readonly DicomTransferSyntax ImplicitLittleEndian =
        new("1.2.840.10008.1.2", "Implicit VR Little Endian", DicomEncoding.ImplicitLittleEndian);

    public static readonly DicomTransferSyntax ExplicitLittleEndian =
        new("1.2.840.10008.1.2.1", "Explicit VR Little Endian", DicomEncoding.ExplicitLittleEndian);

    public static readonly DicomTransferSyntax EncapsulatedUncompressed =
        Encapsulated("1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed Explicit VR Little Endian");

    public static readonly DicomTransferSyntax DeflatedExplicitLittleEndian =
        new("1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian", DicomEncoding.ExplicitLittleEndian, IsDeflated: true);

    public static readonly DicomTransferSyntax ExplicitBigEndian =
        new("1.2.840.10008.1.2.2", "Explicit VR Big Endian (retired)", DicomEncoding.ExplicitBigEndian);

    public static readonly DicomTransferSyntax JpegBaseline = Encapsulated("1.2.840.10008.1.2.4.50", "JPEG Baseline (Process 1)", true);

    public static readonly DicomTransferSyntax JpegExtended =
        Encapsulated("1.2.840.10008.1.2.4.51", "JPEG Extended (Process 2 and 4)", true);

    public static readonly DicomTransferSyntax JpegLossless =
        Encapsulated("1.2.840.10008.1.2.4.57", "JPEG Lossless, Non-Hierarchical (Process 14)");

    public static readonly DicomTransferSyntax JpegLosslessSv1 =
        Encapsulated("1.2.840.10008.1.2.4.70", "JPEG Lossless, Non-Hierarchical, First-Order Prediction");

    public static readonly DicomTransferSyntax JpegLsLossless = Encapsulated("1.2.840.10008.1.2.4.80", "JPEG-LS Lossless");

    public static readonly DicomTransferSyntax JpegLsNearLossless =
        Encapsulated("1.2.840.10008.1.2.4.81", "JPEG-LS Lossy (Near-Lossless)", true);

    public static readonly DicomTransferSyntax Jpeg2000Lossless =
        Encapsulated("1.2.840.10008.1.2.4.90", "JPEG 2000 Image Compression (Lossless Only)");

    public static readonly DicomTransferSyntax Jpeg2000 = Encapsulated("1.2.840.10008.1.2.4.91", "JPEG 2000 Image Compression", true);

    public static readonly DicomTransferSyntax HtJpeg2000Lossless =
        Encapsulated("1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 (Lossless Only)");

    public static readonly DicomTransferSyntax HtJpeg2000LosslessRpcl =
        Encapsulated("1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000 with RPCL Options (Lossless Only)");

    public static readonly DicomTransferSyntax HtJpeg2000 = Encapsulated("1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000", true);

    public static readonly DicomTransferSyntax RleLossless = Encapsulated("1.2.840.10008.1.2.5", "RLE Lossless");

    public static readonly DicomTransferSyntax DeflatedImageFrames =
        Encapsulated("1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression");

    private static readonly FrozenDictionary<string, DicomTransferSyntax> Known = new[]
    {
        ImplicitLittleEndian, ExplicitLittleEndian, EncapsulatedUncompressed, DeflatedExplicitLittleEndian, ExplicitBigEndian,
        JpegBaseline, JpegExtended, JpegLossless, JpegLosslessSv1, JpegLsLossless, JpegLsNearLossless, Jpeg2000Lossless, Jpeg2000,
        HtJpeg2000Lossless, HtJpeg2000LosslessRpcl, HtJpeg2000, RleLossless, DeflatedImageFrames,
        Encapsulated("1.2.840.10008.1.2.4.52", "JPEG Extended (Process 3 and 5) (retired)", true),
        Encapsulated("1.2.840.10008.1.2.4.53", "JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8) (retired)", true),
        Encapsulated("1.2.840.10008.1.2.4.54", "JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9) (retired)", true),
        Encapsulated("1.2.840.10008.1.2.4.55", "JPEG Full Progression, Non-Hierarchical (Process 10 and 12) (retired)", true),
        Encapsulated("1.2.840.10008.1.2.4.56", "JPEG Full Progression, Non-Hierarchical (Process 11 and 13) (retired)", true),
        Encapsulated("1.2.840.10008.1.2.4.58", "JPEG Lossless, Non-Hierarchical (Process 15) (retired)"),
        Encapsulated("1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Multi-component (Lossless Only)"),
        Encapsulated("1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2 Multi-component", true),
        new("1.2.840.10008.1.2.4.94", "JPIP Referenced", DicomEncoding.ExplicitLittleEndian, IsLossy: true),
        new("1.2.840.10008.1.2.4.95", "JPIP Referenced Deflate", DicomEncoding.ExplicitLittleEndian, IsDeflated: true, IsLossy: true),
        Encapsulated("1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level", true),
        Encapsulated("1.2.840.10008.1.2.4.100.1", "Fragmentable MPEG2 Main Profile / Main Level", true),
        Encapsulated("1.2.840.10008.1.2.4.101", "MPEG2 Main Profile / High Level", true),
        Encapsulated("1.2.840.10008.1.2.4.101.1", "Fragmentable MPEG2 Main Profile / High Level", true),
        Encapsulated("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1", true),
        Encapsulated("1.2.840.10008.1.2.4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1", true),
        Encapsulated("1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1", true),
        Encapsulated("1.2.840.10008.1.2.4.103.1", "Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1", true),
        Encapsulated("1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video", true),
        Encapsulated("1.2.840.10008.1.2.4.104.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video", true),
        Encapsulated("1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video", true),
        Encapsulated("1.2.840.10008.1.2.4.105.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video", true),
        Encapsulated("1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", true),
        Encapsulated("1.2.840.10008.1.2.4.106.1", "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", true),
        Encapsulated("1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile / Level 5.1", true),
        Encapsulated("1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile / Level 5.1", true),
        Encapsulated("1.2.840.10008.1.2.4.110", "JPEG XL Lossless"),
        Encapsulated("1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", true),
        Encapsulated("1.2.840.10008.1.2.4.112", "JPEG XL", true),
        new("1.2.840.10008.1.2.4.204", "JPIP HTJ2K Referenced", DicomEncoding.ExplicitLittleEndian, IsLossy: true),
        new("1.2.840.10008.1.2.4.205", "JPIP HTJ2K Referenced Deflate", DicomEncoding.ExplicitLittleEndian, IsDeflated: true, IsLossy: true),
    }.ToFrozenDictionary(s => s.Uid);

    public bool IsExplicit => Encoding != DicomEncoding.ImplicitLittleEndian;

    public bool IsBigEndian => Encoding == DicomEncoding.ExplicitBigEndian;

    /// <summary>Every syntax that this library knows.</summary>
    public static IEnumerable<DicomTransferSyntax> All => Known.Values;

    /// <summary>The syntax of a UID; null if it is not known. Unknown syntaxes are explicit little endian, by PS3.5 §A.4.</summary>
    public static DicomTransferSyntax? Find(string uid) => Known.GetValueOrDefault(uid);

    /// <summary>The uncompressed syntax of a layout.</summary>
    internal static DicomTransferSyntax Uncompressed(DicomEncoding encoding) => encoding switch
    {
        DicomEncoding.ImplicitLittleEndian => ImplicitLittleEndian,
        DicomEncoding.ExplicitBigEndian => ExplicitBigEndian,
        _ => ExplicitLittleEndian,
    };

    private static DicomTransferSyntax Encapsulated(string uid, string name, bool lossy = false) =>
        new(uid, name, DicomEncoding.ExplicitLittleEndian, IsEncapsulated: true, IsLossy: lossy);
}
