using ManaAi.Actors;
using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;
using ManaAi.Actors.Ticking;
using ManaAi.Actors.Upkeep;
using ManaAi.Tests.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Upkeep;

/// <summary>What is older than it is kept goes, a little at a time, and nothing that anything still asks for.</summary>
public sealed class HousekeeperTests : BenchTests
{
    private static readonly TickOutcome _idle = new(default, [], [], TimeSpan.FromMilliseconds(3));

    private readonly ManualTime _time = new();
    private readonly Metrics _metrics = new();

    [Fact]
    public async Task Closed_runs_go_when_they_are_older_than_they_are_kept()
    {
        await AddRunsAsync("old", 3, "now() - interval '91 days'");
        await AddRunsAsync("young", 2, "now() - interval '89 days'");
        await AddRunsAsync("open", 1, null);

        await TickAsync(NewHousekeeper());

        (await UsersAsync()).ShouldBe(["open", "young", "young"]);
    }

    [Fact]
    public async Task The_run_stays_that_keeps_its_mission_from_being_planned_again()
    {
        var node = Bench.Node(options: new RunOptions { IsScheduleAdvanced = false });
        var mission = await Bench.InsertDueAsync();
        await node.WriteAsync(await node.TickAndClaimAsync());
        await Database.ExecuteAsync("update mana_ai.runs set closed_at = now() - interval '400 days'");

        await TickAsync(NewHousekeeper());

        (await Database.RunsAsync()).ShouldHaveSingleItem().DueAt.ShouldBe(mission.DueAt!.Value);
        (await node.TickAsync()).ShouldBeEmpty("it was planned at that instant");

        await Bench.EditAsync(mission, "nextRunAt", "\"2100-01-01T00:00:00.000Z\"");
        await node.FoldAsync();
        await TickAsync(NewHousekeeper());
        (await Database.RunsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Token_counts_events_and_ticks_go_by_their_own_times()
    {
        await Database.ExecuteAsync(
            """
            insert into mana_ai.token_usage (used_at, run_id, user_id, mission_id, model, prompt_tokens,
                                             completion_tokens, is_estimate)
            select now() - age, 1, 'user-1', 'mission-1', 'm', 1, 1, false
              from unnest(array['401 days', '399 days', '1 hour']::interval[]) as age;
            insert into mana_ai.events (at, kind, user_id, mission_id)
            select now() - age, 'due', 'user-1', 'mission-1' from unnest(array['31 days', '29 days']::interval[]) as age;
            insert into mana_ai.ticks (node, ended_at, took_ms, rows_folded, opened, claimable, errors)
            select 'node', now() - age, 1, 1, 0, 0, '{}' from unnest(array['8 days', '6 days']::interval[]) as age
            """
        );

        await TickAsync(NewHousekeeper());

        (await CountAsync("token_usage")).ShouldBe(2);
        (await CountAsync("events")).ShouldBe(1);
        (await CountAsync("ticks")).ShouldBe(2, "a young one, and the one that pruned");
    }

    [Fact]
    public async Task Many_go_in_small_transactions_and_what_is_too_much_for_one_time_goes_the_next()
    {
        await AddRunsAsync("old", 25, "now() - interval '91 days'");
        var housekeeper = NewHousekeeper(new UpkeepOptions { RowsMax = 4, BatchesMax = 3 });

        await TickAsync(housekeeper);
        (await CountAsync("runs")).ShouldBe(13);
        await TickAsync(housekeeper);
        (await CountAsync("runs")).ShouldBe(13, "it was just done");
        _time.Advance(new UpkeepOptions().Interval);
        await TickAsync(housekeeper);

        (await CountAsync("runs")).ShouldBe(1);
    }

    [Fact]
    public async Task A_run_that_somebody_holds_a_lock_on_is_left_and_nobody_waits_for_it()
    {
        await AddRunsAsync("old", 2, "now() - interval '91 days'");
        await using var connection = await Database.Superuser.OpenConnectionAsync();
        await using var other = await connection.BeginTransactionAsync();
        await using var hold = new Npgsql.NpgsqlCommand(
            "select 1 from mana_ai.runs order by run_id limit 1 for update",
            connection
        );
        await hold.ExecuteScalarAsync();

        await TickAsync(NewHousekeeper());

        (await CountAsync("runs")).ShouldBe(1);
    }

    [Fact]
    public async Task While_one_node_prunes_another_leaves_it_alone()
    {
        await AddRunsAsync("old", 2, "now() - interval '91 days'");
        await using var connection = await Database.Superuser.OpenConnectionAsync();
        await using var other = await connection.BeginTransactionAsync();
        await using var take = new Npgsql.NpgsqlCommand(
            $"select pg_advisory_xact_lock({Housekeeper.LockKey})",
            connection
        );
        await take.ExecuteNonQueryAsync();

        await TickAsync(NewHousekeeper());

        (await CountAsync("runs")).ShouldBe(2);
    }

    [Fact]
    public async Task A_tick_that_found_or_failed_leaves_a_row_and_an_idle_one_only_now_and_then()
    {
        var housekeeper = NewHousekeeper();

        await TickAsync(housekeeper);
        await TickAsync(housekeeper);
        await TickAsync(housekeeper, _idle with { Rows = 5, Opened = 2, Claimable = [7, 8, 9] });
        await TickAsync(housekeeper, _idle with { Errors = ["the database was away"] });
        await TickAsync(housekeeper);
        _time.Advance(new UpkeepOptions().Interval);
        await TickAsync(housekeeper);

        (
            await Database.ReadAsync<string[]>(
                """
                select array_agg(format('%s %s %s %s %s %s', node, took_ms, rows_folded, opened, claimable, errors::text)
                                 order by tick_id)
                  from mana_ai.ticks
                """
            )
        ).ShouldBe([
            "node-1 3 0 0 0 {}",
            "node-1 3 5 2 3 {}",
            "node-1 3 0 0 0 {\"the database was away\"}",
            "node-1 3 0 0 0 {}",
        ]);
    }

    [Fact]
    public async Task A_database_that_is_away_costs_nothing_but_the_row()
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(
            "Host=127.0.0.1;Port=1;Username=nobody;Database=nowhere"
        );
        var log = new KeptLog<Housekeeper>();
        using var housekeeper = new Housekeeper(
            new SyncDatabase(source),
            new NodeId("node-1"),
            new UpkeepOptions(),
            _time,
            _metrics,
            log
        );

        await TickAsync(housekeeper, _idle with { Rows = 1 });

        log.Of(307).Count.ShouldBe(1);
    }

    private Housekeeper NewHousekeeper(UpkeepOptions? options = null) =>
        new(
            Bench.Sync,
            new NodeId("node-1"),
            options ?? new UpkeepOptions(),
            _time,
            _metrics,
            new KeptLog<Housekeeper>()
        );

    private static Task TickAsync(Housekeeper housekeeper, TickOutcome? outcome = null) =>
        housekeeper.HandleAsync(new TickEnded(outcome ?? _idle), CancellationToken.None);

    /// <param name="closedAt">SQL; null leaves them open.</param>
    private Task AddRunsAsync(string user, int count, string? closedAt) =>
        Database.ExecuteAsync(
            $"""
            insert into mana_ai.runs (user_id, mission_id, due_at, verdict, reason, closed_at)
            select '{user}', 'mission-' || n, '2025-01-01', {(
                closedAt is null ? "null, null, null" : $"'skipped', 'missed', {closedAt}"
            )}
              from generate_series(1, {count}) n
            """
        );

    private async Task<string[]> UsersAsync() =>
        (await Database.RunsAsync()).Select(run => run.UserId).Order(StringComparer.Ordinal).ToArray();

    private Task<long> CountAsync(string table) =>
        Database.ReadAsync<long>($"select count(*) from mana_ai.{table}");
}
