using System.Buffers;
using System.Text.Json;
using Platform.Dicom;
using Platform.Dicom.Deidentification;

namespace Platform.Benchmarks.Peers;

/// <summary>The calls that a store makes of Platform.Dicom for one instance, in its order, with nothing of the store's own around them.</summary>
internal static class StorePath
{
    private static readonly DeidentificationKeys Keys = new("a secret of a tenant that is nobody"u8);
    private static readonly ArrayBufferWriter<byte> Metadata = new(256 << 10);
    private static readonly Utf8JsonWriter Json = new(Metadata);

    /// <summary>Streaming de-identification to a null sink, unhashed: header, profile, meta header, pixels to their end.</summary>
    public static async ValueTask CleanAsync(Stream body)
    {
        using var header = await DicomStreamReader.ReadHeaderAsync(body, new DicomReadOptions { Budgets = new DicomBudgets() }, default);
        await CleanAsync(header);
    }

    /// <summary>The same, and who it is, what its rows and its DICOM JSON say.</summary>
    public static async ValueTask StoreAsync(Stream body)
    {
        using var header = await DicomStreamReader.ReadHeaderAsync(body, new DicomReadOptions { Budgets = new DicomBudgets() }, default);
        var dataset = header.Dataset;
        dataset.GetString(DicomTags.SOPClassUID);
        foreach (var tag in (ReadOnlySpan<DicomTag>)[DicomTags.StudyInstanceUID, DicomTags.SeriesInstanceUID, DicomTags.SOPInstanceUID])
        {
            Keys.MapUid(dataset.GetString(tag)!);
        }

        ReadBodyPart(dataset);
        await CleanAsync(header);
        ReadRows(dataset);
        Metadata.ResetWrittenCount();
        Json.Reset();
        DicomJson.Write(Json, dataset, static element => element.Value.Length > 1024 ? "bulkdata" : null);
        Json.Flush();
    }

    /// <summary>Bytes allocated by a store on this thread, warm, the median: now and then the collector empties the pool of buffers.</summary>
    /// <param name="body">Makes the stream that a store reads; what it allocates does not count.</param>
    public static double AllocatedBytes(Func<Stream> body, int rounds)
    {
        var bytes = new List<long>();
        for (var round = -2; round < rounds; round++)
        {
            var stream = body();
            var before = GC.GetAllocatedBytesForCurrentThread();
            var store = StoreAsync(stream);
            if (!store.IsCompletedSuccessfully)
            {
                throw new InvalidOperationException("The store failed, or left the thread.");
            }

            var after = GC.GetAllocatedBytesForCurrentThread();
            if (round >= 0)
            {
                bytes.Add(after - before);
            }
        }

        bytes.Sort();
        return bytes[bytes.Count / 2];
    }

    private static async ValueTask CleanAsync(DicomHeader header)
    {
        if (Deidentifier.Refuse(header.Dataset) is { } refusal)
        {
            throw new InvalidOperationException($"Not stored: {refusal}.");
        }

        new Deidentifier(Keys).Apply(header.Dataset);
        header.File.Preamble = new byte[128];
        header.File.TrailingZeroBytes = 0;
        var meta = new DicomFile(header.Dataset, header.Syntax).Meta;
        foreach (var element in header.Meta.ToArray())
        {
            header.Meta.Remove(element.Tag);
        }

        foreach (var element in meta)
        {
            header.Meta.Set(element);
        }

        await using var pixels = PixelDataScanner.Wrap(header.Rest, header.File.Encoding, dropTrailing: true);
        await header.WriteToAsync(Stream.Null, pixels, default);
    }

    private static void ReadBodyPart(DicomDataset dataset)
    {
        dataset.GetString(DicomTags.BodyPartExamined);
        dataset.GetSequence(DicomTags.AnatomicRegionSequence);
        dataset.GetString(DicomTags.ProtocolName);
        dataset.GetString(DicomTags.SeriesDescription);
        dataset.GetString(DicomTags.StudyDescription);
        dataset.GetString(DicomTags.RequestedProcedureDescription);
        dataset.GetString(DicomTags.PerformedProcedureStepDescription);
        foreach (var request in dataset.GetSequence(DicomTags.RequestAttributesSequence))
        {
            request.GetString(DicomTags.ScheduledProcedureStepDescription);
        }
    }

    private static void ReadRows(DicomDataset dataset)
    {
        dataset.GetString(DicomTags.PatientID);
        dataset.GetString(DicomTags.StudyDate);
        dataset.GetString(DicomTags.StudyDescription);
        dataset.GetString(DicomTags.AccessionNumber);
        dataset.GetString(DicomTags.Modality);
        dataset.GetString(DicomTags.SeriesDescription);
        dataset.GetInt32(DicomTags.SeriesNumber);
        dataset.GetInt32(DicomTags.InstanceNumber);
        dataset.GetInt32(DicomTags.Rows);
        dataset.GetInt32(DicomTags.Columns);
        dataset.GetInt32(DicomTags.NumberOfFrames);
    }
}
