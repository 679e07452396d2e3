using System.Collections.Concurrent;
using System.Security.Cryptography;
using Platform.Dicom.Network;
using Platform.UnitTests.Dicom.Network;
using Xunit;

namespace Platform.UnitTests.Corpus;

public class DimseCorpusTests
{
    [Fact]
    public async Task Every_file_arrives_as_it_is_or_it_is_said_why_not()
    {
        var ct = TestContext.Current.CancellationToken;
        var files = CorpusFiles.All("given/dicom");
        var received = new ConcurrentBag<string>();
        await using var loopback = Loopback.Start(o => o with
        {
            Store = async (instance, token) =>
            {
                using var bytes = new MemoryStream();
                await instance.Dataset.CopyToAsync(bytes, token);
                received.Add(Hash(bytes.ToArray()));
                return DimseStatus.Success;
            },
            TakesSopClass = _ => true,
        });
        var outcomes = await loopback.SendAsync(files, ct);

        Assert.Equal(files.Count, outcomes.Count);
        Assert.All(outcomes, o => Assert.True(o.IsStored || o.Comment is not null, o.Path));
        var hashes = received.ToHashSet();
        foreach (var path in outcomes.Where(o => o.IsStored).Select(o => o.Path))
        {
            var bytes = await File.ReadAllBytesAsync(path, ct);
            var dataset = bytes[MetaEnd(bytes)..];
            Assert.True(hashes.Contains(Hash(dataset)) || hashes.Contains(Hash([.. dataset, 0])), path); // deflated and odd: padded
        }

        Assert.True(files.Count == 0 || outcomes.Count(o => o.IsStored) > 400, "fewer were sent than the corpus has");
    }

    private static string Hash(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    /// <summary>Where the elements of group 0002 end, read apart from what sends them.</summary>
    private static int MetaEnd(byte[] bytes)
    {
        var at = bytes.Length > 132 && bytes.AsSpan(128, 4).SequenceEqual("DICM"u8) ? 132 : 0;
        while (at + 8 < bytes.Length && bytes[at] == 2 && bytes[at + 1] == 0)
        {
            var isLong = bytes[at + 4] == 'O' || (bytes[at + 4] == 'U' && bytes[at + 5] is (byte)'N' or (byte)'T');
            at += isLong ? 12 + BitConverter.ToInt32(bytes, at + 8) : 8 + BitConverter.ToUInt16(bytes, at + 6);
        }

        return at;
    }
}
