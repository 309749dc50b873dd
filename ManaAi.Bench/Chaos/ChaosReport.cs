using System.Globalization;

namespace ManaAi.Bench.Chaos;

/// <summary>The record of a run, in lines for people.</summary>
internal static class ChaosReport
{
    public static void Write(TextWriter output, ChaosOptions options, ChaosResult result)
    {
        Line(
            output,
            "seed",
            $"{options.Seed}, {options.Duration.TotalMinutes:0.##} minutes, {options.Nodes} nodes, lease {options.Lease.TotalSeconds:0.#} s"
        );
        Line(
            output,
            "faults",
            Counts(
                result.Faults.GroupBy(one => one.Fault.Kind).Select(one => ($"{one.Key}", (long)one.Count()))
            )
        );
        Line(
            output,
            "devices",
            $"{result.Devices.Rows} rows, {result.Devices.LateCommitted} of {result.Devices.LateTried} transactions kept open were committed"
        );
        Line(
            output,
            "occurrences",
            $"{result.Verdicts.Values.Sum()}: {Counts(result.Verdicts.Select(one => (one.Key, one.Value)))}"
        );
        Line(
            output,
            "lost",
            $"{result.Lost} ({result.Unanswered.Stood} due rows stood, {result.LastRound.Asked} were due at the end)"
        );
        Line(
            output,
            "twice",
            $"{result.Twice} ({result.OwnRows} rows with an iteration for {result.RowsExpected} occurrences that ended with one)"
        );
        if (result.Versions is { } versions)
        {
            Line(
                output,
                "versions",
                $"ended by old nodes {versions.OldAlone} before the first new one, {versions.OldBeside} beside it; "
                    + $"by new nodes {versions.NewBeside} beside old ones, {versions.NewAlone} after the last"
            );
        }

        WriteCalls(output, result);
        WriteTakeovers(output, options, result);
        foreach (var row in result.Unanswered.Lost.Take(10))
        {
            Line(output, "  lost", row);
        }

        Line(output, "late writes", $"{result.Logs.LateWritesRefused} refused");
        Line(
            output,
            "at rest",
            result.QuietAfter is { } after ? $"{after.TotalSeconds:0.0} s after the last fault" : "never"
        );
        Line(output, "verify", $"exit {result.Verify.ExitCode}, {result.VerifyCounts()}");
        foreach (var surprise in result.Surprises)
        {
            Line(output, "surprise", $"{surprise}");
        }

        foreach (var (text, count) in result.Logs.Errors.OrderByDescending(one => one.Value).Take(10))
        {
            Line(output, "error said", $"{count} times: {text}");
        }

        Line(output, "logs", options.Folder);
        var faulty = result.Faulty().ToArray();
        output.WriteLine(faulty.Length == 0 ? "ok" : $"NOT OK: {string.Join("; ", faulty)}");
    }

    private static void WriteCalls(TextWriter output, ChaosResult result)
    {
        var calls = result.Calls;
        Line(
            output,
            "calls",
            $"{result.CallsPaid} came in, {calls.Asked} were noted, for {calls.Occurrences} occurrences; most charged to one: {result.MostCalls} of {Node.CallsMax}"
        );
        foreach (var (cause, count) in calls.Again)
        {
            Line(output, "  again", $"{count} {cause}");
        }

        Line(
            output,
            "kept answers",
            $"{calls.KeptAnswersUsed} used by a later claim, {calls.PaidTwice} paid again"
        );
    }

    private static void WriteTakeovers(TextWriter output, ChaosOptions options, ChaosResult result)
    {
        foreach (
            var (name, takeovers) in new[]
            {
                ("takeovers", result.Takeovers),
                ("undisturbed", result.Undisturbed),
            }
        )
        {
            Line(
                output,
                name,
                $"{takeovers.Count}, p50 {Leases(0.5)}, p99 {Leases(0.99)}, longest {Leases(1)}"
            );

            string Leases(double share)
            {
                var took = Takeover.Percentile(takeovers, share);
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{took.TotalSeconds:0.00} s ({took / options.Lease:0.00} leases)"
                );
            }
        }

        Line(output, "  after", $"{result.KillsWithPlans} kills of a node that held a plan");
    }

    private static string Counts(IEnumerable<(string Name, long Count)> counts) =>
        string.Join(
            ", ",
            counts.Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Count} {one.Name}"))
        );

    private static void Line(TextWriter output, string name, string text) =>
        output.WriteLine($"{name, -13}{text}");
}
