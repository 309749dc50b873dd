using ManaAi.Host;
using ManaAi.Host.Commands;

CoreDumps.Forbid();
return await CommandLine.RunAsync(args, CommandLine.ProcessEnvironment(), Console.Out, Console.Error);
