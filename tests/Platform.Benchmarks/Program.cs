using Platform.Benchmarks;
using Platform.Benchmarks.Archives;
using Platform.Benchmarks.Peers;

return args switch
{
    ["bare-store", var folder, var url] => await BareStore.ServeAsync(folder, url),
    ["dicom-worker", var list] => await DicomWorker.ServeAsync(list),
    _ => await BenchmarkRun.RunAsync(args),
};
