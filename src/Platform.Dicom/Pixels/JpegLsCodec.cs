namespace Platform.Dicom.Pixels;

/// <summary>JPEG-LS, lossless and near-lossless (ISO/IEC 14495-1), by CharLS's C interface.</summary>
internal static unsafe class JpegLsCodec
{
    private const int InterleaveNone = 0;
    private const int MarkerMissing = 12; // jpeg_marker_start_byte_not_found

    internal static readonly NativeCodec Library =
        new("CharLS 2.1 or later", "libcharls2", "libcharls.so.2", "libcharls.2.dylib", "charls-2-x64.dll", "libcharls-2.dll");

    private static readonly Lazy<Api> Functions = new(() => new Api());

    private static ReadOnlySpan<byte> EndOfImage => [0xFF, 0xD9];

    /// <summary>Decodes one frame into interleaved samples.</summary>
    public static void Decode(ReadOnlySpan<byte> data, JpegHeader header, PixelDescription d, Span<byte> samples)
    {
        header.Check(d);
        if (header.Components.Any(c => c.Horizontal != 1 || c.Vertical != 1))
        {
            throw PixelErrors.Unsupported("JPEG-LS with subsampled components is not decoded", DicomTags.PixelData);
        }

        // CharLS does not come back from a scan that is cut off.
        if (!HasEndOfImage(data, header.ScanOffset))
        {
            throw PixelErrors.Corrupt("The JPEG-LS codestream is cut off");
        }

        var bytes = header.Precision > 8 ? 2 : 1;
        bool isPlanar;
        var needed = d.SamplesPerFrame * bytes;
        var decoded = GC.AllocateUninitializedArray<byte>(needed);
        fixed (byte* source = data)
        fixed (byte* target = decoded)
        {
            var length = (nuint)data.Length;
            if (!TryDecode(source, length, header, target, (nuint)needed, out isPlanar, out var error)
                && (error != MarkerMissing || !TryWithoutPadding(data, header, target, (nuint)needed, out isPlanar)))
            {
                throw PixelErrors.Corrupt($"The JPEG-LS codestream is damaged (CharLS error {error})");
            }
        }

        if (isPlanar && d.SamplesPerPixel > 1)
        {
            var pixels = new byte[needed];
            StoredSamples.Interleave(decoded, pixels, d.SamplesPerPixel, bytes);
            decoded = pixels;
        }

        StoredSamples.Widen(decoded, bytes, samples, d.BytesPerSample);
    }

    // In a scan FF is followed by a byte below 80 (ISO/IEC 14495-1 §C.2.1); anything else is a marker.
    private static bool HasEndOfImage(ReadOnlySpan<byte> data, int at)
    {
        while (data[at..].IndexOf((byte)0xFF) is >= 0 and var next && at + next + 1 < data.Length)
        {
            at += next;
            if (data[at + 1] == 0xD9)
            {
                return true;
            }

            at += data[at + 1] == 0xFF ? 1 : 2;
        }

        return false;
    }

    private static bool TryDecode(
        byte* source, nuint length, JpegHeader header, byte* target, nuint targetLength, out bool isPlanar, out int error)
    {
        var api = Functions.Value;
        var decoder = api.Create();
        if (decoder == 0)
        {
            throw new InsufficientMemoryException("CharLS could not make a decoder.");
        }

        try
        {
            JpegLsFrameInfo info;
            int interleave;
            isPlanar = false;
            if ((error = api.SetSource(decoder, source, length)) != 0 || (error = api.ReadHeader(decoder)) != 0
                || (error = api.GetFrameInfo(decoder, &info)) != 0 || (error = api.GetInterleaveMode(decoder, &interleave)) != 0)
            {
                return false;
            }

            if (info.Width != header.Columns || info.Height != header.Rows || info.Components != header.Components.Length
                || info.BitsPerSample != header.Precision)
            {
                throw PixelErrors.Corrupt("The JPEG-LS codestream has two frame headers");
            }

            isPlanar = interleave == InterleaveNone;
            return (error = api.DecodeToBuffer(decoder, target, targetLength, 0)) == 0;
        }
        finally
        {
            api.Destroy(decoder);
        }
    }

    // Some encoders make the scan even with a zero byte, which CharLS takes for a missing EOI.
    private static bool TryWithoutPadding(ReadOnlySpan<byte> data, JpegHeader header, byte* target, nuint targetLength, out bool isPlanar)
    {
        isPlanar = false;
        var end = data.LastIndexOf(EndOfImage);
        if (end < 1 || data[end - 1] != 0)
        {
            return false;
        }

        byte[] unpadded = [.. data[..(end - 1)], .. EndOfImage];
        fixed (byte* source = unpadded)
        {
            return TryDecode(source, (nuint)unpadded.Length, header, target, targetLength, out isPlanar, out _);
        }
    }

    private sealed class Api
    {
        public readonly delegate* unmanaged[Cdecl]<nint> Create =
            (delegate* unmanaged[Cdecl]<nint>)Library.Export("charls_jpegls_decoder_create");

        public readonly delegate* unmanaged[Cdecl]<nint, void> Destroy =
            (delegate* unmanaged[Cdecl]<nint, void>)Library.Export("charls_jpegls_decoder_destroy");

        public readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, int> SetSource =
            (delegate* unmanaged[Cdecl]<nint, byte*, nuint, int>)Library.Export("charls_jpegls_decoder_set_source_buffer");

        public readonly delegate* unmanaged[Cdecl]<nint, int> ReadHeader =
            (delegate* unmanaged[Cdecl]<nint, int>)Library.Export("charls_jpegls_decoder_read_header");

        public readonly delegate* unmanaged[Cdecl]<nint, JpegLsFrameInfo*, int> GetFrameInfo =
            (delegate* unmanaged[Cdecl]<nint, JpegLsFrameInfo*, int>)Library.Export("charls_jpegls_decoder_get_frame_info");

        public readonly delegate* unmanaged[Cdecl]<nint, int*, int> GetInterleaveMode =
            (delegate* unmanaged[Cdecl]<nint, int*, int>)Library.Export("charls_jpegls_decoder_get_interleave_mode");

        public readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, uint, int> DecodeToBuffer =
            (delegate* unmanaged[Cdecl]<nint, byte*, nuint, uint, int>)Library.Export("charls_jpegls_decoder_decode_to_buffer");
    }
}
