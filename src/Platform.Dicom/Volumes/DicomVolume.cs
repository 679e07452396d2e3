using Platform.Dicom.Pixels;

namespace Platform.Dicom.Volumes;

/// <summary>A series as one contiguous volume of modality values.</summary>
/// <param name="Voxels">In order slice, row, column (z, y, x; x fastest): index = (z·Rows + y)·Columns + x.</param>
public sealed record DicomVolume(SeriesGeometry Geometry, float[] Voxels)
{
    /// <summary>Builds a volume of files whose pixels are loaded. A refusal does not throw.</summary>
    public static VolumeResult Build(IReadOnlyList<DicomFile> files, CancellationToken ct)
    {
        var geometry = SeriesGeometry.Read([.. files.Select(f => f.Dataset)]);
        if (geometry.Geometry is null)
        {
            return new(null, geometry.Refusal, geometry.Detail);
        }

        // Memory only: nothing in here waits.
        return LoadAsync(geometry.Geometry, (i, _) => ValueTask.FromResult(files[i]), Environment.ProcessorCount, ct)
            .GetAwaiter().GetResult();
    }

    /// <summary>
    /// Decodes the pixels of a geometry, instance by instance, at most <paramref name="maxParallel"/> at once, straight into one buffer.
    /// </summary>
    /// <param name="open">Gives the instance of an index of the list that the geometry was read from, with its pixels.</param>
    /// <returns>The volume, or Undecodable, UnsupportedTransferSyntax, NoPixels or MixedSize with the decoder's words; exceptions of <paramref name="open"/> pass.</returns>
    public static async Task<VolumeResult> LoadAsync(
        SeriesGeometry geometry, Func<int, CancellationToken, ValueTask<DicomFile>> open, int maxParallel, CancellationToken ct)
    {
        // Headers say how large the volume is; it is made when an instance has the pixels for its part of it.
        var volume = new Lazy<float[]>(() => GC.AllocateUninitializedArray<float>(checked((int)geometry.VoxelCount)));
        var instances = geometry.Planes.Select((plane, slice) => (plane, slice)).GroupBy(p => p.plane.Instance).ToList();
        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, maxParallel), CancellationToken = ct };
        VolumeResult? refused = null;
        await Parallel.ForEachAsync(instances, options, async (instance, token) =>
        {
            if (Volatile.Read(ref refused) is not null)
            {
                return;
            }

            var file = await open(instance.Key, token);
            if (Decode(file, geometry, instance, volume, token) is { } refusal)
            {
                Volatile.Write(ref refused, refusal);
            }
        });

        return refused ?? new(new DicomVolume(geometry, volume.Value), null, null);
    }

    private static VolumeResult? Decode(
        DicomFile file, SeriesGeometry geometry, IEnumerable<(ImagePlane Plane, int Slice)> slices, Lazy<float[]> volume, CancellationToken ct)
    {
        try
        {
            var decoder = new FrameDecoder(file);
            if (decoder.Description.Rows != geometry.Rows || decoder.Description.Columns != geometry.Columns)
            {
                return new(null, VolumeRefusal.MixedSize, null);
            }

            var sliceVoxels = geometry.Rows * geometry.Columns;
            foreach (var (plane, slice) in slices)
            {
                ct.ThrowIfCancellationRequested();
                decoder.Check(plane.Frame);
                decoder.DecodeToSingle(plane.Frame, volume.Value.AsSpan(slice * sliceVoxels, sliceVoxels));
            }

            return null;
        }
        catch (DicomException e)
        {
            var refusal = e.Error switch
            {
                DicomError.NoPixels => VolumeRefusal.NoPixels,
                DicomError.UnsupportedTransferSyntax => VolumeRefusal.UnsupportedTransferSyntax,
                _ => VolumeRefusal.Undecodable,
            };
            return new(null, refusal, e.Message);
        }
    }
}

/// <summary>A volume, or the reason there is none.</summary>
/// <param name="Detail">More about the refusal, in numbers or a decoder's words; never a patient value.</param>
public sealed record VolumeResult(DicomVolume? Volume, VolumeRefusal? Refusal, string? Detail);
