using System.CommandLine;
using System.Globalization;

namespace ManaAi.Bench.Chaos;

/// <summary><c>chaos --minutes N --seed S</c>; `./dev chaos` gives it a cluster of its own.</summary>
internal static class ChaosCommand
{
    private const int NotAsPromised = 1;

    public static Command Create()
    {
        var minutes = new Option<double>("--minutes")
        {
            Description = "How long faults happen.",
            DefaultValueFactory = _ => 10,
        };
        var seed = new Option<int>("--seed")
        {
            Description = "What the faults and the devices' writes are drawn from.",
            DefaultValueFactory = _ => 1,
        };
        var nodes = new Option<int>("--nodes")
        {
            Description = "How many nodes, 2 to 9.",
            DefaultValueFactory = _ => 4,
        };
        var lease = new Option<int>("--lease-ms")
        {
            Description = "RUN_LEASE_MS of the nodes, 2000 or more.",
            DefaultValueFactory = _ => 2000,
        };
        var grace = new Option<int>("--grace-ms")
        {
            Description = "SHUTDOWN_GRACE_MS of the nodes; calls last half a second.",
            DefaultValueFactory = _ => 300,
        };
        var only = new Option<FaultKind[]>("--only")
        {
            Description = "Nothing but these faults, at their usual rate.",
            AllowMultipleArgumentsPerToken = true,
        };
        minutes.Validators.Add(result => Demand(result, result.GetValue(minutes) is > 0 and <= 1440));
        nodes.Validators.Add(result => Demand(result, result.GetValue(nodes) is >= 2 and <= 9));
        lease.Validators.Add(result => Demand(result, result.GetValue(lease) is >= 2000 and <= 60_000));
        grace.Validators.Add(result => Demand(result, result.GetValue(grace) is >= 0 and <= 9000));
        var command = new Command(
            "chaos",
            "Runs nodes over the PostgreSQL of ./dev chaos, lets a seed torment them, and ends with 0 when nothing was lost or done twice."
        )
        {
            minutes,
            seed,
            nodes,
            lease,
            grace,
            only,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(
                    new ChaosOptions(
                        parsed.GetValue(seed),
                        TimeSpan.FromMinutes(parsed.GetValue(minutes)),
                        parsed.GetValue(nodes),
                        TimeSpan.FromMilliseconds(parsed.GetValue(lease))
                    )
                    {
                        Only = parsed.GetValue(only) ?? [],
                        Grace = TimeSpan.FromMilliseconds(parsed.GetValue(grace)),
                        Service = Given("CHAOS_SERVICE"),
                        OldService = Environment.GetEnvironmentVariable("CHAOS_OLD_SERVICE"),
                        Folder = Given("CHAOS_FOLDER"),
                        Admin = Given("CHAOS_ADMIN"),
                        ServiceUrl = Given("CHAOS_SERVICE_URL"),
                        RestartPostgres = Given("CHAOS_RESTART_POSTGRES"),
                        FirstPort = int.Parse(Given("CHAOS_FIRST_PORT"), CultureInfo.InvariantCulture),
                    },
                    parsed.InvocationConfiguration.Output,
                    cancellationToken
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        ChaosOptions options,
        TextWriter output,
        CancellationToken cancellationToken
    )
    {
        var result = await new ChaosRun(options, output, TimeProvider.System).RunAsync(cancellationToken);
        ChaosReport.Write(output, options, result);
        return result.Faulty().Any() ? NotAsPromised : 0;
    }

    private static void Demand(System.CommandLine.Parsing.OptionResult result, bool isRight)
    {
        if (!isRight)
        {
            result.AddError($"{result.Option.Name} is out of range: {result.Option.Description}");
        }
    }

    /// <summary>What ./dev chaos says by the environment: it holds passwords, which the process list would show.</summary>
    private static string Given(string name) =>
        Environment.GetEnvironmentVariable(name)
        ?? throw new InvalidOperationException($"{name} is not set; run this by ./dev chaos");
}
