using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Pixels;
using Platform.Dicom.Volumes;
using Xunit;

namespace Platform.UnitTests.Corpus;

public class PixelCorpusTests(ITestOutputHelper output)
{
    private const int FramesEach = 40;

    /// <summary>Files that hold pixels which are not decoded, with the reason.</summary>
    private static readonly Dictionary<string, (DicomError Error, string Why)> Refused = new()
    {
        ["GH1146.dcm"] = (DicomError.CorruptPixels, "the pixel data is shorter than rows times columns"),
        ["genFile.dcm"] = (DicomError.CorruptPixels, "the fragment holds no codestream"),
        ["JPEG2000-embedded-sequence-delimiter.dcm"] = (DicomError.CorruptPixels, "a delimiter was written over the SIZ segment"),
        ["GH340.dcm"] = (DicomError.UnsupportedPixels, "twelve bits allocated, which PS3.5 §8.1.1 has retired"),
        ["meta_missing_tsyntax.dcm"] = (DicomError.InvalidPixels, "pixel data without a description"),
        ["nested_priv_SQ.dcm"] = (DicomError.InvalidPixels, "pixel data without a description"),
    };

    [Theory]
    [InlineData("given/dicom")]
    [InlineData("given/deid")]
    [InlineData("given/chest-ct")]
    public async Task Every_frame_of_a_syntax_we_claim_is_decoded_or_refused_for_a_listed_reason(string folder)
    {
        var (decoded, refused) = (new SortedDictionary<string, int>(StringComparer.Ordinal), new SortedDictionary<string, int>());
        var unlisted = new List<string>();
        foreach (var path in CorpusFiles.All(folder))
        {
            if (await ReadAsync(path) is not { } file || !PixelDescription.ArePresent(file.Dataset))
            {
                continue;
            }

            try
            {
                Decode(file);
                decoded[file.Syntax.Uid] = decoded.GetValueOrDefault(file.Syntax.Uid) + 1;
            }
            catch (DicomException e) when (Refused.TryGetValue(Path.GetFileName(path), out var listed) && listed.Error == e.Error)
            {
                refused[e.Error.ToString()] = refused.GetValueOrDefault(e.Error.ToString()) + 1;
            }
            catch (DicomException e)
            {
                unlisted.Add($"{Path.GetFileName(path)} ({file.Syntax.Uid}): {e.Error}, {e.Message}");
            }
        }

        Assert.Empty(unlisted);
        output.WriteLine($"{folder}: decoded {JsonSerializer.Serialize(decoded)}, refused {JsonSerializer.Serialize(refused)}");
    }

    [Fact]
    public async Task Hostile_files_decode_or_throw_nothing_but_the_typed_error()
    {
        var outcomes = new SortedDictionary<string, int>();
        foreach (var path in CorpusFiles.All("given/hostile"))
        {
            var outcome = "not read";
            if (await ReadAsync(path) is { } file)
            {
                try
                {
                    Decode(file);
                    outcome = "decoded";
                }
                catch (DicomException e)
                {
                    outcome = e.Error.ToString();
                }
            }

            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }

        output.WriteLine(JsonSerializer.Serialize(outcomes));
    }

    [Theory]
    [InlineData("liver.dcm", "liver_rle.dcm", "liver_deflate.dcm", "liver_expb.dcm", "liver_j2k.dcm")]
    [InlineData(
        "liver_nonbyte_aligned.dcm", "liver_nonbyte_aligned_rle.dcm", "liver_nonbyte_aligned_deflate.dcm", "liver_nonbyte_aligned_j2k.dcm")]
    [InlineData("SC_rgb_small_odd.dcm", "SC_rgb_small_odd_big_endian.dcm")]
    [InlineData("SC_rgb_32bit.dcm", "SC_rgb_expb_32bit.dcm", "SC_rgb_rle_32bit.dcm")]
    [InlineData("SC_rgb_16bit.dcm", "SC_rgb_expb_16bit.dcm", "SC_rgb_rle_16bit.dcm")]
    [InlineData("MR_small.dcm", "MR_small_RLE.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm", "MR_small_bigendian.dcm")]
    public async Task One_image_in_several_lossless_syntaxes_is_one_image(params string[] names)
    {
        var hashes = new Dictionary<string, string>();
        foreach (var path in CorpusFiles.All("given/dicom").Where(p => names.Contains(Path.GetFileName(p))))
        {
            if (await ReadAsync(path) is { } file)
            {
                hashes[path] = Hash(file);
            }
        }

        Assert.True(hashes.Count == 0 || hashes.Keys.Select(Path.GetFileName).Distinct().Count() > 1);
        Assert.True(
            hashes.Values.Distinct().Count() <= 1, string.Join(' ', hashes.Select(h => $"{Path.GetFileName(h.Key)}={h.Value[..8]}")));
    }

    /// <summary>Hashes of what pydicom makes of the tables, for 0 to 255, and of the plane.</summary>
    [Theory]
    [InlineData("fall.dcm", "3b967a693980920a")]
    [InlineData("spring.dcm", "1936eccfa8b7e627")]
    [InlineData("summer.dcm", "828f6ca82faaf355")]
    [InlineData("winter.dcm", "6c86dcf2f3931422")]
    [InlineData("examples_overlay.dcm", "e71eac1bb818cffd")]
    public async Task Segmented_palettes_and_overlays_of_others_are_what_another_reader_makes_of_them(string name, string sha256)
    {
        var paths = CorpusFiles.All("given/dicom").ToList();
        var named = paths.FindAll(p => Path.GetFileName(p) == name);
        Assert.Equal(paths.Count > 0, named.Count > 0);
        foreach (var path in named)
        {
            var file = (await ReadAsync(path))!;
            var bytes = new byte[3 * 256];
            if (name == "examples_overlay.dcm")
            {
                bytes = Assert.Single(Overlay.Of(file)).Mask(0)!;
            }
            else
            {
                var image = Dicom.Pixels.Frames.Dataset(1, 256, 8, photometric: "PALETTE COLOR");
                foreach (var element in file.Dataset.Where(e => e.Tag.Group == 0x0028))
                {
                    image.Set(element);
                }

                Dicom.Pixels.Frames.Native(image, [.. Enumerable.Range(0, 256).Select(i => (byte)i)]).DecodeToRgb(0, bytes);
            }

            Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]);
        }
    }

    [Theory]
    [InlineData("given/chest-ct/A0001-lung", "512x512x64", 0.841796875, 5)]
    [InlineData("given/dicom/dcm_qa_ct/In/Philips/S21570/S2010", "512x512x28", 0.451171875, 5)]
    [InlineData("given/dicom/dcm_qa_toshiba/In/Galan/7006_DTI_ortho", "64x64x26", 3, 3)]
    public async Task A_real_series_becomes_a_volume_with_its_spacing(string folder, string size, double inPlaneMm, double sliceMm)
    {
        var files = await SeriesAsync(folder);
        if (files.Count == 0)
        {
            return;
        }

        var volume = DicomVolume.Build(files, TestContext.Current.CancellationToken).Volume;

        Assert.NotNull(volume);
        var geometry = volume.Geometry;
        Assert.Equal(size, string.Create(CultureInfo.InvariantCulture, $"{geometry.Columns}x{geometry.Rows}x{geometry.Slices}"));
        Assert.Equal(inPlaneMm, geometry.Affine.SpacingMm.X, 6);
        Assert.Equal(inPlaneMm, geometry.Affine.SpacingMm.Y, 6);
        Assert.Equal(sliceMm, geometry.Affine.SpacingMm.Z, 3);
    }

    [Theory]
    [InlineData("given/dicom/dcm_qa_nih/In/20180918Si/mr_0003", VolumeRefusal.Mosaic)]
    [InlineData("given/dicom/dcm_qa_enh/In/Philips", VolumeRefusal.RepeatedPosition)]
    [InlineData("given/dicom/dcm_qa_enh/In/Siemens/XA10", VolumeRefusal.RepeatedPosition)]
    public async Task A_real_series_that_is_no_volume_is_refused_for_its_reason(string folder, VolumeRefusal refusal)
    {
        var files = await SeriesAsync(folder);
        if (files.Count > 0)
        {
            Assert.Equal(refusal, DicomVolume.Build(files, TestContext.Current.CancellationToken).Refusal);
        }
    }

    [Theory]
    [InlineData("given/dicom/dcm_qa_enh/In/Philips", 2, 32, "echo time 1 of 2")]
    [InlineData("given/dicom/dcm_qa_enh/In/Siemens/XA10", 4, 6, "temporal position 1 of 4")]
    public async Task Each_volume_of_a_real_enhanced_series_is_found(string folder, int parts, int slices, string first)
    {
        var files = await SeriesAsync(folder);
        if (files.Count > 0)
        {
            var read = SeriesGeometry.ReadAll([.. files.Select(f => f.Dataset)]);

            Assert.Equal(first, read[0].Distinction);
            Assert.Equal(Enumerable.Repeat<int?>(slices, parts), read.Select(p => p.Result.Geometry?.Slices));
            var volume = await DicomVolume.LoadAsync(
                read[^1].Result.Geometry!, (i, _) => ValueTask.FromResult(files[i]), 1, TestContext.Current.CancellationToken);
            Assert.NotNull(volume.Volume);
        }
    }

    [Fact]
    public async Task A_real_series_without_its_tenth_slice_has_a_gap()
    {
        var files = await SeriesAsync("given/chest-ct/A0001-lung");
        if (files.Count > 0)
        {
            var geometry = SeriesGeometry.Read([.. files.Select(f => f.Dataset)]).Geometry!;
            files.RemoveAt(geometry.Planes[9].Instance);

            var result = DicomVolume.Build(files, TestContext.Current.CancellationToken);

            Assert.Equal(VolumeRefusal.SeriesGap, result.Refusal);
            Assert.Equal("1 of 64 slices are missing.", result.Detail);
        }
    }

    [Fact]
    public async Task Segmentations_of_other_makers_are_read_or_refused_for_a_typed_reason()
    {
        var (read, refused) = (0, 0);
        foreach (var path in CorpusFiles.All("given/dicom"))
        {
            if (await ReadAsync(path) is not { } file
                || file.Dataset.GetString(DicomTags.SOPClassUID) is not (DicomUids.SegmentationStorage or DicomUids.LabelMapSegmentationStorage))
            {
                continue;
            }

            try
            {
                // A volume for each segment holds all that any kind says; frames of slides and of projections have no place in a patient.
                var segmentation = SegmentationReader.ReadMasks(file);
                Assert.NotEmpty(segmentation.Segments);
                Assert.Contains(segmentation.Masks, m => m.AsSpan().ContainsAnyExcept((byte)0));
                read++;
            }
            catch (DicomException e)
            {
                output.WriteLine($"{Path.GetFileName(path)}: {e.Error}, {e.Message}");
                refused++;
            }
        }

        output.WriteLine($"{read} read, {refused} refused");
    }

    // One series of a folder: the one with the most images.
    private static async Task<List<DicomFile>> SeriesAsync(string folder)
    {
        var files = new List<DicomFile>();
        foreach (var path in CorpusFiles.All(folder))
        {
            if (await ReadAsync(path) is { } file)
            {
                files.Add(file);
            }
        }

        return files.GroupBy(f => f.Dataset.GetUid(DicomTags.SeriesInstanceUID)).MaxBy(g => g.Count())?.ToList() ?? [];
    }

    private static async Task<DicomFile?> ReadAsync(string path)
    {
        try
        {
            return DicomFile.Read(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        }
        catch (DicomException)
        {
            return null; // what is refused before its pixels is another test's
        }
    }

    private static void Decode(DicomFile file)
    {
        var decoder = new FrameDecoder(file);
        var samples = new byte[decoder.Description.FrameBytes];
        for (var frame = 0; frame < Math.Min(decoder.Description.Frames, FramesEach); frame++)
        {
            decoder.Decode(frame, samples);
        }

        if (decoder.Description.SamplesPerPixel == 3)
        {
            decoder.DecodeToRgb(0, new byte[3 * decoder.Description.PixelsPerFrame]);
        }
    }

    private static string Hash(DicomFile file)
    {
        var decoder = new FrameDecoder(file);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var frame = 0; frame < decoder.Description.Frames; frame++)
        {
            hash.AppendData(decoder.Decode(frame));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
