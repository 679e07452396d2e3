using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Platform.Dicom;
using Platform.Dicom.Network;

namespace Platform.Cli.Dicom;

/// <summary>
/// <c>platform dicom receive</c>: takes instances (C-STORE) into a folder until it is ended. A file's name is a hash of its
/// SOP Instance UID, so that no peer chooses names; the same instance again takes the place of the first.
/// </summary>
internal static class Receive
{
    private const int BufferBytes = 64 << 10;

    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(10);

    public static Command Create()
    {
        var port = new Argument<int>("port") { Description = "Port to listen to; 0 for a free one." }.Ranged(0, 65535);
        var folder = new Argument<DirectoryInfo>("folder") { Description = "Where files go; made if it is not there." };
        var address = new Option<string>("--address")
        {
            Description = "Address to listen to.",
            DefaultValueFactory = _ => "0.0.0.0",
        };
        var called = new Option<string[]>("--called") { Description = "Answer only to this AE title; can be repeated." };
        var calling = new Option<string[]>("--calling") { Description = "Let only this AE title call; can be repeated." };
        var associations = new Option<int>("--associations")
        {
            Description = "Associations at a time.",
            DefaultValueFactory = _ => 16,
        }.Ranged(1, 1000);
        var json = new Option<bool>("--json") { Description = "A line of JSON for every instance." };
        var tls = new TlsOptions(isServer: true);
        var command = new Command("receive", "Takes instances from DICOM peers into a folder (C-STORE), until it is ended.")
        {
            port, folder, address, called, calling, associations, json,
        };
        tls.AddTo(command);
        command.SetAction(async (parsed, ct) =>
        {
            var io = parsed.InvocationConfiguration;
            var target = parsed.GetRequiredValue(folder);
            if (!IPAddress.TryParse(parsed.GetRequiredValue(address), out var ip))
            {
                throw new UsageException("--address is an IP address of this machine.");
            }

            try
            {
                target.Create();
            }
            catch (IOException e)
            {
                throw new UsageException(e.Message, e);
            }

            var report = new Report(io, parsed.GetValue(json), target);
            var options = new DicomServerOptions
            {
                EndPoint = new IPEndPoint(ip, parsed.GetValue(port)),
                CalledAeTitles = parsed.GetValue(called) ?? [],
                CallingAeTitles = parsed.GetValue(calling) ?? [],
                MaxAssociations = parsed.GetValue(associations),
                Tls = tls.Read(parsed),
                Store = (instance, token) => StoreAsync(instance, target, token),
                Answered = report.Answered,
                Ended = report.Ended,
            };
            return await ServeAsync(options, io, report, ct);
        });
        return command;
    }

    /// <summary>The name of an instance's file in the folder.</summary>
    internal static string NameOf(string sopInstanceUid) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(sopInstanceUid)))[..32] + ".dcm";

    private static async Task<int> ServeAsync(
        DicomServerOptions options, InvocationConfiguration io, Report report, CancellationToken ct)
    {
        await using var server = new DicomServer(options);
        try
        {
            server.Start();
        }
        catch (SocketException e)
        {
            throw new UsageException($"Port {options.EndPoint.Port} cannot be listened to: {e.Message}", e);
        }

        await io.Error.WriteLineAsync($"Listening to {server.EndPoint}.");
        using var ended = new SemaphoreSlim(0);
        await using (ct.UnsafeRegister(static e => ((SemaphoreSlim)e!).Release(), ended))
        {
            await ended.WaitAsync(CancellationToken.None);
        }

        using var patience = new CancellationTokenSource(EndTimeout);
        await server.StopAsync(patience.Token);
        await io.Error.WriteLineAsync(report.Summary);
        return report.HasRefused ? ExitCode.SomeRefused : ExitCode.Ok;
    }

    /// <summary>1. Writes to a file of its own. 2. Reads its header: is it what was announced? 3. Puts it in its place.</summary>
    private static async ValueTask<DimseStatus> StoreAsync(ReceivedInstance instance, DirectoryInfo folder, CancellationToken ct)
    {
        var partial = Path.Combine(folder.FullName, Path.GetRandomFileName() + ".partial");
        try
        {
            // :: Step 1
            await using (var file = new FileStream(partial, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferBytes, true))
            {
                await using var source = instance.OpenFile();
                await source.CopyToAsync(file, ct);
                await file.FlushAsync(ct);
                RandomAccess.FlushToDisk(file.SafeFileHandle);
            }

            // :: Step 2
            var header = await DicomFileToSend.OpenAsync(partial, ct);
            if (header.Context.SopClassUid != instance.SopClassUid || header.SopInstanceUid != instance.SopInstanceUid)
            {
                return DimseStatus.DatasetDoesNotMatch;
            }

            // :: Step 3
            File.Move(partial, Path.Combine(folder.FullName, NameOf(instance.SopInstanceUid)), overwrite: true);
            return DimseStatus.Success;
        }
        catch (IOException)
        {
            return DimseStatus.OutOfResources; // a full disk, most often
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>Says what came and what was refused. Peers are named by address: their AE titles are what they like.</summary>
    private sealed class Report(InvocationConfiguration io, bool isJson, DirectoryInfo folder)
    {
        private readonly Lock _lock = new();
        private int _stored;
        private int _refused;

        public bool HasRefused => _refused > 0;

        public string Summary => string.Create(CultureInfo.InvariantCulture, $"{_stored} stored, {_refused} refused");

        public void Answered(InstanceAnswered answer)
        {
            lock (_lock)
            {
                var isStored = !answer.Status.IsFailure;
                _stored += isStored ? 1 : 0;
                _refused += isStored ? 0 : 1;
                var file = isStored && answer.SopInstanceUid is { } uid ? Path.Combine(folder.FullName, NameOf(uid)) : null;
                if (isJson)
                {
                    io.Output.WriteLine(JsonLine.Of(new
                    {
                        sopInstanceUid = answer.SopInstanceUid,
                        status = answer.Status.Code.ToString("X4", CultureInfo.InvariantCulture),
                        stored = isStored,
                        file,
                    }));
                }
                else if (isStored)
                {
                    io.Output.WriteLine(file);
                }

                if (!isStored)
                {
                    var cause = answer.Cause is DicomException e ? $" ({e.Message})" : "";
                    io.Error.WriteLine($"Refused an instance from {answer.Peer}: {answer.Status}{cause}");
                }
            }
        }

        public void Ended(AssociationEnded end)
        {
            lock (_lock)
            {
                if (end.Rejection is { } rejection)
                {
                    io.Error.WriteLine($"Rejected an association from {end.Peer}: {rejection}");
                }
                else if (end.Failure is { } failure)
                {
                    var why = failure is DicomNetworkException ? failure.Message : failure.GetType().Name;
                    io.Error.WriteLine($"An association from {end.Peer} broke: {why}");
                }
            }
        }
    }
}
