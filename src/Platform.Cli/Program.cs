using Platform.Cli;

return await PlatformCommand.RunAsync(args, Console.Out, Console.Error, CancellationToken.None);
