using System.Runtime.InteropServices;

namespace Platform.Dicom.Pixels;

/// <summary>Encodes JPEG-LS, lossless (ISO/IEC 14495-1), by CharLS's C interface.</summary>
internal static unsafe class JpegLsEncoder
{
    private const int InterleaveNone = 0;
    private const int InterleaveSample = 2;
    private const int MaxBits = 16;

    private static readonly Lazy<Api> Functions = new(() => new Api());

    /// <summary>Encodes one frame of interleaved samples; only Bits Stored are kept, as the codestream holds unsigned numbers.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> samples, PixelDescription d)
    {
        if (d.BitsAllocated is not (8 or 16) || d.BitsStored is < 2 or > MaxBits || d.IsFloatingPoint)
        {
            throw PixelErrors.Unsupported("JPEG-LS holds samples of 2 to 16 bits", DicomTags.BitsStored);
        }

        var bytes = d.BitsStored > 8 ? 2 : 1;
        var unsigned = Unsigned(samples, d, bytes);
        var api = Functions.Value;
        var encoder = api.Create();
        if (encoder == 0)
        {
            throw new InsufficientMemoryException("CharLS could not make an encoder.");
        }

        try
        {
            var info = new JpegLsFrameInfo
            {
                Width = (uint)d.Columns,
                Height = (uint)d.Rows,
                BitsPerSample = d.BitsStored,
                Components = d.SamplesPerPixel,
            };
            Succeed(api.SetFrameInfo(encoder, &info));
            Succeed(api.SetInterleaveMode(encoder, d.SamplesPerPixel > 1 ? InterleaveSample : InterleaveNone));
            nuint room;
            Succeed(api.GetEstimatedSize(encoder, &room));
            var encoded = new byte[checked((int)room)];
            nuint written;
            fixed (byte* target = encoded)
            fixed (byte* source = unsigned)
            {
                Succeed(api.SetDestination(encoder, target, room));
                Succeed(api.Encode(encoder, source, (nuint)unsigned.Length, 0));
                Succeed(api.GetBytesWritten(encoder, &written));
            }

            return encoded[..(int)written];
        }
        finally
        {
            api.Destroy(encoder);
        }
    }

    private static byte[] Unsigned(ReadOnlySpan<byte> samples, PixelDescription d, int bytes)
    {
        var mask = (1 << d.BitsStored) - 1;
        var unsigned = new byte[d.SamplesPerFrame * bytes];
        for (var i = 0; i < d.SamplesPerFrame; i++)
        {
            var value = d.BytesPerSample == 1 ? samples[i] : MemoryMarshal.Read<ushort>(samples[(2 * i)..]);
            if (bytes == 1)
            {
                unsigned[i] = (byte)(value & mask);
            }
            else
            {
                var stored = (ushort)(value & mask);
                MemoryMarshal.Write(unsigned.AsSpan(2 * i), in stored);
            }
        }

        return unsigned;
    }

    private static void Succeed(int error)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"CharLS refused to encode (error {error}).");
        }
    }

    private sealed class Api
    {
        public readonly delegate* unmanaged[Cdecl]<nint> Create =
            (delegate* unmanaged[Cdecl]<nint>)JpegLsCodec.Library.Export("charls_jpegls_encoder_create");

        public readonly delegate* unmanaged[Cdecl]<nint, void> Destroy =
            (delegate* unmanaged[Cdecl]<nint, void>)JpegLsCodec.Library.Export("charls_jpegls_encoder_destroy");

        public readonly delegate* unmanaged[Cdecl]<nint, JpegLsFrameInfo*, int> SetFrameInfo =
            (delegate* unmanaged[Cdecl]<nint, JpegLsFrameInfo*, int>)JpegLsCodec.Library.Export("charls_jpegls_encoder_set_frame_info");

        public readonly delegate* unmanaged[Cdecl]<nint, int, int> SetInterleaveMode =
            (delegate* unmanaged[Cdecl]<nint, int, int>)JpegLsCodec.Library.Export("charls_jpegls_encoder_set_interleave_mode");

        public readonly delegate* unmanaged[Cdecl]<nint, nuint*, int> GetEstimatedSize =
            (delegate* unmanaged[Cdecl]<nint, nuint*, int>)JpegLsCodec.Library.Export("charls_jpegls_encoder_get_estimated_destination_size");

        public readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, int> SetDestination =
            (delegate* unmanaged[Cdecl]<nint, byte*, nuint, int>)JpegLsCodec.Library.Export("charls_jpegls_encoder_set_destination_buffer");

        public readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, uint, int> Encode =
            (delegate* unmanaged[Cdecl]<nint, byte*, nuint, uint, int>)JpegLsCodec.Library.Export("charls_jpegls_encoder_encode_from_buffer");

        public readonly delegate* unmanaged[Cdecl]<nint, nuint*, int> GetBytesWritten =
            (delegate* unmanaged[Cdecl]<nint, nuint*, int>)JpegLsCodec.Library.Export("charls_jpegls_encoder_get_bytes_written");
    }
}

/// <summary>CharLS's charls_frame_info.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct JpegLsFrameInfo
{
    public uint Width;
    public uint Height;
    public int BitsPerSample;
    public int Components;
}
