using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Platform.Dicom;
using Platform.Dicom.Network;

namespace Platform.UnitTests.Dicom.Network;

/// <summary>A server on a free port of this machine that keeps what it receives, and what tests send to it.</summary>
internal sealed class Loopback : IAsyncDisposable
{
    private readonly Channel<AssociationEnded> _ended = Channel.CreateUnbounded<AssociationEnded>();

    private Loopback(Func<DicomServerOptions, DicomServerOptions> change)
    {
        Server = new DicomServer(change(new DicomServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Store = KeepAsync,
            Ended = e => _ended.Writer.TryWrite(e),
            Answered = Answered.Enqueue,
        }));
    }

    public DicomServer Server { get; }

    /// <summary>Data sets by SOP Instance UID.</summary>
    public ConcurrentDictionary<string, byte[]> Datasets { get; } = new();

    public ConcurrentDictionary<string, DicomTransferSyntax> Syntaxes { get; } = new();

    public ConcurrentQueue<InstanceAnswered> Answered { get; } = new();

    public static Loopback Start(Func<DicomServerOptions, DicomServerOptions>? change = null)
    {
        var loopback = new Loopback(change ?? (o => o));
        loopback.Server.Start();
        return loopback;
    }

    public DicomClientOptions Client(DicomTls? tls = null) => new()
    {
        Host = "localhost",
        Port = Server.EndPoint.Port,
        CalledAeTitle = "STORE",
        CallingAeTitle = "TEST",
        Tls = tls,
    };

    /// <summary>How the next connection ended.</summary>
    public async Task<AssociationEnded> EndedAsync(CancellationToken ct) => await _ended.Reader.ReadAsync(ct);

    public async Task<DimseStatus> EchoAsync(CancellationToken ct) => await EchoAsync(Client(), ct);

    public static async Task<DimseStatus> EchoAsync(DicomClientOptions options, CancellationToken ct)
    {
        await using var client = await DicomClient.ConnectAsync(options, [PresentationContext.Verification], ct);
        var status = await client.EchoAsync(ct);
        await client.ReleaseAsync(ct);
        return status;
    }

    public async Task<List<SendOutcome>> SendAsync(IEnumerable<string> paths, CancellationToken ct, DicomClientOptions? options = null)
    {
        var outcomes = new List<SendOutcome>();
        await foreach (var outcome in DicomSender.SendAsync(options ?? Client(), paths, ct))
        {
            outcomes.Add(outcome);
        }

        return outcomes;
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    private async ValueTask<DimseStatus> KeepAsync(ReceivedInstance instance, CancellationToken ct)
    {
        using var bytes = new MemoryStream();
        await instance.Dataset.CopyToAsync(bytes, ct);
        Datasets[instance.SopInstanceUid] = bytes.ToArray();
        Syntaxes[instance.SopInstanceUid] = instance.Syntax;
        return DimseStatus.Success;
    }
}

/// <summary>Files for sending, in a folder that goes with them.</summary>
internal sealed class SampleFolder : IDisposable
{
    private int _count;

    public string Path { get; } = Directory.CreateTempSubdirectory("platform-dimse-").FullName;

    /// <summary>A small instance in a syntax, with pixel data of its kind; its path.</summary>
    public string Add(DicomTransferSyntax syntax, string sopClassUid = DicomUids.CTImageStorage, string? sopInstanceUid = null, int pixelBytes = 5000)
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SOPClassUID, sopClassUid);
        dataset.Set(DicomTags.SOPInstanceUID, sopInstanceUid ?? DicomUid.New());
        dataset.Set(DicomTags.Modality, "CT");
        dataset.Set(DicomTags.StudyInstanceUID, "1.2.3");
        dataset.Set(DicomTags.SeriesInstanceUID, "1.2.3.4");
        dataset.Set(DicomTags.PatientName, "Test^Case");
        dataset.Set(DicomTags.PatientID, "T1");
        var pixels = new byte[pixelBytes];
        new Random(_count).NextBytes(pixels);
        dataset.Set(syntax.IsEncapsulated
            ? DicomElement.Encapsulated(DicomTags.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, pixels])
            : new DicomElement(DicomTags.PixelData, DicomVr.OW, pixels));
        var path = System.IO.Path.Combine(Path, FormattableString.Invariant($"{_count++:D4}.dcm"));
        File.WriteAllBytes(path, new DicomFile(dataset, syntax).ToArray());
        return path;
    }

    public string Write(string name, ReadOnlySpan<byte> bytes)
    {
        var path = System.IO.Path.Combine(Path, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>The bytes of a file behind its meta header, and its SOP Instance UID: read apart from what sends it.</summary>
    public static (string Uid, byte[] Dataset) DatasetOf(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var file = DicomFile.Read(bytes);
        var groupLength = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(128 + 4 + 8));
        return (file.Dataset.GetUid(DicomTags.SOPInstanceUID)!, bytes[(128 + 4 + 12 + groupLength)..]);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>An authority and certificates of it for this machine.</summary>
internal sealed class TestCertificates : IDisposable
{
    private static readonly DateTimeOffset From = DateTimeOffset.UnixEpoch.AddYears(50);

    private readonly RSA _key = RSA.Create(2048);

    public TestCertificates()
    {
        var request = new CertificateRequest("CN=Test authority", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        Authority = request.CreateSelfSigned(From, From.AddYears(80));
        Server = Issue("localhost", 1);
        Client = Issue("client", 2);
    }

    public X509Certificate2 Authority { get; }

    public X509Certificate2 Server { get; }

    public X509Certificate2 Client { get; }

    public DicomTls ForServer(bool isClientCertificateRequired = false) =>
        new() { Certificate = Server, Authorities = [Authority], IsClientCertificateRequired = isClientCertificateRequired };

    public DicomTls ForClient(bool hasCertificate = false) => new() { Certificate = hasCertificate ? Client : null, Authorities = [Authority] };

    public void Dispose()
    {
        Authority.Dispose();
        Server.Dispose();
        Client.Dispose();
        _key.Dispose();
    }

    private X509Certificate2 Issue(string name, byte serial)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], false));
        using var issued = request.Create(Authority, From, From.AddYears(79), [1, serial]);
        using var withKey = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }
}

/// <summary>A peer that says what it likes.</summary>
internal sealed class RawPeer(Socket socket) : IDisposable
{
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);

    public static async Task<RawPeer> ConnectAsync(DicomServer server, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server.EndPoint, ct);
        return new RawPeer(socket);
    }

    /// <summary>A peer whose association for CT images and Verification is established.</summary>
    public static async Task<RawPeer> AssociateAsync(DicomServer server, CancellationToken ct, uint maxPduBytes = 16384)
    {
        var peer = await ConnectAsync(server, ct);
        await peer.SendAsync(Request(maxPduBytes), ct);
        var (type, _) = await peer.ReceiveAsync(ct);
        return type == 2 ? peer : throw new InvalidOperationException($"PDU {type}");
    }

    /// <summary>A-ASSOCIATE-RQ: context 1 Verification, 3 CT images, both implicit little endian.</summary>
    public static byte[] Request(uint maxPduBytes = 16384) => PduWriter.Request(new AssociateRequest(
        1,
        "STORE",
        "RAW",
        DicomUids.ApplicationContext,
        [
            new ProposedContext(1, DicomUids.Verification, [DicomTransferSyntax.ImplicitLittleEndian.Uid]),
            new ProposedContext(3, DicomUids.CTImageStorage, [DicomTransferSyntax.ImplicitLittleEndian.Uid]),
        ],
        UserInformation.Own((int)maxPduBytes)));

    /// <summary>A P-DATA-TF of one value.</summary>
    public static byte[] Data(byte contextId, bool isCommand, bool isLast, byte[] value)
    {
        var pdu = new byte[12 + value.Length];
        PduWriter.DataHeader(pdu, contextId, isCommand, isLast, value.Length);
        value.CopyTo(pdu, 12);
        return pdu;
    }

    public async Task SendAsync(byte[] bytes, CancellationToken ct) => await _stream.WriteAsync(bytes, ct);

    /// <summary>The next PDU; type 0 at the end of the connection.</summary>
    public async Task<(byte Type, byte[] Body)> ReceiveAsync(CancellationToken ct)
    {
        var header = new byte[6];
        try
        {
            await _stream.ReadExactlyAsync(header, ct);
            var body = new byte[System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(2))];
            await _stream.ReadExactlyAsync(body, ct);
            return (header[0], body);
        }
        catch (IOException)
        {
            return (0, []);
        }
    }

    /// <summary>The status of the next response, its PDUs put together.</summary>
    public async Task<ushort> StatusAsync(CancellationToken ct)
    {
        var command = new List<byte>();
        while (true)
        {
            var (type, body) = await ReceiveAsync(ct);
            if (type != 4)
            {
                throw new InvalidOperationException($"PDU {type}");
            }

            command.AddRange(body[6..]);
            if ((body[5] & 2) != 0)
            {
                return CommandSet.Parse([.. command]).UInt16(0x0900)!.Value;
            }
        }
    }

    public void Dispose() => _stream.Dispose();
}
