using System.Runtime.InteropServices;

namespace Platform.Dicom.Pixels;

/// <summary>JPEG-LS, lossless and near-lossless (ISO/IEC 14495-1), by CharLS's C interface.</summary>
internal static unsafe class JpegLsCodec
{
    private const int InterleaveNone = 0;

    private static readonly NativeCodec Library =
        new("CharLS 2.1 or later", "libcharls2", "libcharls.so.2", "libcharls.2.dylib", "charls-2-x64.dll", "libcharls-2.dll");

    private static readonly Lazy<Api> Functions = new(() => new Api());

    /// <summary>Decodes one frame into interleaved samples.</summary>
    public static void Decode(ReadOnlySpan<byte> data, JpegHeader header, PixelDescription d, Span<byte> samples)
    {
        header.Check(d);
        if (header.Components.Any(c => c.Horizontal != 1 || c.Vertical != 1))
        {
            throw PixelErrors.Unsupported("JPEG-LS with subsampled components is not decoded", DicomTags.PixelData);
        }

        var bytes = header.Precision > 8 ? 2 : 1;
        var isPlanar = false;
        var needed = d.SamplesPerFrame * bytes;
        var decoded = GC.AllocateUninitializedArray<byte>(needed);
        fixed (byte* source = data)
        fixed (byte* target = decoded)
        {
            isPlanar = Decode(source, (nuint)data.Length, header, target, (nuint)needed);
        }

        if (isPlanar && d.SamplesPerPixel > 1)
        {
            var pixels = new byte[needed];
            StoredSamples.Interleave(decoded, pixels, d.SamplesPerPixel, bytes);
            decoded = pixels;
        }

        StoredSamples.Widen(decoded, bytes, samples, d.BytesPerSample);
    }

    /// <summary>Whether the samples came out plane by plane.</summary>
    private static bool Decode(byte* source, nuint length, JpegHeader header, byte* target, nuint targetLength)
    {
        var api = Functions.Value;
        var decoder = api.Create();
        if (decoder == 0)
        {
            throw new OutOfMemoryException("CharLS could not make a decoder.");
        }

        try
        {
            FrameInfo info;
            int interleave;
            Check(api.SetSource(decoder, source, length));
            Check(api.ReadHeader(decoder));
            Check(api.GetFrameInfo(decoder, &info));
            Check(api.GetInterleaveMode(decoder, &interleave));
            if (info.Width != header.Columns || info.Height != header.Rows || info.Components != header.Components.Length
                || info.BitsPerSample != header.Precision)
            {
                throw PixelErrors.Corrupt("The JPEG-LS codestream has two frame headers");
            }

            Check(api.DecodeToBuffer(decoder, target, targetLength, 0));
            return interleave == InterleaveNone;
        }
        finally
        {
            api.Destroy(decoder);
        }
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw PixelErrors.Corrupt($"The JPEG-LS codestream is damaged (CharLS error {error})");
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct FrameInfo
    {
        public uint Width;
        public uint Height;
        public int BitsPerSample;
        public int Components;
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

        public readonly delegate* unmanaged[Cdecl]<nint, FrameInfo*, int> GetFrameInfo =
            (delegate* unmanaged[Cdecl]<nint, FrameInfo*, int>)Library.Export("charls_jpegls_decoder_get_frame_info");

        public readonly delegate* unmanaged[Cdecl]<nint, int*, int> GetInterleaveMode =
            (delegate* unmanaged[Cdecl]<nint, int*, int>)Library.Export("charls_jpegls_decoder_get_interleave_mode");

        public readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, uint, int> DecodeToBuffer =
            (delegate* unmanaged[Cdecl]<nint, byte*, nuint, uint, int>)Library.Export("charls_jpegls_decoder_decode_to_buffer");
    }
}
