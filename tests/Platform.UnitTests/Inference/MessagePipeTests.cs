using System.IO.Pipelines;
using Platform.Inference.Child;
using Platform.Inference.Engine;
using Xunit;

namespace Platform.UnitTests.Inference;

public class MessagePipeTests
{
    private const int Messages = 200;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_many_say_at_once_is_heard_whole()
    {
        var pipe = new Pipe();
        using var output = new SlowStream(pipe.Writer.AsStream());
        using var writer = new MessagePipe(Stream.Null, output);
        using var reader = new MessagePipe(pipe.Reader.AsStream(), Stream.Null);
        var ids = Enumerable.Range(0, Messages).Select(_ => Guid.CreateVersion7()).ToList();

        var writing = Task.WhenAll(ids.Select(id => writer.WriteAsync(new ComputeProgress(id, RunPhase.Infer, 0.5), Ct)));
        var heard = new List<Guid>();
        while (heard.Count < Messages)
        {
            heard.Add(Assert.IsType<ComputeProgress>(await reader.ReadAsync(Ct)).AttemptId);
        }

        await writing;
        Assert.Equal(ids.Order(), heard.Order());
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 1, 0, 0, 4 })]
    public async Task A_length_of_no_message_is_refused(byte[] header)
    {
        using var input = new MemoryStream([.. header, .. new byte[64]]);
        using var pipe = new MessagePipe(input, Stream.Null);
        await Assert.ThrowsAsync<InvalidDataException>(() => pipe.ReadAsync(Ct));
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 9, 0 })]
    [InlineData(new byte[] { 9, 0, 0, 0, (byte)'{' })]
    public async Task Who_is_gone_in_the_middle_is_gone(byte[] said)
    {
        using var input = new MemoryStream(said);
        using var pipe = new MessagePipe(input, Stream.Null);
        Assert.Null(await pipe.ReadAsync(Ct));
    }

    /// <summary>Passes a few bytes on at a time, and lets others run in between.</summary>
    private sealed class SlowStream(Stream inner) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (var at = 0; at < buffer.Length; at += 16)
            {
                await inner.WriteAsync(buffer.Slice(at, Math.Min(16, buffer.Length - at)), cancellationToken);
                await Task.Yield();
            }
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
