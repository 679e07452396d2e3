using System.Buffers.Binary;

namespace Platform.UnitTests.Fuzz;

/// <summary>Small damage to bytes: what a bad line, a bad disk or a bad sender does, and what a parser's author forgets.</summary>
internal sealed class ByteMutator(Random random, IReadOnlyList<byte[]> tokens)
{
    private static readonly uint[] Numbers =
    [
        0, 1, 2, 3, 7, 8, 0x0C, 0x10, 0x7E, 0x7F, 0x80, 0xFF, 0x100, 0x7FFE, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x10000, 0x00FFFFFF, 0x01000000,
        0x7FFFFFF0, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFE, 0xFFFFFFFF,
    ];

    private const int MaxBytes = 128 << 10;

    /// <summary>A copy with one to eight changes; <paramref name="other"/> lends what is spliced in.</summary>
    public byte[] Mutate(byte[] input, byte[] other)
    {
        var bytes = input.ToList();
        for (var changes = 1 << random.Next(4); changes > 0; changes--)
        {
            Change(bytes, other);
        }

        return bytes.Count > MaxBytes ? [.. bytes[..MaxBytes]] : [.. bytes];
    }

    /// <summary>A copy in which one piece comes again and again, up to a MiB.</summary>
    public byte[] Grow(byte[] input)
    {
        if (input.Length == 0)
        {
            return input;
        }

        var at = random.Next(input.Length);
        var piece = input.AsSpan(at, Math.Min(random.Next(1, 1 << random.Next(1, 12)), input.Length - at));
        var times = Math.Max(1, (1 << random.Next(14, 21)) / piece.Length);
        var grown = new byte[input.Length + (times * piece.Length)];
        input.AsSpan(0, at).CopyTo(grown);
        for (var i = 0; i < times; i++)
        {
            piece.CopyTo(grown.AsSpan(at + (i * piece.Length)));
        }

        input.AsSpan(at).CopyTo(grown.AsSpan(at + (times * piece.Length)));
        return grown;
    }

    private void Change(List<byte> bytes, byte[] other)
    {
        if (bytes.Count == 0)
        {
            bytes.AddRange(Noise(random.Next(1, 16)));
            return;
        }

        var at = random.Next(bytes.Count);
        var count = Math.Min(random.Next(1, 1 << random.Next(1, 10)), bytes.Count - at);
        switch (random.Next(13))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes[at] = (byte)(bytes[at] + random.Next(-4, 5));
                break;
            case 3 or 4:
                Overwrite(bytes, at, Number());
                break;
            case 5:
                bytes.RemoveRange(at, count);
                break;
            case 6:
                bytes.InsertRange(at, Noise(count));
                break;
            case 7:
                bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, count));
                break;
            case 8:
                Overwrite(bytes, random.Next(bytes.Count), [.. bytes.GetRange(at, count)]);
                break;
            case 9 when tokens.Count > 0:
                Overwrite(bytes, at, tokens[random.Next(tokens.Count)]);
                break;
            case 10 when tokens.Count > 0:
                bytes.InsertRange(at, tokens[random.Next(tokens.Count)]);
                break;
            case 11 when other.Length > 0:
                var from = random.Next(other.Length);
                bytes.InsertRange(at, other[from..Math.Min(other.Length, from + count)]);
                break;
            default:
                bytes.RemoveRange(at, random.Next(4) == 0 ? bytes.Count - at : Math.Min(count, 2));
                break;
        }
    }

    private static void Overwrite(List<byte> bytes, int at, byte[] by)
    {
        for (var i = 0; i < by.Length && at + i < bytes.Count; i++)
        {
            bytes[at + i] = by[i];
        }
    }

    private byte[] Noise(int count)
    {
        var noise = new byte[count];
        random.NextBytes(noise);
        return noise;
    }

    /// <summary>A number that lengths and counts go wrong at, in two or four bytes of either order.</summary>
    private byte[] Number()
    {
        var number = Numbers[random.Next(Numbers.Length)];
        var bytes = new byte[random.Next(2) == 0 ? 2 : 4];
        var isBig = random.Next(3) == 0;
        if (bytes.Length == 2)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)number);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        }

        if (isBig)
        {
            bytes.AsSpan().Reverse();
        }

        return bytes;
    }
}
