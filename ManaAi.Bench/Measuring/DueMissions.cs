using System.Globalization;

namespace ManaAi.Bench.Measuring;

/// <summary>Makes missions due, as devices do: by rows of the log.</summary>
internal sealed class DueMissions(BenchDatabase database)
{
    /// <summary>
    /// Due now or soon, each of another user where there are enough of them, and none that has run before where there are
    /// enough of those.
    /// </summary>
    public Task MakeAsync(int count, CancellationToken cancellationToken, TimeSpan ahead = default) =>
        InsertAsync(
            $"""
            select mission_id, user_id, jsonb_build_object('nextRunAt', {IsoText(
                ahead
            )}, 'iterations', '[]'::jsonb),
                   jsonb_build_object('nextRunAt', {IsoText(default)}, 'iterations', {IsoText(default)})
              from (select m.mission_id, m.user_id, before.ran,
                           row_number() over (partition by m.user_id order by before.ran, m.mission_id) as turn
                      from mana_ai.missions m
                     cross join lateral (select exists (select from mana_ai.runs r
                                                         where (r.user_id, r.mission_id) = (m.user_id, m.mission_id))
                                                as ran) before
                     where m.state = 'active') each_user
             order by turn, ran, user_id
             limit {count}
            """,
            cancellationToken
        );

    /// <summary>Due by the time that passes: the rows that say when are folded already.</summary>
    /// <param name="ahead">Long enough for that.</param>
    public async Task DueSoonAsync(
        NodeProcess node,
        int count,
        TimeSpan ahead,
        CancellationToken cancellationToken
    )
    {
        await MakeAsync(count, cancellationToken, ahead);
        await node.TickAsync(cancellationToken);
        await Task.Delay(ahead, TimeProvider.System, cancellationToken);
    }

    /// <summary>Due, folded and open, and claimed by nobody.</summary>
    public async Task OpenAsync(int count, Uri llm, CancellationToken cancellationToken)
    {
        await MakeAsync(count, cancellationToken);
        await using var node = await NodeProcess.StartNodeAsync(
            database,
            llm,
            cancellationToken,
            ("DRY_RUN", "true")
        );
        await node.TickAsync(cancellationToken);
    }

    /// <summary>Each row at a time of its own, as transactions of their own would have them.</summary>
    /// <param name="select">record_id, user_id, data, times.</param>
    public Task InsertAsync(string select, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            $"""
            insert into public.sync_changes
                   (record_id, user_id, data, field_meta, app_id, table_name, op, client_id, created_at)
            select changed.*, 'ai', 'aiMissions', 'update', 'bench', clock_timestamp() from ({select}) changed
            """,
            cancellationToken
        );

    /// <summary>A time in the form that devices write, as SQL.</summary>
    public static string IsoText(TimeSpan ahead) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"""to_char((clock_timestamp() + interval '{ahead.TotalMilliseconds} ms') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
        );
}
