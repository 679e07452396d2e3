using System.Runtime.CompilerServices;

namespace Platform.Dicom.Network;

/// <summary>What became of a file that was to be sent.</summary>
/// <param name="SopInstanceUid">Null if the file could not be read.</param>
/// <param name="Status">The peer's answer; null if the file was not sent.</param>
/// <param name="Comment">Of the peer, or why the file was not sent.</param>
public sealed record SendOutcome(string Path, string? SopInstanceUid, DimseStatus? Status, string? Comment)
{
    /// <summary>The peer has it.</summary>
    public bool IsStored => Status is { IsFailure: false };
}

/// <summary>Sends files by as few associations as their presentation contexts need.</summary>
public static class DicomSender
{
    /// <summary>
    /// 1. Reads the headers of all files. 2. Groups them, a context for each SOP class and syntax, 128 contexts an association.
    /// 3. Sends each in the syntax that it has. Yields an outcome for every file.
    /// </summary>
    /// <remarks>A failing connection is a <see cref="DicomNetworkException"/>: the other files were not answered for.</remarks>
    public static async IAsyncEnumerable<SendOutcome> SendAsync(
        DicomClientOptions options, IEnumerable<string> paths, [EnumeratorCancellation] CancellationToken ct)
    {
        // :: Step 1
        var files = new List<DicomFileToSend>();
        foreach (var path in paths)
        {
            SendOutcome? refusal = null;
            try
            {
                files.Add(await DicomFileToSend.OpenAsync(path, ct));
            }
            catch (Exception e) when (e is DicomException or IOException or UnauthorizedAccessException)
            {
                refusal = new SendOutcome(path, null, null, e is DicomException ? e.Message : "The file cannot be read.");
            }

            if (refusal is not null)
            {
                yield return refusal;
            }
        }

        // :: Step 2
        var groups = files.GroupBy(f => f.Context).Chunk(options.Budgets.MaxContexts);
        foreach (var group in groups)
        {
            // :: Step 3
            await using var client = await DicomClient.ConnectAsync(options, [.. group.Select(g => g.Key)], ct);
            foreach (var file in group.SelectMany(g => g))
            {
                yield return await SendAsync(client, file, ct);
            }

            try
            {
                await client.ReleaseAsync(ct);
            }
            catch (DicomNetworkException)
            {
                // Every file was answered for: how the peer says goodbye changes nothing.
            }
        }
    }

    private static async Task<SendOutcome> SendAsync(DicomClient client, DicomFileToSend file, CancellationToken ct)
    {
        if (!client.IsAccepted(file.Context))
        {
            var result = client.Answers.First(a => a.Context == file.Context).Result;
            var why = result == ContextResult.AbstractSyntaxNotSupported
                ? "The peer does not take the SOP class."
                : $"The peer does not take the SOP class in {file.Context.Syntax.Name}.";
            return new SendOutcome(file.Path, file.SopInstanceUid, null, why);
        }

        try
        {
            var answer = await client.StoreAsync(file, ct);
            return new SendOutcome(file.Path, file.SopInstanceUid, answer.Status, answer.Comment);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return new SendOutcome(file.Path, file.SopInstanceUid, null, "The file is gone."); // before a byte of it was sent
        }
    }
}
