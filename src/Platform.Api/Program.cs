using Platform.Api;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.AddPlatformApi();
var app = builder.Build();
app.MapPlatformApi();
await app.RunAsync();
