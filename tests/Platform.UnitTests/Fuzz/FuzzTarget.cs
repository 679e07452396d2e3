namespace Platform.UnitTests.Fuzz;

/// <summary>A reader of untrusted bytes, and what it may do with them.</summary>
/// <param name="Name">Also the folder of its saved inputs under <c>Fuzz/Seeds</c>.</param>
/// <param name="Seeds">Good inputs to begin with.</param>
/// <param name="Execute">Reads the bytes; asserts what must hold of what was read.</param>
/// <param name="IsDocumented">Whether an exception is the one that bad bytes have.</param>
internal sealed record FuzzTarget(
    string Name, IReadOnlyList<byte[]> Seeds, Action<byte[]> Execute, Func<Exception, bool> IsDocumented)
{
    /// <summary>Changes that know the format; null where only bytes are changed.</summary>
    public Func<byte[], Random, byte[]>? MutateShape { get; init; }

    /// <summary>Words of the format.</summary>
    public IReadOnlyList<byte[]> Tokens { get; init; } = [];

    /// <summary>Of a thousand executions, how many are this target's.</summary>
    public required int Share { get; init; }

    /// <summary>Bytes that may be allocated for each byte of input, beyond the first 8 MiB.</summary>
    public long AllocatedPerByte { get; init; } = 4;
}
