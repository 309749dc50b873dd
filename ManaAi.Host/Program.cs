using ManaAi.Host.Commands;

return await CommandLine.RunAsync(args, CommandLine.ProcessEnvironment(), Console.Out, Console.Error);
