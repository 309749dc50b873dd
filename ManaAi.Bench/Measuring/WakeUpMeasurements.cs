using Npgsql;

namespace ManaAi.Bench.Measuring;

/// <summary>
/// The trigger that wakes: how soon a mission is claimed that a device makes due, and what the trigger costs mana-sync.
/// </summary>
internal sealed class WakeUpMeasurements(BenchDatabase database, DueMissions due, Report report)
{
    private const int Wakes = 20;
    private const int Turns = 80;
    private const int Inserts = 1000;
    private const int Connections = 4;

    // Longer than the listener rests between two ticks.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);

    public async Task RunAsync(Uri llm, CancellationToken cancellationToken)
    {
        await database.MakeTriggerAsync(cancellationToken);
        await WakeAsync(llm, cancellationToken);
        await InsertAsync("notes", "rows of another table", cancellationToken);
        await InsertAsync("aiMissions", "missions that set their nextRunAt", cancellationToken);
    }

    private async Task WakeAsync(Uri llm, CancellationToken cancellationToken)
    {
        await using var node = await NodeProcess.StartNodeAsync(
            database,
            llm,
            cancellationToken,
            ("TICK_ENABLED", "true"),
            ("TICK_INTERVAL_MS", "60000") // What the timer finds once in a minute is not what wakes.
        );
        var missions = await database.ReadListAsync(
            $"""
            select m.mission_id from mana_ai.missions m
             where m.state = 'active'
             order by exists (select from mana_ai.runs r
                               where (r.user_id, r.mission_id) = (m.user_id, m.mission_id)), m.mission_id
             limit {Wakes + 1}
            """,
            cancellationToken
        );
        // The first one may come before it listens.
        await LatencyAsync(missions[0], cancellationToken);
        var latency = new Sample();
        foreach (var mission in missions.Skip(1))
        {
            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            latency.Add(await LatencyAsync(mission, cancellationToken));
        }

        report.Add("a device makes a mission due: until it is claimed", $"{latency} ms", "", "", "under 1 s");
    }

    /// <returns>From the start of the device's transaction to the claim, in milliseconds, by the database's clock.</returns>
    private async Task<double> LatencyAsync(string mission, CancellationToken cancellationToken)
    {
        await due.InsertAsync(
            $"""
            select mission_id, user_id, jsonb_build_object('nextRunAt', {DueMissions.IsoText(default)}),
                   jsonb_build_object('nextRunAt', {DueMissions.IsoText(default)})
              from mana_ai.missions where mission_id = '{mission}'
            """,
            cancellationToken
        );
        while (true)
        {
            var latency = await database.ReadAsync<double>(
                $"""
                select coalesce(extract(epoch from min(r.claimed_at) - d.at)::float8 * 1000, -1)
                  from (select max(created_at) as at from public.sync_changes
                         where record_id = '{mission}' and client_id = 'bench' and table_name = 'aiMissions') d
                  left join mana_ai.runs r on r.mission_id = '{mission}' and r.claimed_at > d.at
                 group by d.at
                """,
                cancellationToken
            );
            if (latency >= 0)
            {
                return latency;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>
    /// By turns with and without, and with and without first, so that what the machine does besides falls on both alike.
    /// </summary>
    private async Task InsertAsync(string table, string what, CancellationToken cancellationToken)
    {
        var (with, without, ratio) = (new Sample(), new Sample(), new Sample());
        for (var turn = 0; turn <= Turns; turn++)
        {
            (Sample Sample, string Word)[] both = [(new(), "enable"), (new(), "disable")];
            foreach (var (sample, word) in turn % 2 == 0 ? both : both.Reverse())
            {
                await database.ExecuteAsync(
                    $"alter table public.sync_changes {word} trigger mana_ai_wake_up",
                    cancellationToken
                );
                await sample.AddAsync(() => InsertManyAsync(table, cancellationToken));
            }

            // The first turn opens the connections.
            if (turn > 0)
            {
                with.Add(both[0].Sample.Median);
                without.Add(both[1].Sample.Median);
                ratio.Add(both[0].Sample.Median / both[1].Sample.Median);
            }
        }

        report.Add(
            $"{Inserts:#,0} inserts of {what}, each a transaction, with the trigger",
            $"{with} ms",
            $"without: {without} ms; the ratio is that of the middle turn",
            Report.Ratio(ratio.Median, 1),
            "at most 1.05"
        );
    }

    private Task InsertManyAsync(string table, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, Connections),
            new ParallelOptions
            {
                MaxDegreeOfParallelism = Connections,
                CancellationToken = cancellationToken,
            },
            async (_, cancel) =>
            {
                await using var connection = await database.Source.OpenConnectionAsync(cancel);
                await using var insert = new NpgsqlCommand(
                    $$"""
                    insert into public.sync_changes (record_id, user_id, data, field_meta, app_id, table_name, op, client_id)
                    values ('a-record', 'a-user', '{"title": "edited", "nextRunAt": "2999-01-01T00:00:00.000Z"}',
                            '{"title": "2026-01-01T00:00:00.000Z", "nextRunAt": "2026-01-01T00:00:00.000Z"}',
                            'ai', '{{table}}', 'update', 'bench')
                    """,
                    connection
                );
                await insert.PrepareAsync(cancel);
                for (var one = 0; one < Inserts / Connections; one++)
                {
                    await insert.ExecuteNonQueryAsync(cancel);
                }
            }
        );
}
