using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Platform.Cli;
using Platform.Dicom;
using Platform.Dicom.Network;
using Platform.UnitTests.Dicom.Network;
using Xunit;

namespace Platform.UnitTests.Cli;

/// <summary><c>platform dicom echo|send|receive</c>: exit codes, what scripts read, what people read.</summary>
public class DicomCommandTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> WrongUsages => new(
        "dicom",
        "dicom echo",
        "dicom echo localhost",
        "dicom echo localhost none",
        "dicom echo localhost 70000",
        "dicom echo localhost 104 --called SEVENTEEN_LETTERS",
        "dicom echo localhost 104 --timeout 0",
        "dicom echo localhost 104 --ca ca.pem",
        "dicom echo localhost 104 --tls --cert no-such.pem",
        "dicom send localhost 104",
        "dicom send localhost 104 no-such-file.dcm",
        "dicom receive 0",
        "dicom receive 0 somewhere --tls",
        "dicom receive 0 somewhere --address elsewhere",
        "dicom paint",
        "--nonsense");

    [Theory]
    [MemberData(nameof(WrongUsages))]
    public async Task Wrong_usage_is_told_on_standard_error_with_its_code(string line)
    {
        var (code, output, error) = await RunAsync(line.Split(' '));
        Assert.True(code == ExitCode.Usage, $"{code}: {error}");
        Assert.NotEmpty(error);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Empty(line == "dicom" ? "" : output);
    }

    [Fact]
    public async Task Echo_tells_status_and_time_to_people_and_scripts()
    {
        await using var loopback = Loopback.Start();
        var port = Text(loopback.Server.EndPoint.Port);
        var (code, output, error) = await RunAsync("dicom", "echo", "localhost", port);
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        Assert.StartsWith("0000H success in ", output, StringComparison.Ordinal);

        (_, output, _) = await RunAsync("dicom", "echo", "localhost", port, "--json");
        using var json = JsonDocument.Parse(output);
        Assert.Equal("0000", json.RootElement.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Who_is_not_there_or_says_no_is_no_connection()
    {
        using var folder = new SampleFolder();
        folder.Add(DicomTransferSyntax.ImplicitLittleEndian);
        await using var loopback = Loopback.Start(o => o with { CallingAeTitles = ["KNOWN"] });
        var port = Text(loopback.Server.EndPoint.Port);
        var (code, output, error) = await RunAsync("dicom", "send", "localhost", port, folder.Path);
        Assert.Equal((ExitCode.NoConnection, ""), (code, output));
        Assert.Equal(["1 files were not answered for.", "The association was rejected: calling AE title not recognized (permanent)."], Lines(error));

        Assert.Equal(ExitCode.Ok, (await RunAsync("dicom", "send", "localhost", port, "--calling", "KNOWN", folder.Path)).Code);

        await loopback.Server.StopAsync(Ct);
        (code, _, error) = await RunAsync("dicom", "echo", "localhost", port);
        Assert.Equal(ExitCode.NoConnection, code);
        Assert.StartsWith("No connection: ConnectionRefused.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_reports_every_file_of_a_folder_and_names_each_refusal()
    {
        using var folder = new SampleFolder();
        await using var loopback = Loopback.Start(o => o with { TakesSyntax = s => !s.IsEncapsulated });
        var port = Text(loopback.Server.EndPoint.Port);
        Directory.CreateDirectory(Path.Combine(folder.Path, "below"));
        for (var i = 0; i < 12; i++)
        {
            folder.Add(DicomTransferSyntax.ExplicitLittleEndian);
        }

        File.Move(folder.Add(DicomTransferSyntax.DeflatedExplicitLittleEndian), Path.Combine(folder.Path, "below", "DICOMDIR"));
        var lossy = folder.Add(DicomTransferSyntax.JpegBaseline);
        var text = folder.Write(Path.Combine("below", "readme.txt"), "Not DICOM at all, and long enough to be asked what it is."u8);

        var (code, output, error) = await RunAsync("dicom", "send", "localhost", port, "--json", folder.Path);
        Assert.Equal(ExitCode.SomeRefused, code);
        var rows = Lines(output).Select(l => JsonDocument.Parse(l).RootElement).ToDictionary(r => r.GetProperty("file").GetString()!);
        Assert.Equal(14, rows.Count);
        Assert.Equal(12, rows.Values.Count(r => r.GetProperty("stored").GetBoolean() && r.GetProperty("status").GetString() == "0000"));
        Assert.Equal(12, loopback.Datasets.Count);
        Assert.Contains($"{lossy}: not sent: The peer does not take the SOP class in JPEG Baseline (Process 1).", error, StringComparison.Ordinal);
        Assert.Contains($"{text}: not sent: Neither the prefix DICM nor the start of a data set.", error, StringComparison.Ordinal);
        Assert.Contains("14 of 14", error, StringComparison.Ordinal);

        (_, output, _) = await RunAsync("dicom", "send", "localhost", port, folder.Path);
        Assert.Equal("12 of 14 stored", output.Trim());
    }

    [Fact]
    public async Task Receive_stores_what_comes_until_it_is_ended()
    {
        using var sent = new SampleFolder();
        using var received = new SampleFolder();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var paths = Enumerable.Range(0, 3).Select(_ => sent.Add(DicomTransferSyntax.JpegLosslessSv1)).ToArray();
        var port = FreePort();
        using var output = new StringWriter();
        using var error = new StringWriter();
        var folder = Path.Combine(received.Path, "new");
        string[] line = ["dicom", "receive", port, folder, "--address", "127.0.0.1", "--called", "HERE", "--json"];
        var receiving = PlatformCommand.RunAsync(line, TextWriter.Synchronized(output), TextWriter.Synchronized(error), end.Token);

        while ((await RunAsync("dicom", "echo", "127.0.0.1", port, "--called", "HERE")).Code != ExitCode.Ok)
        {
            Assert.False(receiving.IsCompleted);
        }

        Assert.Equal(ExitCode.Ok, (await RunAsync(["dicom", "send", "127.0.0.1", port, "--called", "HERE", .. paths])).Code);
        Assert.Equal(ExitCode.NoConnection, (await RunAsync(["dicom", "send", "127.0.0.1", port, .. paths])).Code);
        await end.CancelAsync();
        Assert.Equal(ExitCode.Ok, await receiving);

        Assert.Equal(3, Lines(output.ToString()).Length);
        Assert.Contains("3 stored, 0 refused", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("called AE title not recognized", error.ToString(), StringComparison.Ordinal);
        Assert.Equal(
            paths.Select(SampleFolder.DatasetOf).ToDictionary(f => f.Uid, f => f.Dataset),
            Directory.GetFiles(folder).Select(SampleFolder.DatasetOf).ToDictionary(f => f.Uid, f => f.Dataset));
    }

    [Fact]
    public async Task Receive_keeps_nothing_of_what_is_not_what_it_was_called()
    {
        using var received = new SampleFolder();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var port = FreePort();
        using var error = new StringWriter();
        var receiving = PlatformCommand.RunAsync(
            ["dicom", "receive", port, received.Path, "--address", "127.0.0.1"], TextWriter.Null, TextWriter.Synchronized(error), end.Token);
        while ((await RunAsync("dicom", "echo", "127.0.0.1", port)).Code != ExitCode.Ok)
        {
            Assert.False(receiving.IsCompleted);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse("127.0.0.1:" + port), Ct);
        using (var peer = new RawPeer(socket))
        {
            await peer.SendAsync(RawPeer.Request(), Ct);
            Assert.Equal(2, (await peer.ReceiveAsync(Ct)).Type);
            var command = RawPeer.Data(3, true, true, CommandSet.StoreRequest(1, DicomUids.CTImageStorage, "1.2.3").ToArray());
            await peer.SendAsync([.. command, .. RawPeer.Data(3, false, true, new byte[100])], Ct);
            Assert.Equal(0xC000, await peer.StatusAsync(Ct));

            // A data set of another instance than the request's.
            var other = new DicomDataset();
            other.Set(DicomTags.SOPClassUID, DicomUids.CTImageStorage);
            other.Set(DicomTags.SOPInstanceUID, "1.2.4");
            var bytes = new DicomFile(other, DicomTransferSyntax.ImplicitLittleEndian) { Preamble = default }.ToArray();
            var dataset = bytes.AsSpan()[bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[8, 0, 0x16, 0])..].ToArray();
            await peer.SendAsync([.. command, .. RawPeer.Data(3, false, true, dataset)], Ct);
            Assert.Equal(0xA900, await peer.StatusAsync(Ct));
        }

        await end.CancelAsync();
        Assert.Equal(ExitCode.SomeRefused, await receiving);
        Assert.Empty(Directory.GetFiles(received.Path));
        Assert.Contains("C000H cannot understand", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("A900H data set does not match SOP class", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_and_receive_by_tls_with_certificates_from_files()
    {
        using var folder = new SampleFolder();
        using var keys = new SampleFolder();
        using var received = new SampleFolder();
        using var certificates = new TestCertificates();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        using var serverKey = System.Security.Cryptography.X509Certificates.RSACertificateExtensions.GetRSAPrivateKey(certificates.Server)!;
        using var clientKey = System.Security.Cryptography.X509Certificates.RSACertificateExtensions.GetRSAPrivateKey(certificates.Client)!;
        var authority = keys.Write("ca.pem", Ascii(certificates.Authority.ExportCertificatePem()));
        var server = keys.Write("server.pem", Ascii(certificates.Server.ExportCertificatePem()));
        var key = keys.Write("server.key", Ascii(serverKey.ExportPkcs8PrivateKeyPem()));
        var client = keys.Write("client.pem", Ascii(certificates.Client.ExportCertificatePem() + "\n" + clientKey.ExportPkcs8PrivateKeyPem()));
        var port = FreePort();
        var receiving = PlatformCommand.RunAsync(
            ["dicom", "receive", port, received.Path, "--tls", "--cert", server, "--key", key, "--ca", authority], TextWriter.Null, TextWriter.Null, end.Token);
        string[] tls = ["--tls", "--ca", authority, "--cert", client];
        while ((await RunAsync(["dicom", "echo", "127.0.0.1", port, .. tls])).Code != ExitCode.Ok)
        {
            Assert.False(receiving.IsCompleted);
        }

        folder.Add(DicomTransferSyntax.ExplicitLittleEndian);
        Assert.Equal(ExitCode.Ok, (await RunAsync(["dicom", "send", "127.0.0.1", port, .. tls, folder.Path])).Code);
        Assert.Equal(ExitCode.NoConnection, (await RunAsync("dicom", "send", "127.0.0.1", port, folder.Path)).Code);
        Assert.Equal(ExitCode.NoConnection, (await RunAsync("dicom", "send", "127.0.0.1", port, "--tls", folder.Path)).Code);
        await end.CancelAsync();
        Assert.Equal(ExitCode.Ok, await receiving);
        Assert.Single(Directory.GetFiles(received.Path));
    }

    private static byte[] Ascii(string text) => System.Text.Encoding.ASCII.GetBytes(text);

    private static string Text(int port) => FormattableString.Invariant($"{port}");

    private static string FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return Text(((IPEndPoint)probe.LocalEndpoint).Port);
    }

    private static string[] Lines(string text) => text.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] line)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        return (await PlatformCommand.RunAsync(line, output, error, Ct), output.ToString(), error.ToString());
    }
}
