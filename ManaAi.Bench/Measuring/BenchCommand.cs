using System.CommandLine;

namespace ManaAi.Bench.Measuring;

/// <summary>Makes the data, runs each measurement beside its yardstick, and prints one table.</summary>
internal static class BenchCommand
{
    /// <summary>The URL of a superuser on a cluster that is made for this.</summary>
    private const string DatabaseVariable = "MANA_BENCH_DATABASE_URL";

    private const int Usage = 2;

    public static Command Create()
    {
        var missions = new Option<int>("--missions")
        {
            Description = "How many missions the log has.",
            DefaultValueFactory = _ => 100_000,
        };
        var rowsPer = new Option<int>("--rows-per")
        {
            Description = "Rows of the log for each mission.",
            DefaultValueFactory = _ => 10,
        };
        var dashboard = new Option<bool>("--dashboard")
        {
            Description = "Measures the dashboard over a full ledger instead.",
        };
        var runs = new Option<long>("--runs")
        {
            Description = "With --dashboard: how many runs the ledger has.",
            DefaultValueFactory = _ => DashboardMeasurements.RunsDefault,
        };
        var command = new Command("bench", "Measures ticks, plans and memory beside what they cost bare.")
        {
            missions,
            rowsPer,
            dashboard,
            runs,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (Environment.GetEnvironmentVariable(DatabaseVariable) is not { Length: > 0 } url)
                {
                    await Console.Error.WriteLineAsync($"{DatabaseVariable} is not set; run ./dev bench.");
                    return Usage;
                }

                var size = new LogSize(parsed.GetValue(missions), parsed.GetValue(rowsPer));
                await using var database = await BenchDatabase.CreateAsync(
                    new Uri(url),
                    size,
                    cancellationToken
                );
                var report = new Report(size);
                await (
                    parsed.GetValue(dashboard)
                        ? new DashboardMeasurements(database, report).RunAsync(
                            parsed.GetValue(runs),
                            cancellationToken
                        )
                        : new Measurements(database, report).RunAsync(cancellationToken)
                );
                report.Write(Console.Out);
                return 0;
            }
        );
        return command;
    }
}

/// <param name="RowsPer">Rows of the log for each mission: one insert, the others updates.</param>
internal sealed record LogSize(int Missions, int RowsPer)
{
    public long Rows => (long)Missions * RowsPer;
}
