using System.Text.Json;
using ManaAi.Actors.Runs;
using ManaAi.Actors.Verification;
using ManaAi.Tests.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Forgetting;

/// <summary>`forget` leaves nothing that the user wrote in mana_ai, and nothing of it comes back by itself.</summary>
public sealed class ForgetTests : BenchTests
{
    private const string Text = "Find out whether the canary sings";

    [Fact]
    public async Task Nothing_that_the_user_wrote_is_left_anywhere_and_others_keep_all_of_theirs()
    {
        var node = Bench.Node();
        await LiveAsync(node);
        (await FindTextAsync()).ShouldNotBeEmpty("or the test shows nothing");

        var ended = await RunAsync("forget user-1");

        ended.ExitCode.ShouldBe(0, ended.Error);
        ended.Output.ShouldContain("missions        2  removed\n");
        ended.Output.ShouldContain("agents          1  removed\n");
        ended.Output.ShouldContain("runs            1  closed unplanned\n");
        ended.Output.ShouldContain("runs            2  kept without answers, errors and details\n");
        ended.Output.ShouldMatch("events +[0-9]+  removed\n");
        ended.Output.ShouldContain("pauses          1  removed\n");
        ended.Error.ShouldContain("The change log still holds 4 rows of this user's missions and agents.");
        (await FindTextAsync()).ShouldBeEmpty();
        (await TablesOfAsync("user-1")).ShouldBe([
            "folded_changes",
            "forgotten_users",
            "runs",
            "token_usage",
        ]);
        (
            await Database.ReadAsync<long>("select count(*) from mana_ai.missions where user_id = 'user-2'")
        ).ShouldBe(1);
        (
            await Database.ReadAsync<long>("select count(*) from mana_ai.events where user_id = 'user-2'")
        ).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_dry_run_says_the_same_and_changes_nothing()
    {
        await LiveAsync(Bench.Node());
        var before = await DumpAsync();

        var would = await RunAsync("forget user-1 --dry-run -o json");

        (await DumpAsync()).ShouldBe(before);
        would.ExitCode.ShouldBe(0, would.Error);
        would.Error.ShouldStartWith("Nothing was removed, since this was a dry run. ");
        var tables = JsonDocument.Parse(would.Output).RootElement.GetProperty("tables").GetRawText();
        JsonDocument
            .Parse((await RunAsync("forget user-1 -o json")).Output)
            .RootElement.GetProperty("tables")
            .GetRawText()
            .ShouldBe(tables);
    }

    [Fact]
    public async Task What_the_log_still_holds_is_folded_neither_by_a_new_row_nor_from_nothing()
    {
        var node = Bench.Node();
        var mission = await LiveAsync(node);
        await RunAsync("forget user-1");

        await Bench.EditAsync(mission, "title", $"\"{Text}\"");
        await Bench.InsertDueAsync("mission-3", one => one with { Objective = Text });
        await node.TickAsync();
        (await FindTextAsync()).ShouldBeEmpty("a device writes on");
        await node.SweepAsync();
        await Database.ExecuteAsync(
            "update mana_ai.cursor set read_at = null, snapshot = null, swept_at = null, sweep_snapshot = null"
        );
        (await node.FoldAsync()).IsFromNothing.ShouldBeTrue();

        (await FindTextAsync()).ShouldBeEmpty("everything was folded anew");
        (await Database.ReadAsync<string[]>("select array_agg(user_id) from mana_ai.missions")).ShouldBe([
            "user-2",
        ]);
        var report = await VerifyAsync();
        report.IsOk.ShouldBeTrue(string.Join('\n', report.Findings));
        report.Notes.ShouldContain(note => note.StartsWith("1 users are forgotten"));
    }

    [Fact]
    public async Task A_claim_that_is_under_way_can_neither_keep_its_answer_nor_write()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync(change: one => one with { Objective = Text });
        var claim = await node.TickAndClaimAsync();
        await node.AdmitAsync(claim, estimate: 70);

        await RunAsync("forget user-1");

        (await node.KeepAsync(claim, Text)).ShouldBeFalse();
        (await node.WriteAsync(claim)).ShouldBe(WriteBackResult.ClaimLost);
        (await Database.OwnChangesAsync()).ShouldBeEmpty();
        (await FindTextAsync()).ShouldBeEmpty();
        var run = (await Database.RunsAsync()).ShouldHaveSingleItem();
        run.Verdict.ShouldBe("superseded");
        (
            await Database.ReadAsync<long>("select sum(prompt_tokens)::bigint from mana_ai.token_usage")
        ).ShouldBe(70, "what the call may have cost is counted");
    }

    [Fact]
    public async Task Undone_the_missions_are_back_as_the_log_has_them_and_no_occurrence_is_planned_twice()
    {
        var node = Bench.Node(options: new RunOptions { IsScheduleAdvanced = false });
        var mission = await Bench.InsertDueAsync(change: one => one with { Objective = Text });
        await node.WriteAsync(await node.TickAndClaimAsync());
        await RunAsync("forget user-1");
        await Bench.EditAsync(mission, "title", "\"Later\"");
        await node.FoldAsync();

        var undone = await RunAsync("forget user-1 --undo");

        undone.ExitCode.ShouldBe(0, undone.Error);
        undone.Output.ShouldBe("folded again  1 records\n");
        await Bench.ShouldBeFoldedAsync(mission);
        (await node.TickAsync()).ShouldBeEmpty("its occurrence has its run");
        (await Database.RunsAsync()).ShouldHaveSingleItem().Verdict.ShouldBe("planned");
        (await VerifyAsync()).IsOk.ShouldBeTrue();
        (await RunAsync("forget user-1 --undo")).ShouldFail(3, "No user with this id is passed over.");
    }

    [Fact]
    public async Task When_the_log_is_empty_of_the_user_the_mark_goes_too_and_verify_finds_nothing_wrong()
    {
        var node = Bench.Node();
        await LiveAsync(node);
        await RunAsync("forget user-1");
        await Database.ExecuteAsync("delete from public.sync_changes where user_id = 'user-1'");

        var again = await RunAsync("forget user-1");

        again.ExitCode.ShouldBe(0, again.Error);
        again.Error.ShouldContain("so none of it can come back");
        (await TablesOfAsync("user-1")).ShouldNotContain("forgotten_users");
        var report = await VerifyAsync();
        report.IsOk.ShouldBeTrue(string.Join('\n', report.Findings));
    }

    [Fact]
    public async Task What_it_cannot_do_has_its_exit_code()
    {
        (await RunAsync("forget nobody")).ShouldFail(3, "Nothing here is of a user with this id.");
        (await RunAsync("forget nobody --undo")).ShouldFail(3, "passed over");
        (await RunAsync("forget")).ExitCode.ShouldBe(2);
        (await RunAsync("forget user-1 --dry-run --undo")).ExitCode.ShouldBe(2);
    }

    /// <summary>Every table with a user's rows is one that `forget` knows: a new one has to be thought of here.</summary>
    [Fact]
    public async Task No_table_holds_users_rows_that_forgetting_does_not_know() =>
        (
            await Database.ReadAsync<string[]>(
                """
                select array_agg(distinct table_name::text order by table_name::text) from information_schema.columns
                 where table_schema = 'mana_ai' and column_name = 'user_id'
                """
            )
        ).ShouldBe([
            "agents",
            "events",
            "folded_changes",
            "forgotten_users",
            "missions",
            "pauses",
            "runs",
            "token_usage",
            "users",
        ]);

    /// <summary>A user with an agent, a planned run and one that waits after a failed attempt, and another user.</summary>
    private async Task<DeviceMission> LiveAsync(BenchNode node)
    {
        await Database.InsertChangeAsync(
            new DeviceChange("agent-1", $$"""{"id":"agent-1","name":"{{Text}}","state":"active"}""")
            {
                TableName = "agents",
            }
        );
        var mission = await Bench.InsertDueAsync(change: one => one with { Objective = Text });
        var claim = await node.TickAndClaimAsync();
        await node.AdmitAsync(claim);
        await node.KeepAsync(claim, Text);
        await node.WriteAsync(claim);
        await Bench.InsertDueAsync("mission-2", one => one with { Objective = Text });
        await node.TickAsync();
        var waiting = (await node.ClaimAsync()).ShouldHaveSingleItem();
        await node.AdmitAsync(waiting);
        await node.ReleaseAsync(waiting, new Release(TimeSpan.FromHours(1), "llm", Text, CostsAttempt: true));
        await Bench.InsertDueAsync("mission-4", one => one with { UserId = "user-2", Objective = "Sing" });
        await node.TickAsync();
        await Database.ExecuteAsync(
            $"""
            update mana_ai.runs set detail = '{Text}', last_refusal = '{Text}' where verdict is not null;
            insert into mana_ai.pauses (user_id, reason) values ('user-1', '{Text}');
            insert into mana_ai.budgets (scope) values ('user user-1'), ('mission user-1/mission-1'), ('service')
            """
        );
        return mission;
    }

    private Task<CommandEnd> RunAsync(string line) =>
        CommandEnd.OfAsync(line, ("SYNC_DATABASE_URL", Database.ReaderUrl));

    private Task<VerifyReport> VerifyAsync() =>
        Verifier.RunAsync(Bench.Sync, Bench.Access.Shape, new VerifyOptions(), CancellationToken.None);

    /// <summary>In which tables of mana_ai the text stands.</summary>
    private async Task<IReadOnlyList<string>> FindTextAsync() =>
        [
            .. (await DumpAsync())
                .Split('\n')
                .Where(line => line.Contains(Text, StringComparison.Ordinal))
                .Select(line => line.Split(' ')[0])
                .Distinct(StringComparer.Ordinal),
        ];

    /// <summary>All rows of mana_ai, each in a line behind its table's name.</summary>
    private async Task<string> DumpAsync() =>
        (
            await Database.ReadAsync<string>(
                """
                select string_agg(regexp_replace(
                         query_to_xml('select ''' || relname || ' '' || t::text as row from mana_ai.' || quote_ident(relname)
                                      || ' t order by 1', false, true, '')::text, '<[^>]*>', '', 'g'), '')
                  from pg_class where relnamespace = 'mana_ai'::regnamespace and relkind = 'r' and relname <> 'cursor'
                """
            )
        )!;

    private async Task<string[]> TablesOfAsync(string user) =>
        [
            .. (await DumpAsync())
                .Split('\n')
                .Where(line => line.Contains(user, StringComparison.Ordinal))
                .Select(line => line.Trim().Split(' ')[0])
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
}
