using Npgsql;

namespace ManaAi.Bench.Chaos;

/// <summary>What ledger and log hold; read as the superuser, by statements that are not the service's own.</summary>
internal sealed class Ledger(NpgsqlDataSource admin)
{
    /// <summary>Rows of the log that are ours and bring an iteration, each with the last one in its list.</summary>
    private const string OwnRows = """
        own as (select user_id, record_id, data -> 'iterations' as list, data -> 'iterations' -> -1 ->> 'id' as iteration
                  from public.sync_changes
                 where client_id = 'mana-ai-runner' and data ? 'iterations')
        """;

    public async Task<IReadOnlyDictionary<string, long>> SumVerdictsAsync(CancellationToken cancellationToken)
    {
        var sums = new SortedDictionary<string, long>(StringComparer.Ordinal);
        await ReadAsync(
            "select coalesce(verdict, 'open'), count(*) from mana_ai.runs group by 1",
            reader => sums.Add(reader.GetString(0), reader.GetInt64(1)),
            cancellationToken
        );
        return sums;
    }

    public async Task<IReadOnlyList<RunEvent>> ReadEventsAsync(CancellationToken cancellationToken)
    {
        var events = new List<RunEvent>();
        await ReadAsync(
            "select run_id, kind, at, coalesce(epoch, 0), node, detail from mana_ai.events where run_id is not null order by run_id, event_id",
            reader =>
                events.Add(
                    new RunEvent(
                        reader.GetInt64(0),
                        reader.GetString(1),
                        reader.GetFieldValue<DateTimeOffset>(2),
                        reader.GetInt64(3),
                        reader.IsDBNull(4) ? null : reader.GetString(4),
                        reader.IsDBNull(5) ? null : reader.GetString(5)
                    )
                ),
            cancellationToken
        );
        return events;
    }

    /// <summary>What nodes there are now: the port, the id, and since when.</summary>
    public async Task<IReadOnlyList<(int Port, string NodeId, DateTimeOffset StartedAt)>> ReadNodesAsync(
        CancellationToken cancellationToken
    )
    {
        var nodes = new List<(int, string, DateTimeOffset)>();
        await ReadAsync(
            "select substring(address from '[0-9]+$')::int, node_id, started_at from mana_ai.nodes",
            reader =>
                nodes.Add((reader.GetInt32(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2))),
            cancellationToken
        );
        return nodes;
    }

    /// <summary>Open runs, and missions that are due without one. Zero of both: nothing is left to do.</summary>
    public async Task<long> CountLeftAsync(CancellationToken cancellationToken) =>
        await CountAsync(
            """
            select (select count(*) from mana_ai.runs where verdict is null)
                 + (select count(*) from mana_ai.missions m
                     where m.state = 'active' and not m.deleted and m.obstacle is null and m.next_run_at <= now())
            """,
            cancellationToken
        );

    /// <summary>
    /// Device rows that made a mission due, had not lost to a later stamp before they arrived, and that nothing changed for
    /// so long after: in that time a run must have been opened for that instant, and by now it must be closed.
    /// </summary>
    /// <returns>How many stood, and those of them that nothing answered.</returns>
    public async Task<(long Stood, IReadOnlyList<string> Lost)> FindUnansweredAsync(
        TimeSpan stoodFor,
        CancellationToken cancellationToken
    )
    {
        var (stood, lost) = (0L, new List<string>());
        await ReadAsync(
            """
            with stamped as (
                -- A stamp is an object where a device wrote it, and a text where we did.
                select *, greatest(coalesce(field_meta #>> '{nextRunAt,at}', field_meta ->> 'nextRunAt'),
                                   coalesce(field_meta #>> '{state,at}', field_meta ->> 'state')) collate "C" as stamp
                  from public.sync_changes
                 where (app_id, table_name) = ('ai', 'aiMissions') and data ?| array['nextRunAt', 'state', 'deletedAt']
            ),
            change as (
                select user_id, record_id, client_id, data ->> 'nextRunAt' as due, created_at, stamp,
                       lead(created_at, 1, 'infinity') over mission as next_at,
                       max(stamp) over (mission rows between unbounded preceding and 1 preceding) as stamp_before
                  from stamped
                window mission as (partition by user_id, record_id order by created_at, id)
            )
            select exists (select from mana_ai.runs r
                            where (r.user_id, r.mission_id, r.due_at)
                                  = (change.user_id, change.record_id, change.due::timestamptz)
                              and r.verdict is not null),
                   format('%s/%s due %s, arrived %s, unchanged until %s', user_id, record_id, due, created_at, next_at)
              from change
             where client_id <> 'mana-ai-runner' and due is not null and next_at - created_at > $1
               and stamp > coalesce(stamp_before, '')
            """,
            reader =>
            {
                stood++;
                if (!reader.GetBoolean(0))
                {
                    lost.Add(reader.GetString(1));
                }
            },
            cancellationToken,
            stoodFor
        );
        return (stood, lost);
    }

    /// <summary>Iterations that two rows of ours brought, and lists that hold one twice.</summary>
    public async Task<long> CountTwiceAsync(CancellationToken cancellationToken) =>
        await CountAsync(
            $"""
            with {OwnRows}
            select (select count(*) from (select iteration from own group by iteration having count(*) > 1) as twice)
                 + (select count(*) from own
                     where (select count(*) <> count(distinct one ->> 'id') from jsonb_array_elements(list) as one))
                 + (select count(*) from (select from mana_ai.runs group by user_id, mission_id, due_at
                                          having count(*) > 1) as twice)
            """,
            cancellationToken
        );

    public async Task<long> CountOwnRowsAsync(CancellationToken cancellationToken) =>
        await CountAsync($"with {OwnRows} select count(*) from own", cancellationToken);

    /// <summary>The most calls that an occurrence was charged with; 429 is not.</summary>
    public async Task<long> MostCallsAsync(CancellationToken cancellationToken) =>
        await CountAsync("select coalesce(max(calls), 0)::bigint from mana_ai.runs", cancellationToken);

    public async Task<bool> HasVerdictAsync(
        (string UserId, string MissionId, DateTimeOffset DueAt) occurrence,
        CancellationToken cancellationToken
    ) =>
        await CountAsync(
            "select count(*) from mana_ai.runs where (user_id, mission_id, due_at) = ($1, $2, $3) and verdict is not null",
            cancellationToken,
            occurrence.UserId,
            occurrence.MissionId,
            occurrence.DueAt
        ) == 1;

    private async Task<long> CountAsync(
        string sql,
        CancellationToken cancellationToken,
        params object[] values
    )
    {
        var count = 0L;
        await ReadAsync(sql, reader => count = reader.GetInt64(0), cancellationToken, values);
        return count;
    }

    private async Task ReadAsync(
        string sql,
        Action<NpgsqlDataReader> read,
        CancellationToken cancellationToken,
        params object[] values
    )
    {
        await using var command = admin.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            read(reader);
        }
    }
}
