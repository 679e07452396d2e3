using Platform.Benchmarks;
using Platform.Benchmarks.Archives;

return args is ["bare-store", var folder, var url]
    ? await BareStore.ServeAsync(folder, url)
    : await BenchmarkRun.RunAsync(args);
