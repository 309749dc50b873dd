using Npgsql;
using NpgsqlTypes;

namespace ManaAi.Bench.Measuring;

/// <summary>
/// The trigger that wakes: how soon a mission is claimed that a device makes due, and what the trigger costs mana-sync.
/// </summary>
internal sealed class WakeUpMeasurements(BenchDatabase database, DueMissions due, Report report)
{
    private const int Wakes = 20;
    private const int Turns = 400;
    private const int Inserts = 100;
    private const int Connections = 4;
    private const int WarmUps = 20; // Turns that do not count.

    // Turns take other rows, so that no hundred of them decides what all cost; an odd number, so that each comes first with
    // and first without.
    private const int Samples = 41;

    // Longer than the listener rests between two ticks.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);

    public async Task RunAsync(Uri llm, CancellationToken cancellationToken)
    {
        await database.MakeTriggerAsync(cancellationToken);
        await WakeAsync(llm, cancellationToken);
        await InsertAsync("notes", "of another table", cancellationToken);
        await InsertAsync("aiMissions", "of missions, as the log has them", cancellationToken);
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
    /// By short turns with and without, and with and without first, so that what the machine does besides falls on both
    /// alike; without by sessions in which triggers do not fire, since switching it would have all sessions plan anew.
    /// </summary>
    private async Task InsertAsync(string table, string what, CancellationToken cancellationToken)
    {
        var samples = await ReadRowsAsync(cancellationToken);
        var (with, without, ratio) = (new Sample(), new Sample(), new Sample());
        for (var turn = -WarmUps; turn < Turns; turn++)
        {
            var rows = samples[(turn + WarmUps) % samples.Length];
            var (one, other) = (new Sample(), new Sample());
            (Sample Sample, NpgsqlDataSource Source)[] both =
            [
                (one, database.ManaSync),
                (other, database.ManaSyncWithoutTriggers),
            ];
            foreach (var (sample, source) in turn % 2 == 0 ? both : both.Reverse())
            {
                await sample.AddAsync(() => InsertManyAsync(source, table, rows, cancellationToken));
            }

            if (turn >= 0)
            {
                with.Add(one.Median);
                without.Add(other.Median);
                ratio.Add(one.Median / other.Median);
            }
        }

        report.Add(
            $"as mana-sync inserts {Inserts} rows {what}: with the trigger",
            $"{with} ms",
            $"without: {without} ms; the ratio is that of the middle turn",
            Report.Ratio(ratio.Median, 1),
            "at most 1.05"
        );
    }

    /// <returns>
    /// Some of the devices' rows: ids are random. Not the bench's own, which make missions due, nor the service's, which do
    /// not wake.
    /// </returns>
    private async Task<LogRow[][]> ReadRowsAsync(CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(
            $"""
            select record_id, user_id, op, data::text, field_meta::text from public.sync_changes
             where client_id not in ('bench', 'mana-ai-runner')
             order by id limit {Samples * Inserts}
            """
        );
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<LogRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(
                new LogRow(
                    reader.GetString(0),
                    reader.GetString(1),
                    reader.GetString(2),
                    reader.GetString(3),
                    reader.GetString(4)
                )
            );
        }

        return [.. rows.Chunk(Inserts)];
    }

    private static Task InsertManyAsync(
        NpgsqlDataSource source,
        string table,
        IReadOnlyList<LogRow> rows,
        CancellationToken cancellationToken
    ) =>
        Parallel.ForEachAsync(
            rows.Chunk(rows.Count / Connections),
            new ParallelOptions
            {
                MaxDegreeOfParallelism = Connections,
                CancellationToken = cancellationToken,
            },
            async (some, cancel) =>
            {
                await using var connection = await source.OpenConnectionAsync(cancel);
                foreach (var row in some)
                {
                    await InsertAsync(connection, table, row, cancel);
                }
            }
        );

    /// <summary>As mana-sync does it: each row in a transaction of its own, which first says whose row it is.</summary>
    private static async Task InsertAsync(
        NpgsqlConnection connection,
        string table,
        LogRow row,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var bind = new NpgsqlCommand(
            "select set_config('app.current_user_id', $1, true)",
            connection
        );
        bind.Parameters.Add(new NpgsqlParameter<string> { TypedValue = row.User });
        await bind.ExecuteNonQueryAsync(cancellationToken);
        await using var insert = new NpgsqlCommand(
            """
            insert into public.sync_changes
              (app_id, table_name, record_id, user_id, op, data, field_meta, client_id)
            values ('ai', $1, $2, $3, $4, $5, $6, 'bench')
            """,
            connection
        );
        foreach (var text in (string[])[table, row.Record, row.User, row.Op])
        {
            insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = text });
        }

        foreach (var json in (string[])[row.Data, row.Times])
        {
            insert.Parameters.Add(
                new NpgsqlParameter<string> { TypedValue = json, NpgsqlDbType = NpgsqlDbType.Jsonb }
            );
        }

        await insert.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private sealed record LogRow(string Record, string User, string Op, string Data, string Times);
}
