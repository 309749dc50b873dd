using System.Net;
using System.Text.Json;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Whole;

/// <summary>A node whose database goes away and comes back.</summary>
public sealed class DatabaseAwayTests : WholeTests
{
    [Fact]
    public async Task Without_a_database_a_node_says_so_and_goes_on_by_itself_when_it_is_back()
    {
        await using var proxy = NewProxy();
        var node = await StartOnAsync(ThroughProxy(proxy));
        await InsertDueAsync("mission-1");
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
        (await node.ReadinessAsync()).Status.ShouldBe(HttpStatusCode.OK);

        proxy.TakeAway();
        var answer = await node.TickAsync();
        answer.Numbers.ShouldBe((0, 0, 0, 0));
        answer.Errors.ShouldHaveSingleItem().ShouldContain("cannot be reached");
        var (status, body) = await node.ReadinessAsync();
        status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        body.GetProperty("reasons").GetArrayLength().ShouldBeGreaterThan(0);
        await InsertDueAsync("mission-2");

        proxy.GiveBack();
        await Eventually.SeesAsync(node.ReadinessAsync, seen => seen.Status == HttpStatusCode.OK);
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
        (await Database.OwnChangesAsync()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_database_that_stays_away_is_told_and_not_told_again_with_every_tick()
    {
        await using var proxy = NewProxy();
        var node = await StartOnAsync(
            ThroughProxy(proxy),
            ("TICK_ENABLED", "true"),
            ("TICK_INTERVAL_MS", "100"),
            ("RUN_LEASE_MS", "2000")
        );
        await Eventually.SeesAsync(node.ReadinessAsync, seen => seen.Status == HttpStatusCode.OK);
        var said = node.Log.All.Count;

        proxy.TakeAway();
        var before = await node.TicksAsync();
        await Eventually.SeesAsync(node.TicksAsync, ticks => ticks > before + 25);

        var lines = node.Log.All.Skip(said).ToArray();
        lines.ShouldContain(line => line.Id == 111); // Not ready, and why.
        lines.GroupBy(line => line.Id).ShouldAllBe(lines => lines.Count() <= 3);
    }

    [Fact]
    public async Task A_node_that_starts_before_its_database_is_there_works_when_it_comes()
    {
        await using var proxy = NewProxy();
        proxy.TakeAway();
        var node = await StartOnAsync(ThroughProxy(proxy));
        await InsertDueAsync();
        (await node.TickAsync()).Errors.Count.ShouldBe(1);
        (await node.ReadinessAsync()).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);

        proxy.GiveBack();

        await Eventually.SeesAsync(node.ReadinessAsync, seen => seen.Status == HttpStatusCode.OK);
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
    }

    [Fact]
    public async Task Connections_cut_during_a_call_cost_neither_the_mission_nor_a_second_row()
    {
        await using var proxy = NewProxy();
        var node = await StartOnAsync(ThroughProxy(proxy), ("RUN_LEASE_MS", "2000"));
        await InsertDueAsync();
        Llm.Behave(new Host.Commands.LlmStub.StubBehaviour { DelayMs = 200 });
        var tick = node.SendTickAsync();
        await Llm.Calls.WhenAsync(1, CancellationToken.None);

        proxy.Cut();

        (await tick).Dispose();
        var run = await Eventually.SeesAsync(SingleRunAsync, run => run.Verdict is not null);
        run.Verdict.ShouldBe("planned");
        (await IterationAsync()).ShouldBe(("awaiting-review", null));
    }

    [Fact]
    public async Task A_write_back_whose_COMMIT_nobody_acknowledged_ended_its_run_once()
    {
        await using var proxy = NewProxy();
        var node = await StartOnAsync(ThroughProxy(proxy), ("RUN_LEASE_MS", "2000"));
        await node.TickAsync();
        await InsertDueAsync();
        proxy.LoseAnswerToCommitAfter("insert into public.sync_changes");

        await node.TickAsync();
        var run = await Eventually.SeesAsync(SingleRunAsync, run => run.Verdict is not null);
        (await node.TickAsync()).Errors.ShouldBeEmpty();

        (run.Verdict, run.Attempts, run.Calls).ShouldBe(("planned", 1, 1));
        (await IterationAsync()).ShouldBe(("awaiting-review", null));
        Llm.Calls.Total.ShouldBe(1);
    }

    [Fact]
    public async Task Without_a_connection_left_a_node_says_so_and_goes_on_by_itself_when_there_is_one()
    {
        var node = await StartAsync(("TICK_ENABLED", "true"), ("TICK_INTERVAL_MS", "100"));
        await InsertDueAsync("mission-1");
        await Eventually.SeesAsync(Database.OwnChangesAsync, rows => rows.Count == 1);

        await Database.ExecuteAsync($"alter database {Database.Name} connection limit 0");
        await EndSessionsAsync();
        var (_, body) = await Eventually.SeesAsync(
            node.ReadinessAsync,
            seen => seen.Status == HttpStatusCode.ServiceUnavailable && IsWithoutConnection(seen.Body)
        );
        body.GetProperty("reasons").GetArrayLength().ShouldBe(1);
        await InsertDueAsync("mission-2");

        await Database.ExecuteAsync($"alter database {Database.Name} connection limit -1");
        await Eventually.SeesAsync(Database.OwnChangesAsync, rows => rows.Count == 2);
        (await node.ReadinessAsync()).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Sessions_ended_in_the_middle_of_everything_cost_no_mission_and_no_second_row()
    {
        const int missions = 10;
        (string, string)[] settings =
        [
            ("TICK_ENABLED", "true"),
            ("TICK_INTERVAL_MS", "100"),
            ("RUN_LEASE_MS", "2000"),
            ("RUN_MAX_ATTEMPTS", "20"),
        ];
        var node = await StartAsync(settings);
        await StartAsync(settings);
        await Eventually.SeesAsync(node.ReadinessAsync, seen => seen.Status == HttpStatusCode.OK);
        Llm.Behave(new Host.Commands.LlmStub.StubBehaviour { DelayMs = 50 });
        for (var number = 0; number < missions; number++)
        {
            await InsertDueAsync($"mission-{number}", $"user-{number}");
            await EndSessionsAsync();
        }

        // As soon as somebody is back, wherever he is by then.
        for (var times = 0; times < 20; times++)
        {
            await Eventually.SeesAsync(SessionsAsync, sessions => sessions > 0);
            await EndSessionsAsync();
        }

        var runs = await Eventually.SeesAsync(
            Database.RunsAsync,
            runs => runs.Count == missions && runs.All(run => run.Verdict is not null)
        );

        runs.ShouldAllBe(run => run.Verdict == "planned");
        var rows = await Database.OwnChangesAsync();
        rows.Select(row => row.RecordId).Distinct().Count().ShouldBe(missions);
        rows.Count.ShouldBe(missions);
        Llm.Calls.Total.ShouldBeLessThanOrEqualTo(runs.Sum(run => run.Calls));
    }

    private static bool IsWithoutConnection(JsonElement body) =>
        body.GetProperty("reasons")
            .EnumerateArray()
            .Any(reason => reason.GetString()!.Contains("no connection left"));

    private Task<long> SessionsAsync() =>
        Database.ReadAsync<long>(
            """
            select count(*) from pg_stat_activity
             where datname = current_database() and usename = 'mana_ai_reader'
            """
        );

    /// <summary>As an operator does who wants a database to himself.</summary>
    private Task EndSessionsAsync() =>
        Database.ExecuteAsync(
            $"""
            select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and usename = 'mana_ai_reader'
               and application_name <> '{NewState.Lasting}'
            """
        );

    private TcpProxy NewProxy()
    {
        var server = new NpgsqlConnectionStringBuilder(Database.SuperuserConnectionString);
        return new TcpProxy(new IPEndPoint(IPAddress.Parse(server.Host!), server.Port));
    }

    private string ThroughProxy(TcpProxy proxy) =>
        new UriBuilder(Database.ReaderUrl) { Host = "127.0.0.1", Port = proxy.Port }
            .Uri
            .AbsoluteUri;
}
