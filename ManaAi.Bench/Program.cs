using System.CommandLine;
using ManaAi.Bench.Measuring;

var root = new RootCommand(
    "Measures ManaAi on a PostgreSQL of its own; `./dev bench` makes one and calls this."
)
{
    BenchCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
