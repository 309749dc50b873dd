using System.CommandLine;
using ManaAi.Bench.Chaos;

var root = new RootCommand(
    "Measures and torments the service as its users run it: real processes, a real PostgreSQL."
)
{
    ChaosCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
