namespace ManaAi.Bench.Measuring;

/// <summary>Makes missions due, as devices do: by rows of the log.</summary>
internal sealed class DueMissions(BenchDatabase database)
{
    /// <summary>Due now, each of another user where there are enough of them.</summary>
    public Task MakeAsync(int count, CancellationToken cancellationToken) =>
        InsertAsync(
            $"""
            select mission_id, user_id, jsonb_build_object('nextRunAt', @now, 'iterations', '[]'::jsonb),
                   jsonb_build_object('nextRunAt', @now, 'iterations', @now)
              from (select mission_id, user_id,
                           row_number() over (partition by user_id order by mission_id) as turn
                      from mana_ai.missions where state = 'active') each_user
             order by turn, user_id
             limit {count}
            """,
            cancellationToken
        );

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

    /// <param name="select">record_id, user_id, data, times; @now is the time in ISO form.</param>
    public Task InsertAsync(string select, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            $"""
            insert into public.sync_changes (record_id, user_id, data, field_meta, app_id, table_name, op, client_id)
            select changed.*, 'ai', 'aiMissions', 'update', 'bench'
              from ({select.Replace(
                "@now",
                "to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
                StringComparison.Ordinal
            )}) changed
            """,
            cancellationToken
        );
}
