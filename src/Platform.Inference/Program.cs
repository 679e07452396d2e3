using Platform.Hosting.Health;
using Platform.Inference;
using Platform.Inference.Child;

if (await InferenceChild.RunIfRequestedAsync(args) is { } exitCode)
{
    return exitCode;
}

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.AddPlatformInference();

var app = builder.Build();
app.MapPlatformHealth();
await app.RunAsync();
return 0;
