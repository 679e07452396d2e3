using System.Security.Cryptography.X509Certificates;
using Platform.Dicom;
using Platform.Dicom.Network;
using Xunit;

namespace Platform.UnitTests.Dicom.Network;

/// <summary>DCMTK's echoscu, storescu and storescp on the other end, plain and over TLS; what arrives is compared with what was sent.</summary>
public class DcmtkTests
{
    /// <summary>A transfer syntax, and the option by which storescu proposes it; storescp takes all.</summary>
    public static TheoryData<string, string> Syntaxes => new()
    {
        { DicomTransferSyntax.ImplicitLittleEndian.Uid, "-xi" },
        { DicomTransferSyntax.ExplicitLittleEndian.Uid, "-xe" },
        { DicomTransferSyntax.ExplicitBigEndian.Uid, "-xb" },
        { DicomTransferSyntax.DeflatedExplicitLittleEndian.Uid, "-xd" },
        { DicomTransferSyntax.JpegLosslessSv1.Uid, "-xs" },
        { DicomTransferSyntax.JpegBaseline.Uid, "-xy" },
        { DicomTransferSyntax.Jpeg2000Lossless.Uid, "-xv" },
        { DicomTransferSyntax.JpegLsLossless.Uid, "-xt" },
        { DicomTransferSyntax.RleLossless.Uid, "-xr" },
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Echoscu_is_answered()
    {
        if (!Dcmtk.Has("echoscu"))
        {
            return;
        }

        await using var loopback = Loopback.Start();
        var (code, said) = await Dcmtk.RunAsync(Ct, "echoscu", ["-v", "-aec", "STORE", "--repeat", "3", .. Address(loopback)]);
        Assert.True(code == 0, said);
        Assert.True((await loopback.EndedAsync(Ct)).IsReleased);
    }

    [Theory]
    [MemberData(nameof(Syntaxes))]
    public async Task Storescu_sends_in_every_syntax(string syntaxUid, string option)
    {
        if (!Dcmtk.Has("storescu"))
        {
            return;
        }

        using var folder = new SampleFolder();
        await using var loopback = Loopback.Start();
        var syntax = DicomTransferSyntax.Find(syntaxUid)!;
        var (uid, dataset) = SampleFolder.DatasetOf(folder.Add(syntax, pixelBytes: 300_000));
        var (code, said) = await Dcmtk.RunAsync(Ct, "storescu", ["-v", option, "+sd", .. Address(loopback), folder.Path]);

        Assert.True(code == 0, said);
        Assert.Equal(syntax, loopback.Syntaxes[uid]);
        Assert.Equal(Plain(syntax, dataset), Plain(syntax, loopback.Datasets[uid]));
        Assert.True((await loopback.EndedAsync(Ct)).IsReleased);
    }

    [Fact]
    public async Task Storescu_sends_a_hundred_files_in_one_association_and_two_at_once()
    {
        if (!Dcmtk.Has("storescu"))
        {
            return;
        }

        using var first = new SampleFolder();
        using var second = new SampleFolder();
        await using var loopback = Loopback.Start();
        var paths = Enumerable.Range(0, 200).Select(i => (i < 100 ? first : second).Add(DicomTransferSyntax.ExplicitLittleEndian)).ToArray();
        var runs = await Task.WhenAll(new[] { first, second }.Select(f => Dcmtk.RunAsync(Ct, "storescu", ["+sd", .. Address(loopback), f.Path])));
        Assert.All(runs, r => Assert.True(r.Code == 0, r.Said));
        foreach (var (uid, dataset) in paths.Select(SampleFolder.DatasetOf))
        {
            Assert.Equal(dataset, loopback.Datasets[uid]);
        }

        Assert.True((await loopback.EndedAsync(Ct)).IsReleased);
        Assert.True((await loopback.EndedAsync(Ct)).IsReleased);
    }

    [Fact]
    public async Task Storescu_hears_refusals_and_rejections()
    {
        if (!Dcmtk.Has("storescu"))
        {
            return;
        }

        using var folder = new SampleFolder();
        folder.Add(DicomTransferSyntax.ExplicitLittleEndian);
        await using var loopback = Loopback.Start(o => o with
        {
            CallingAeTitles = ["KNOWN"],
            Store = (_, _) => ValueTask.FromResult(DimseStatus.OutOfResources),
        });
        var (code, said) = await Dcmtk.RunAsync(Ct, "storescu", ["-v", "-aet", "KNOWN", "+sd", .. Address(loopback), folder.Path]);
        Assert.NotEqual(0, code);
        Assert.Contains("OutOfResources", said, StringComparison.Ordinal);
        Assert.Equal(DimseStatus.OutOfResources, Assert.Single(loopback.Answered).Status);

        (code, said) = await Dcmtk.RunAsync(Ct, "storescu", ["-v", "-aet", "STRANGE", "+sd", .. Address(loopback), folder.Path]);
        Assert.NotEqual(0, code);
        Assert.Contains("Calling AE Title Not Recognized", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--abort", DicomNetworkError.Aborted)]
    [InlineData("kill", DicomNetworkError.ConnectionLost)]
    public async Task Storescu_that_aborts_or_dies_ends_only_its_association(string how, DicomNetworkError error)
    {
        if (!Dcmtk.Has("storescu"))
        {
            return;
        }

        using var folder = new SampleFolder();
        folder.Add(DicomTransferSyntax.ExplicitLittleEndian, pixelBytes: 60_000_000);
        var began = new TaskCompletionSource();
        var isKilled = how == "kill";
        await using var loopback = Loopback.Start(o => !isKilled ? o : o with
        {
            Store = async (instance, ct) =>
            {
                await instance.Dataset.ReadExactlyAsync(new byte[100], ct);
                began.SetResult();
                await instance.Dataset.CopyToAsync(Stream.Null, ct);
                return DimseStatus.Success;
            },
        });
        using (var process = Dcmtk.Start("storescu", [.. isKilled ? [] : new[] { how }, "+sd", .. Address(loopback), folder.Path]))
        {
            if (isKilled)
            {
                await began.Task.WaitAsync(Ct);
                process.Kill();
            }

            await process.WaitForExitAsync(Ct);
        }

        Assert.Equal(error, Assert.IsType<DicomNetworkException>((await loopback.EndedAsync(Ct)).Failure).Error);
        Assert.Equal(DimseStatus.Success, await loopback.EchoAsync(Ct));
    }

    [Fact]
    public async Task Storescp_takes_a_hundred_files_of_all_syntaxes_in_one_association_and_two_at_once()
    {
        if (!Dcmtk.Has("storescp"))
        {
            return;
        }

        using var folder = new SampleFolder();
        var syntaxes = Syntaxes.Select(row => DicomTransferSyntax.Find(row.Data.Item1)!).ToArray();
        var paths = Enumerable.Range(0, 200).Select(i => folder.Add(syntaxes[i % syntaxes.Length], pixelBytes: 20_000)).ToArray();
        await using var scp = await StoreScp.StartAsync(Ct, "-pdu", "4096");
        var options = Client(scp);
        Assert.Equal(DimseStatus.Success, await Loopback.EchoAsync(options, Ct));
        var outcomes = await Task.WhenAll(paths.Chunk(100).Select(p => SendAsync(options, p)));

        Assert.All(outcomes.SelectMany(o => o), o => Assert.Equal(DimseStatus.Success, o.Status));
        var received = scp.Received();
        Assert.Equal(200, received.Count);
        foreach (var (uid, dataset) in paths.Select(SampleFolder.DatasetOf))
        {
            Assert.Equal(dataset, received[uid]);
        }
    }

    [Theory]
    [InlineData("--refuse", DicomNetworkError.Rejected)]
    [InlineData("--abort-after", DicomNetworkError.Aborted)]
    [InlineData("--abort-during", DicomNetworkError.Aborted)]
    public async Task Storescp_that_refuses_or_aborts_is_heard(string option, DicomNetworkError error)
    {
        if (!Dcmtk.Has("storescp"))
        {
            return;
        }

        using var folder = new SampleFolder();
        var path = folder.Add(DicomTransferSyntax.ExplicitLittleEndian, pixelBytes: 5_000_000);
        await using var scp = await StoreScp.StartAsync(Ct, option);
        var failure = await Assert.ThrowsAsync<DicomNetworkException>(() => SendAsync(Client(scp), [path]));
        Assert.Equal(error, failure.Error);
    }

    [Fact]
    public async Task Storescp_that_knows_only_implicit_vr_gets_nothing_else()
    {
        if (!Dcmtk.Has("storescp"))
        {
            return;
        }

        using var folder = new SampleFolder();
        string[] paths = [folder.Add(DicomTransferSyntax.ImplicitLittleEndian), folder.Add(DicomTransferSyntax.RleLossless)];
        await using var scp = await StoreScp.StartAsync(Ct, "+xi");
        var outcomes = await SendAsync(Client(scp), paths);
        Assert.Equal([true, false], outcomes.Select(o => o.IsStored));
        Assert.Equal("The peer does not take the SOP class in RLE Lossless.", outcomes[1].Comment);
        Assert.Single(scp.Received());
    }

    [Fact]
    public async Task Tls_goes_both_ways_with_certificates_on_both_sides()
    {
        if (!Dcmtk.Has("storescu") || !Dcmtk.Has("storescp") || !Dcmtk.Has("echoscu"))
        {
            return;
        }

        using var folder = new SampleFolder();
        using var keys = new SampleFolder();
        using var certificates = new TestCertificates();
        var path = folder.Add(DicomTransferSyntax.JpegLosslessSv1, pixelBytes: 2_000_000);
        var (uid, dataset) = SampleFolder.DatasetOf(path);
        var authority = keys.Write("ca.pem", System.Text.Encoding.ASCII.GetBytes(certificates.Authority.ExportCertificatePem()));

        await using (var loopback = Loopback.Start(o => o with { Tls = certificates.ForServer(isClientCertificateRequired: true) }))
        {
            var tls = Tls(keys, certificates.Client, authority);
            var (code, said) = await Dcmtk.RunAsync(Ct, "echoscu", ["-v", .. tls, .. Address(loopback)]);
            Assert.True(code == 0, said);
            (code, said) = await Dcmtk.RunAsync(Ct, "storescu", ["-v", "-xs", .. tls, "+sd", .. Address(loopback), folder.Path]);
            Assert.True(code == 0, said);
            Assert.Equal(dataset, loopback.Datasets[uid]);
            Assert.True((await loopback.EndedAsync(Ct)).IsReleased);
            Assert.True((await loopback.EndedAsync(Ct)).IsReleased);

            (code, _) = await Dcmtk.RunAsync(Ct, "echoscu", ["+tla", "-ic", .. Address(loopback)]); // without a certificate
            Assert.NotEqual(0, code);
            Assert.Equal(DicomNetworkError.TlsFailed, Assert.IsType<DicomNetworkException>((await loopback.EndedAsync(Ct)).Failure).Error);
        }

        await using var scp = await StoreScp.StartAsync(Ct, [.. Tls(keys, certificates.Server, authority), "-rc"]);
        var options = Client(scp) with { Host = "localhost", Tls = certificates.ForClient(hasCertificate: true) };
        Assert.True(Assert.Single(await SendAsync(options, [path])).IsStored);
        Assert.Equal(dataset, scp.Received()[uid]);
        await Assert.ThrowsAsync<DicomNetworkException>(() => SendAsync(options with { Tls = certificates.ForClient() }, [path]));
    }

    private static string[] Address(Loopback loopback) => ["127.0.0.1", FormattableString.Invariant($"{loopback.Server.EndPoint.Port}")];

    private static string[] Tls(SampleFolder keys, X509Certificate2 certificate, string authority)
    {
        using var key = certificate.GetRSAPrivateKey()!;
        var keyPath = keys.Write("key.pem", System.Text.Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
        var path = keys.Write("cert.pem", System.Text.Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
        return ["+tls", keyPath, path, "-pw", "+cf", authority];
    }

    private static DicomClientOptions Client(StoreScp scp) => new() { Host = "127.0.0.1", Port = scp.Port, CalledAeTitle = "STORESCP" };

    private static async Task<List<SendOutcome>> SendAsync(DicomClientOptions options, IEnumerable<string> paths)
    {
        var outcomes = new List<SendOutcome>();
        await foreach (var outcome in DicomSender.SendAsync(options, paths, Ct))
        {
            outcomes.Add(outcome);
        }

        return outcomes;
    }

    /// <summary>storescu compresses a deflated data set anew: what it inflates to is compared.</summary>
    private static byte[] Plain(DicomTransferSyntax syntax, byte[] dataset)
    {
        if (!syntax.IsDeflated)
        {
            return dataset;
        }

        using var inflate = new System.IO.Compression.DeflateStream(new MemoryStream(dataset), System.IO.Compression.CompressionMode.Decompress);
        using var plain = new MemoryStream();
        inflate.CopyTo(plain);
        return plain.ToArray();
    }
}
