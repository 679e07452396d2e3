using System.Net;
using Platform.Dicom.Reading;

namespace Platform.Dicom.Network;

/// <summary>An instance that is arriving (PS3.4 Annex B). Its bytes come as they are read, and not faster.</summary>
/// <param name="Dataset">The data set as sent: asynchronous, forwards, once.</param>
public sealed record ReceivedInstance(
    string SopClassUid,
    string SopInstanceUid,
    DicomTransferSyntax Syntax,
    string CallingAeTitle,
    string CalledAeTitle,
    EndPoint? Peer,
    Stream Dataset)
{
    /// <summary>The instance as a file (PS3.10 §7): preamble, meta header, then <see cref="Dataset"/>.</summary>
    public Stream OpenFile()
    {
        // An empty data set in a layout that adds nothing, whatever the syntax that the header names.
        var file = new DicomFile(new DicomDataset(), DicomTransferSyntax.ExplicitLittleEndian);
        file.Meta.Set(DicomTags.MediaStorageSOPClassUID, SopClassUid);
        file.Meta.Set(DicomTags.MediaStorageSOPInstanceUID, SopInstanceUid);
        file.Meta.Set(DicomTags.TransferSyntaxUID, Syntax.Uid);
        return new PrefixedStream(file.ToArray(), Dataset);
    }

    /// <summary>Bytes, then a stream.</summary>
    private sealed class PrefixedStream(ReadOnlyMemory<byte> prefix, Stream rest) : ReadOnlyStream
    {
        private ReadOnlyMemory<byte> _prefix = prefix;

        public override int Read(Span<byte> buffer) => throw new NotSupportedException("The network is read asynchronously.");

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_prefix.IsEmpty)
            {
                return rest.ReadAsync(buffer, cancellationToken);
            }

            var count = Math.Min(buffer.Length, _prefix.Length);
            _prefix[..count].CopyTo(buffer);
            _prefix = _prefix[count..];
            return ValueTask.FromResult(count);
        }
    }
}
