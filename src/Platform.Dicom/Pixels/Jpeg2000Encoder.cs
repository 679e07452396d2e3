using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Platform.Dicom.Pixels;

/// <summary>Encodes JPEG 2000, reversible (ISO/IEC 15444-1), by OpenJPEG's C interface. Components are coded by themselves, without a colour transform.</summary>
internal static unsafe class Jpeg2000Encoder
{
    private const int CodestreamFormat = 0; // OPJ_CODEC_J2K
    private const int StreamChunkBytes = 64 << 10;
    private const int MaxBits = 16;
    private const int MaxResolutions = 6;
    private const int ColourSrgb = 1;
    private const int ColourGrey = 2;

    // opj_cparameters_t of OpenJPEG 2.x has 18,720 bytes; of its fields these are set.
    private const int ParameterBytes = 64 << 10;
    private const int DistortionOffset = 20; // cp_disto_alloc
    private const int LayersOffset = 4796; // tcp_numlayers; the rate of the one layer stays 0, which is lossless
    private const int ResolutionsOffset = 5600; // numresolution

    private static readonly Lazy<Api> Functions = new(() => new Api());

    /// <summary>Encodes one frame of interleaved samples.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> samples, PixelDescription d)
    {
        if (d.BitsAllocated is not (8 or 16) || d.BitsStored > MaxBits || d.IsFloatingPoint)
        {
            throw PixelErrors.Unsupported("JPEG 2000 is written for samples of 1 to 16 bits", DicomTags.BitsStored);
        }

        var api = Functions.Value;
        var parameters = (byte*)NativeMemory.AllocZeroed(ParameterBytes);
        var sink = new Sink();
        Jpeg2000Codec.Image* image = null;
        var codec = api.CreateCompress(CodestreamFormat);
        var stream = api.StreamCreate(StreamChunkBytes, 0);
        try
        {
            image = MakeImage(api, d);
            Fill(image, samples, d);
            api.SetDefaultParameters(parameters);
            *(int*)(parameters + DistortionOffset) = 1;
            *(int*)(parameters + LayersOffset) = 1;
            *(int*)(parameters + ResolutionsOffset) = Math.Min(MaxResolutions, 1 + BitOperations.Log2((uint)Math.Min(d.Rows, d.Columns)));
            api.StreamSetWrite(stream, &Write);
            api.StreamSetSkip(stream, &Skip);
            api.StreamSetSeek(stream, &Seek);
            api.StreamSetUserData(stream, &sink, 0);
            if (api.SetupEncoder(codec, parameters, image) == 0 || api.StartCompress(codec, image, stream) == 0
                || api.Encode(codec, stream) == 0 || api.EndCompress(codec, stream) == 0)
            {
                throw new InvalidOperationException("OpenJPEG refused to encode.");
            }

            return new Span<byte>(sink.Bytes, checked((int)sink.Length)).ToArray();
        }
        finally
        {
            api.StreamDestroy(stream);
            api.DestroyCodec(codec);
            api.ImageDestroy(image);
            NativeMemory.Free(parameters);
            NativeMemory.Free(sink.Bytes);
        }
    }

    private static Jpeg2000Codec.Image* MakeImage(Api api, PixelDescription d)
    {
        var components = stackalloc ComponentParameters[d.SamplesPerPixel];
        for (var c = 0; c < d.SamplesPerPixel; c++)
        {
            components[c] = new ComponentParameters
            {
                SeparationX = 1,
                SeparationY = 1,
                Width = (uint)d.Columns,
                Height = (uint)d.Rows,
                Precision = (uint)d.BitsStored,
                BitsPerPixel = (uint)d.BitsStored,
                IsSigned = d.IsSigned ? 1u : 0,
            };
        }

        var image = api.ImageCreate((uint)d.SamplesPerPixel, components, d.SamplesPerPixel >= 3 ? ColourSrgb : ColourGrey);
        if (image is null)
        {
            throw new InsufficientMemoryException("OpenJPEG could not make an image.");
        }

        image->Right = (uint)d.Columns;
        image->Bottom = (uint)d.Rows;
        return image;
    }

    private static void Fill(Jpeg2000Codec.Image* image, ReadOnlySpan<byte> samples, PixelDescription d)
    {
        var mask = d.IsSigned ? -1 : (1 << d.BitsStored) - 1;
        for (var c = 0; c < d.SamplesPerPixel; c++)
        {
            var values = image->Components[c].Values;
            for (int i = 0, at = c; i < d.PixelsPerFrame; i++, at += d.SamplesPerPixel)
            {
                int value = (d.BytesPerSample, d.IsSigned) switch
                {
                    (1, true) => (sbyte)samples[at],
                    (1, false) => samples[at],
                    (_, true) => MemoryMarshal.Read<short>(samples[(2 * at)..]),
                    _ => MemoryMarshal.Read<ushort>(samples[(2 * at)..]),
                };
                values[i] = value & mask;
            }
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint Write(void* buffer, nuint count, Sink* sink)
    {
        var end = sink->Position + (long)count;
        if (end > sink->Capacity)
        {
            sink->Capacity = Math.Max(end, 2 * sink->Capacity);
            sink->Bytes = (byte*)NativeMemory.Realloc(sink->Bytes, (nuint)sink->Capacity);
        }

        Buffer.MemoryCopy(buffer, sink->Bytes + sink->Position, (long)count, (long)count);
        sink->Position = end;
        sink->Length = Math.Max(sink->Length, end);
        return count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Skip(long count, Sink* sink)
    {
        if (count < 0 || sink->Position + count > sink->Length)
        {
            return -1;
        }

        sink->Position += count;
        return count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Seek(long position, Sink* sink)
    {
        if (position < 0 || position > sink->Length)
        {
            return 0;
        }

        sink->Position = position;
        return 1;
    }

    private struct Sink
    {
        public byte* Bytes;
        public long Length;
        public long Position;
        public long Capacity;
    }

    // opj_image_cmptparm_t of OpenJPEG 2.x
    [StructLayout(LayoutKind.Sequential)]
    private struct ComponentParameters
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
    }

    private sealed class Api
    {
        public readonly delegate* unmanaged[Cdecl]<nuint, int, nint> StreamCreate =
            (delegate* unmanaged[Cdecl]<nuint, int, nint>)Jpeg2000Codec.Library.Export("opj_stream_create");

        public readonly delegate* unmanaged[Cdecl]<nint, void> StreamDestroy =
            (delegate* unmanaged[Cdecl]<nint, void>)Jpeg2000Codec.Library.Export("opj_stream_destroy");

        public readonly delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<void*, nuint, Sink*, nuint>, void> StreamSetWrite =
            (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<void*, nuint, Sink*, nuint>, void>)
                Jpeg2000Codec.Library.Export("opj_stream_set_write_function");

        public readonly delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<long, Sink*, long>, void> StreamSetSkip =
            (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<long, Sink*, long>, void>)
                Jpeg2000Codec.Library.Export("opj_stream_set_skip_function");

        public readonly delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<long, Sink*, int>, void> StreamSetSeek =
            (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<long, Sink*, int>, void>)
                Jpeg2000Codec.Library.Export("opj_stream_set_seek_function");

        public readonly delegate* unmanaged[Cdecl]<nint, Sink*, nint, void> StreamSetUserData =
            (delegate* unmanaged[Cdecl]<nint, Sink*, nint, void>)Jpeg2000Codec.Library.Export("opj_stream_set_user_data");

        public readonly delegate* unmanaged[Cdecl]<int, nint> CreateCompress =
            (delegate* unmanaged[Cdecl]<int, nint>)Jpeg2000Codec.Library.Export("opj_create_compress");

        public readonly delegate* unmanaged[Cdecl]<void*, void> SetDefaultParameters =
            (delegate* unmanaged[Cdecl]<void*, void>)Jpeg2000Codec.Library.Export("opj_set_default_encoder_parameters");

        public readonly delegate* unmanaged[Cdecl]<uint, ComponentParameters*, int, Jpeg2000Codec.Image*> ImageCreate =
            (delegate* unmanaged[Cdecl]<uint, ComponentParameters*, int, Jpeg2000Codec.Image*>)Jpeg2000Codec.Library.Export("opj_image_create");

        public readonly delegate* unmanaged[Cdecl]<nint, void*, Jpeg2000Codec.Image*, int> SetupEncoder =
            (delegate* unmanaged[Cdecl]<nint, void*, Jpeg2000Codec.Image*, int>)Jpeg2000Codec.Library.Export("opj_setup_encoder");

        public readonly delegate* unmanaged[Cdecl]<nint, Jpeg2000Codec.Image*, nint, int> StartCompress =
            (delegate* unmanaged[Cdecl]<nint, Jpeg2000Codec.Image*, nint, int>)Jpeg2000Codec.Library.Export("opj_start_compress");

        public readonly delegate* unmanaged[Cdecl]<nint, nint, int> Encode =
            (delegate* unmanaged[Cdecl]<nint, nint, int>)Jpeg2000Codec.Library.Export("opj_encode");

        public readonly delegate* unmanaged[Cdecl]<nint, nint, int> EndCompress =
            (delegate* unmanaged[Cdecl]<nint, nint, int>)Jpeg2000Codec.Library.Export("opj_end_compress");

        public readonly delegate* unmanaged[Cdecl]<Jpeg2000Codec.Image*, void> ImageDestroy =
            (delegate* unmanaged[Cdecl]<Jpeg2000Codec.Image*, void>)Jpeg2000Codec.Library.Export("opj_image_destroy");

        public readonly delegate* unmanaged[Cdecl]<nint, void> DestroyCodec =
            (delegate* unmanaged[Cdecl]<nint, void>)Jpeg2000Codec.Library.Export("opj_destroy_codec");
    }
}
