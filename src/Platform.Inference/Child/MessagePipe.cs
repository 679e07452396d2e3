using System.Buffers.Binary;
using System.Text.Json;
using Platform.Contracts;

namespace Platform.Inference.Child;

/// <summary>Messages as JSON behind a length of four bytes, little-endian.</summary>
internal sealed class MessagePipe(Stream input, Stream output) : IDisposable
{
    private const int MaxBytes = 64 << 20;

    private readonly SemaphoreSlim writing = new(1);

    /// <summary>The next message; null when the other side is gone.</summary>
    public async Task<ChildMessage?> ReadAsync(CancellationToken ct)
    {
        var header = new byte[sizeof(int)];
        if (await input.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, ct) < header.Length)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length is <= 0 or > MaxBytes)
        {
            throw new InvalidDataException("The other side of the pipe does not speak this protocol.");
        }

        var body = new byte[length];
        return await input.ReadAtLeastAsync(body, length, throwOnEndOfStream: false, ct) < length
            ? null
            : JsonSerializer.Deserialize<ChildMessage>(body, PlatformJson.Options);
    }

    /// <exception cref="IOException">The other side is gone.</exception>
    public async Task WriteAsync(ChildMessage message, CancellationToken ct)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(message, PlatformJson.Options);
        var frame = new byte[sizeof(int) + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, body.Length);
        body.CopyTo(frame, sizeof(int));
        await writing.WaitAsync(ct);
        try
        {
            await output.WriteAsync(frame, ct);
            await output.FlushAsync(ct);
        }
        finally
        {
            writing.Release();
        }
    }

    public void Dispose()
    {
        writing.Dispose();
        input.Dispose();
        output.Dispose();
    }
}
