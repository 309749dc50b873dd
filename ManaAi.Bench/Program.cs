using System.CommandLine;
using ManaAi.Bench.Chaos;
using ManaAi.Bench.Measuring;

var root = new RootCommand(
    "Measures and torments the service as its users run it: real processes, a real PostgreSQL."
)
{
    BenchCommand.Create(),
    ChaosCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
