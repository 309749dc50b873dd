using System.Globalization;

namespace ManaAi.Bench.Measuring;

/// <summary>Each measurement of docs/benchmarks.md, in an order in which none spoils the next.</summary>
internal sealed class Measurements(BenchDatabase database, Report report)
{
    private const int IdleTicks = 100;
    private const int DaysTicks = 24 * 60; // As many as TICK_INTERVAL_MS makes where nothing is said.
    private const int DeltaTicks = 7;
    private const int DeltaWarmUps = 3;
    private const int DeltaRows = 1000;
    private const int CaughtUpRows = 100_000;
    private const int CatchUpTicks = 3;
    private const int HerdMissions = 100;
    private const int HerdTurns = 5;
    private const int HerdWarmUps = 3;
    private const int SlowMs = 200;

    // Long enough for the rows to be folded before.
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(3);

    private readonly Yardsticks _yardsticks = new(database);
    private readonly DueMissions _due = new(database);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var slow = await FixedLlm.StartAsync(
            TimeSpan.FromMilliseconds(SlowMs),
            cancellationToken
        );
        await using var quick = await FixedLlm.StartAsync(TimeSpan.Zero, cancellationToken);
        await FromNothingAsync(quick.Address, cancellationToken);
        await using (var node = await NodeProcess.StartNodeAsync(database, quick.Address, cancellationToken))
        {
            await node.TickAsync(cancellationToken);
            await IdleAsync(node, cancellationToken);
            await NewRowsAsync(node, cancellationToken);
        }

        await HerdAsync(slow.Address, 8, "at most 2.9 s", cancellationToken);
        await HerdAsync(slow.Address, 100, "at most 0.6 s", cancellationToken);
        await new PlanMeasurements(database, _due, report).RunAsync(quick.Address, cancellationToken);
        await new WakeUpMeasurements(database, _due, report).RunAsync(quick.Address, cancellationToken);
        await CatchUpAsync(quick.Address, cancellationToken);
        await new HerdMeasurements(database, _due, report).RunAsync(quick.Address, cancellationToken);
    }

    private async Task FromNothingAsync(Uri llm, CancellationToken cancellationToken)
    {
        var read = await Sample.OfAsync(3, () => _yardsticks.CopyLogAsync(cancellationToken));
        var fold = new Sample();
        double peak;
        await using (var node = await NodeProcess.StartNodeAsync(database, llm, cancellationToken))
        {
            await fold.AddAsync(() => node.TickAsync(cancellationToken));
            peak = node.PeakMegabytes;
        }

        var write = await Sample.OfAsync(3, () => _yardsticks.UpsertAsync(cancellationToken));
        report.Add(
            "from nothing to a full projection",
            $"{fold} ms",
            $"COPY {read} ms + upsert {write} ms",
            Report.Ratio(fold.Median, read.Median + write.Median),
            "at most 1.5"
        );
        report.Add(
            "the same, rows a second",
            (database.Size.Rows * 1000 / fold.Median).ToString("#,0", CultureInfo.InvariantCulture),
            "",
            "",
            "at least 100,000"
        );
        report.Add(
            "the same, most memory resident",
            peak.ToString("0 'MB'", CultureInfo.InvariantCulture),
            "",
            "",
            "at most 350 MB"
        );
        await database.ExecuteAsync("vacuum analyze mana_ai.missions", cancellationToken);
    }

    private async Task IdleAsync(NodeProcess node, CancellationToken cancellationToken)
    {
        // Until what is called often is compiled for good, and as many as there are in a day.
        await Sample.OfAsync(DaysTicks, () => node.TickAsync(cancellationToken));
        var idle = new Sample();
        var bare = await _yardsticks.IdleQueriesAsync(IdleTicks, cancellationToken);
        for (var tick = 0; tick < IdleTicks; tick++)
        {
            await idle.AddAsync(() => node.TickAsync(cancellationToken));
        }

        report.Add("idle tick, over HTTP", idle, "its two queries bare", bare, "at most 10 ms, ratio 3");
        var log = await Sample.OfAsync(
            1,
            () => database.ExecuteAsync("select count(*) from public.sync_changes", cancellationToken)
        );
        report.Add("idle tick beside the length of the log", idle, "count(*) of the log", log, "");
        report.Add(
            "memory resident after a day's ticks",
            node.ResidentMegabytes.ToString("0 'MB'", CultureInfo.InvariantCulture),
            "",
            "",
            "under 200 MB"
        );
    }

    private async Task NewRowsAsync(NodeProcess node, CancellationToken cancellationToken)
    {
        var delta = new Sample();
        for (var turn = 0; turn < DeltaWarmUps + DeltaTicks; turn++)
        {
            await EditAsync(turn * DeltaRows, DeltaRows, $"edited {turn}", cancellationToken);
            // The first ones pay for compiling what folds; idle ticks never call it.
            await (turn < DeltaWarmUps ? new Sample() : delta).AddAsync(() =>
                node.TickAsync(cancellationToken)
            );
        }

        report.Add("tick with 1,000 new rows on 1,000 missions", $"{delta} ms", "", "", "at most 150 ms");
    }

    /// <summary>
    /// As after a time without service. Late, since the feed looks at what it has folded of the last two minutes with each tick.
    /// </summary>
    private async Task CatchUpAsync(Uri llm, CancellationToken cancellationToken)
    {
        var rows = Math.Min(CaughtUpRows, database.Size.Missions);
        var (few, many) = (new Sample(), new Sample());
        await using var node = await NodeProcess.StartNodeAsync(database, llm, cancellationToken);
        await node.TickAsync(cancellationToken);
        for (var turn = -1; turn < CatchUpTicks; turn++)
        {
            foreach (var (sample, count) in new[] { (few, DeltaRows), (many, rows) })
            {
                await EditAsync(0, count, $"edited offline {turn}", cancellationToken);
                await (turn < 0 ? new Sample() : sample).AddAsync(() => node.TickAsync(cancellationToken));
            }
        }

        var alike = few.Median * rows / DeltaRows;
        report.Add(
            string.Create(CultureInfo.InvariantCulture, $"tick with {rows:#,0} new rows on as many missions"),
            $"{many} ms",
            string.Create(
                CultureInfo.InvariantCulture,
                $"so many ticks with 1,000, by turns: {alike:#,0} ms"
            ),
            Report.Ratio(many.Median, alike),
            ""
        );
    }

    private Task EditAsync(int offset, int rows, string title, CancellationToken cancellationToken) =>
        _due.InsertAsync(
            $"""
            select mission_id, user_id, jsonb_build_object('title', '{title}'), jsonb_build_object('title', {DueMissions.IsoText(
                default
            )})
              from mana_ai.missions order by mission_id offset {offset} limit {rows}
            """,
            cancellationToken
        );

    private async Task HerdAsync(Uri llm, int plans, string bound, CancellationToken cancellationToken)
    {
        var herd = new Sample();
        await using var node = await NodeProcess.StartNodeAsync(
            database,
            llm,
            cancellationToken,
            ("MAX_CONCURRENT_PLANS", plans.ToString(CultureInfo.InvariantCulture))
        );
        await node.TickAsync(cancellationToken);
        for (var turn = -HerdWarmUps; turn < HerdTurns; turn++)
        {
            await _due.DueSoonAsync(node, HerdMissions, Ahead, cancellationToken);
            // The first herds of a process pay for compiling what they need, and for preparing it on each connection.
            await (turn < 0 ? new Sample() : herd).AddAsync(async () =>
            {
                var numbers = await node.TickAsync(cancellationToken);
                Check(numbers.PlansWrittenBack, HerdMissions);
            });
        }

        report.Add(
            $"100 due missions of 100 users, MAX_CONCURRENT_PLANS={plans}",
            $"{herd} ms",
            $"an LLM that answers in {SlowMs} ms: {(HerdMissions + plans - 1) / plans * SlowMs} ms",
            Report.Ratio(herd.Median, (HerdMissions + plans - 1) / plans * SlowMs),
            bound
        );
    }

    private static void Check(int found, int expected)
    {
        if (found != expected)
        {
            throw new InvalidOperationException($"{found} plans were written instead of {expected}.");
        }
    }
}
