using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Platform.Dicom.Pixels;

/// <summary>JPEG 2000 and HTJ2K (ISO/IEC 15444-1, 15444-15), by OpenJPEG's C interface.</summary>
internal static unsafe class Jpeg2000Codec
{
    private const int CodestreamFormat = 0; // OPJ_CODEC_J2K
    private const int ParameterBytes = 64 << 10; // opj_dparameters_t has about 8.3 KiB: two paths of 4096 characters and 15 numbers
    private const int StreamChunkBytes = 64 << 10;

    internal static readonly NativeCodec Library =
        new("OpenJPEG 2.5 or later", "libopenjp2-7", "libopenjp2.so.7", "libopenjp2.7.dylib", "openjp2.dll");

    private static readonly Lazy<Api> Functions = new(() => new Api());

    /// <summary>Decodes one frame into interleaved samples; a colour transform of the codestream is undone.</summary>
    public static void Decode(ReadOnlySpan<byte> data, PixelDescription d, Span<byte> samples)
    {
        var header = Jpeg2000Header.Parse(data);
        header.Check(d);
        fixed (byte* bytes = data[header.Start..])
        {
            var source = new Source { Bytes = bytes, Length = data.Length - header.Start };
            Decode(&source, header, d, samples);
        }
    }

    private static void Decode(Source* source, Jpeg2000Header header, PixelDescription d, Span<byte> samples)
    {
        var api = Functions.Value;
        var stream = api.StreamCreate(StreamChunkBytes, 1);
        var codec = api.CreateDecompress(CodestreamFormat);
        var parameters = NativeMemory.AllocZeroed(ParameterBytes);
        var image = stackalloc Image*[1];
        image[0] = null;
        try
        {
            api.StreamSetRead(stream, &Read);
            api.StreamSetSkip(stream, &Skip);
            api.StreamSetSeek(stream, &Seek);
            api.StreamSetUserData(stream, source, 0);
            api.StreamSetUserDataLength(stream, (ulong)source->Length);
            api.SetDefaultParameters(parameters);
            if (api.SetupDecoder(codec, parameters) == 0 || api.ReadHeader(stream, codec, image) == 0
                || api.Decode(codec, stream, image[0]) == 0)
            {
                throw PixelErrors.Corrupt("The JPEG 2000 codestream is damaged");
            }

            Copy(image[0], header, d, samples);
        }
        finally
        {
            NativeMemory.Free(parameters);
            api.ImageDestroy(image[0]); // nothing, where there is none
            api.DestroyCodec(codec);
            api.StreamDestroy(stream);
        }
    }

    private static void Copy(Image* image, Jpeg2000Header header, PixelDescription d, Span<byte> samples)
    {
        if (image->ComponentCount != header.Components)
        {
            throw PixelErrors.Corrupt("The JPEG 2000 codestream decoded to another number of components");
        }

        for (var c = 0; c < header.Components; c++)
        {
            var component = image->Components + c;
            if (component->Width != header.Columns || component->Height != header.Rows || component->Values is null)
            {
                throw PixelErrors.Corrupt("The JPEG 2000 codestream decoded to another size");
            }

            Store(new ReadOnlySpan<int>(component->Values, d.PixelsPerFrame), c, d, samples);
        }
    }

    private static void Store(ReadOnlySpan<int> values, int component, PixelDescription d, Span<byte> samples)
    {
        var step = d.SamplesPerPixel;
        switch (d.BytesPerSample)
        {
            case 1:
                for (int i = 0, o = component; i < values.Length; i++, o += step)
                {
                    samples[o] = (byte)values[i];
                }

                break;
            case 2:
                var words = MemoryMarshal.Cast<byte, ushort>(samples);
                for (int i = 0, o = component; i < values.Length; i++, o += step)
                {
                    words[o] = (ushort)values[i];
                }

                break;
            default:
                var longs = MemoryMarshal.Cast<byte, int>(samples);
                for (int i = 0, o = component; i < values.Length; i++, o += step)
                {
                    longs[o] = values[i];
                }

                break;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint Read(void* buffer, nuint count, Source* source)
    {
        var left = source->Length - source->Position;
        if (left <= 0)
        {
            return nuint.MaxValue; // the end, as OpenJPEG wants it said
        }

        var taken = (long)Math.Min(count, (nuint)left);
        Buffer.MemoryCopy(source->Bytes + source->Position, buffer, (long)count, taken);
        source->Position += taken;
        return (nuint)taken;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Skip(long count, Source* source)
    {
        if (count < 0)
        {
            return -1;
        }

        var skipped = Math.Min(count, source->Length - source->Position);
        source->Position += skipped;
        return skipped > 0 || count == 0 ? skipped : -1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Seek(long position, Source* source)
    {
        if (position < 0 || position > source->Length)
        {
            return 0;
        }

        source->Position = position;
        return 1;
    }

    private struct Source
    {
        public byte* Bytes;
        public long Length;
        public long Position;
    }

    // opj_image_t of OpenJPEG 2.x
    [StructLayout(LayoutKind.Sequential)]
    internal struct Image
    {
        public uint Left;
        public uint Top;
        public uint Right;
        public uint Bottom;
        public uint ComponentCount;
        public int ColourSpace;
        public Component* Components;
        public byte* IccProfile;
        public uint IccProfileLength;
    }

    // opj_image_comp_t of OpenJPEG 2.x
    [StructLayout(LayoutKind.Sequential)]
    internal struct Component
    {
        public uint SeparationX;
        public uint SeparationY;
        public uint Width;
        public uint Height;
        public uint Left;
        public uint Top;
        public uint Precision;
        public uint BitsPerPixel;
        public uint IsSigned;
        public uint Resolutions;
        public uint Factor;
        public int* Values;
        public ushort Alpha;
    }

    private sealed class Api
    {
        public readonly delegate* unmanaged[Cdecl]<nuint, int, nint> StreamCreate =
            (delegate* unmanaged[Cdecl]<nuint, int, nint>)Library.Export("opj_stream_create");

        public readonly delegate* unmanaged[Cdecl]<nint, void> StreamDestroy =
            (delegate* unmanaged[Cdecl]<nint, void>)Library.Export("opj_stream_destroy");

        public readonly delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<void*, nuint, Source*, nuint>, void> StreamSetRead =
            (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<void*, nuint, Source*, nuint>, void>)
                Library.Export("opj_stream_set_read_function");

        public readonly delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<long, Source*, long>, void> StreamSetSkip =
            (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<long, Source*, long>, void>)
                Library.Export("opj_stream_set_skip_function");

        public readonly delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<long, Source*, int>, void> StreamSetSeek =
            (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<long, Source*, int>, void>)
                Library.Export("opj_stream_set_seek_function");

        public readonly delegate* unmanaged[Cdecl]<nint, Source*, nint, void> StreamSetUserData =
            (delegate* unmanaged[Cdecl]<nint, Source*, nint, void>)Library.Export("opj_stream_set_user_data");

        public readonly delegate* unmanaged[Cdecl]<nint, ulong, void> StreamSetUserDataLength =
            (delegate* unmanaged[Cdecl]<nint, ulong, void>)Library.Export("opj_stream_set_user_data_length");

        public readonly delegate* unmanaged[Cdecl]<int, nint> CreateDecompress =
            (delegate* unmanaged[Cdecl]<int, nint>)Library.Export("opj_create_decompress");

        public readonly delegate* unmanaged[Cdecl]<void*, void> SetDefaultParameters =
            (delegate* unmanaged[Cdecl]<void*, void>)Library.Export("opj_set_default_decoder_parameters");

        public readonly delegate* unmanaged[Cdecl]<nint, void*, int> SetupDecoder =
            (delegate* unmanaged[Cdecl]<nint, void*, int>)Library.Export("opj_setup_decoder");

        public readonly delegate* unmanaged[Cdecl]<nint, nint, Image**, int> ReadHeader =
            (delegate* unmanaged[Cdecl]<nint, nint, Image**, int>)Library.Export("opj_read_header");

        public readonly delegate* unmanaged[Cdecl]<nint, nint, Image*, int> Decode =
            (delegate* unmanaged[Cdecl]<nint, nint, Image*, int>)Library.Export("opj_decode");

        public readonly delegate* unmanaged[Cdecl]<Image*, void> ImageDestroy =
            (delegate* unmanaged[Cdecl]<Image*, void>)Library.Export("opj_image_destroy");

        public readonly delegate* unmanaged[Cdecl]<nint, void> DestroyCodec =
            (delegate* unmanaged[Cdecl]<nint, void>)Library.Export("opj_destroy_codec");

        // Only 2.5 and later have this function, and only they decode HTJ2K.
        public readonly nint StrictMode = Library.Export("opj_decoder_set_strict_mode");
    }
}
