using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Platform.Dicom.Pixels;

/// <summary>Turns cells as stored in an uncompressed frame (little endian) into native samples, interleaved by pixel.</summary>
internal static class StoredSamples
{
    /// <summary>Unpacks one-bit samples, low bit first (PS3.5 §8.1.1), into bytes 0 and 1.</summary>
    public static void UnpackBits(ReadOnlySpan<byte> stored, long firstBit, Span<byte> samples)
    {
        var bit = firstBit;
        var i = 0;
        for (; i < samples.Length && (bit & 7) != 0; i++, bit++)
        {
            samples[i] = (byte)((stored[(int)(bit >> 3)] >> (int)(bit & 7)) & 1);
        }

        for (; i + 8 <= samples.Length; i += 8, bit += 8)
        {
            // Spreads the eight bits of a byte over eight bytes, low bit first.
            ulong b = stored[(int)(bit >> 3)];
            var spread = ((((b * 0x0101010101010101) & 0x8040201008040201) + 0x7F7F7F7F7F7F7F7F) >> 7) & 0x0101010101010101;
            BinaryPrimitives.WriteUInt64LittleEndian(samples[i..], spread);
        }

        for (; i < samples.Length; i++, bit++)
        {
            samples[i] = (byte)((stored[(int)(bit >> 3)] >> (int)(bit & 7)) & 1);
        }
    }

    /// <summary>Reorders sample planes (RRR GGG BBB) into pixels (RGB RGB RGB).</summary>
    public static void Interleave(ReadOnlySpan<byte> planes, Span<byte> pixels, int samplesPerPixel, int bytesPerSample)
    {
        var planeBytes = planes.Length / samplesPerPixel;
        for (var s = 0; s < samplesPerPixel; s++)
        {
            var plane = planes.Slice(s * planeBytes, planeBytes);
            if (bytesPerSample == 1)
            {
                for (int i = 0, o = s; i < plane.Length; i++, o += samplesPerPixel)
                {
                    pixels[o] = plane[i];
                }

                continue;
            }

            for (int i = 0, o = s * bytesPerSample; i < plane.Length; i += bytesPerSample, o += samplesPerPixel * bytesPerSample)
            {
                plane.Slice(i, bytesPerSample).CopyTo(pixels[o..]);
            }
        }
    }

    /// <summary>Doubles the chrominance of Y1 Y2 Cb Cr (PS3.3 §C.7.6.3.1.2, YBR_FULL_422) to Y Cb Cr of each pixel.</summary>
    public static void Upsample422(ReadOnlySpan<byte> stored, Span<byte> pixels)
    {
        for (int i = 0, o = 0; o + 6 <= pixels.Length; i += 4, o += 6)
        {
            pixels[o] = stored[i];
            pixels[o + 3] = stored[i + 1];
            pixels[o + 1] = pixels[o + 4] = stored[i + 2];
            pixels[o + 2] = pixels[o + 5] = stored[i + 3];
        }
    }

    /// <summary>
    /// Takes Bits Stored bits below High Bit of each cell and extends the sign (PS3.5 §8.1.1): what lies outside of them
    /// (retired overlays, sender's garbage) is no part of the sample.
    /// </summary>
    public static void Normalize(Span<byte> samples, PixelDescription d)
    {
        if (d.BitsStored == d.BitsAllocated || d.BitsAllocated == 1)
        {
            return;
        }

        var up = d.BytesPerSample * 8 - 1 - d.HighBit;
        var down = d.BytesPerSample * 8 - d.BitsStored;
        switch (d.BytesPerSample)
        {
            case 1 when d.IsSigned:
                foreach (ref var v in MemoryMarshal.Cast<byte, sbyte>(samples))
                {
                    v = (sbyte)((sbyte)(v << up) >> down);
                }

                break;
            case 1:
                foreach (ref var v in samples)
                {
                    v = (byte)((byte)(v << up) >> down);
                }

                break;
            case 2 when d.IsSigned:
                ShiftInt16(MemoryMarshal.Cast<byte, short>(samples), up, down);
                break;
            case 2:
                ShiftUInt16(MemoryMarshal.Cast<byte, ushort>(samples), up, down);
                break;
            case 4 when d.IsSigned:
                foreach (ref var v in MemoryMarshal.Cast<byte, int>(samples))
                {
                    v = v << up >> down;
                }

                break;
            default:
                foreach (ref var v in MemoryMarshal.Cast<byte, uint>(samples))
                {
                    v = v << up >> down;
                }

                break;
        }
    }

    /// <summary>Copies samples into cells that are as large or larger.</summary>
    public static void Widen(ReadOnlySpan<byte> narrow, int narrowBytes, Span<byte> cells, int cellBytes)
    {
        if (narrowBytes == cellBytes)
        {
            narrow.CopyTo(cells);
            return;
        }

        cells.Clear();
        for (int i = 0, o = 0; i < narrow.Length; i += narrowBytes, o += cellBytes)
        {
            narrow.Slice(i, narrowBytes).CopyTo(cells[o..]);
        }
    }

    private static void ShiftInt16(Span<short> samples, int up, int down)
    {
        var i = 0;
        for (var width = System.Numerics.Vector<short>.Count; i + width <= samples.Length; i += width)
        {
            var v = new System.Numerics.Vector<short>(samples[i..]);
            System.Numerics.Vector.ShiftRightArithmetic(System.Numerics.Vector.ShiftLeft(v, up), down).CopyTo(samples[i..]);
        }

        for (; i < samples.Length; i++)
        {
            samples[i] = (short)((short)(samples[i] << up) >> down);
        }
    }

    private static void ShiftUInt16(Span<ushort> samples, int up, int down)
    {
        var i = 0;
        for (var width = System.Numerics.Vector<ushort>.Count; i + width <= samples.Length; i += width)
        {
            var v = new System.Numerics.Vector<ushort>(samples[i..]);
            System.Numerics.Vector.ShiftRightLogical(System.Numerics.Vector.ShiftLeft(v, up), down).CopyTo(samples[i..]);
        }

        for (; i < samples.Length; i++)
        {
            samples[i] = (ushort)((ushort)(samples[i] << up) >> down);
        }
    }
}
