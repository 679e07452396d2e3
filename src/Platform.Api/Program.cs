using Platform.Api;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.AddPlatformApi();
var app = builder.Build();
if (args.Contains("--migrate"))
{
    await app.MigratePlatformAsync();
    return;
}

app.MapPlatformApi();
await app.RunAsync();
