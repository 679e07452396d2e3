using Platform.Local;

return await LocalHost.RunAsync(args);
