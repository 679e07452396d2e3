using Platform.Inference.Child;
using Platform.Local;

if (await InferenceChild.RunIfRequestedAsync(args) is { } exitCode)
{
    return exitCode;
}

return await LocalHost.RunAsync(args);
