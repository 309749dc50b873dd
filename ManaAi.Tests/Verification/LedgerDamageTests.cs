using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Runs;
using ManaAi.Actors.Verification;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Verification;

/// <summary>I1, I2 and I8: what the ledger and the log say of each other.</summary>
public sealed class LedgerDamageTests : IAsyncLifetime
{
    private VerifyBench _bench = null!;

    public async Task InitializeAsync() => _bench = await VerifyBench.CreateAsync();

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    private string OwnRow => $"id = '{_bench.Claim.Occurrence.ChangeId}'";

    [Theory]
    [InlineData(Support.LogGeneration.One)]
    [InlineData(Support.LogGeneration.Two)]
    public async Task A_healthy_database_verifies_clean(Support.LogGeneration generation)
    {
        await using var bench = await VerifyBench.CreateAsync(generation);
        await bench.MakeDueAsync();
        await bench.PlanAsync(Verdicts.UnreadableMission());
        await bench.MakeDueAsync();
        await bench.PlanAsync(new Verdict.Skipped("missed", "too late"));
        await bench.Database.InsertChangeAsync(
            new DeviceChange("agent-1", """{"name":"Reader","state":"active"}""") { TableName = "agents" }
        );
        await bench.Ledger.InsertDueAsync("mission-2", mission => mission with { UserId = "user-ü-🚀" });
        await bench.Ledger.InsertDueAsync("mission-3", mission => mission with { UserId = "user-\uFFFD" });
        await bench.Node.TickAsync();

        var report = await bench.VerifyAsync();

        report.Findings.Select(finding => finding.ToString()).ShouldBeEmpty();
        report.Notes.ShouldBeEmpty();
        report.IsOk.ShouldBeTrue();
        (report.Looked.Missions, report.Looked.Agents, report.Looked.OwnChanges).ShouldBe((3, 1, 3));
        report.Looked.Changes.ShouldBe(9);
        report
            .Looked.Runs.OrderBy(sum => sum.Key, StringComparer.Ordinal)
            .Select(sum => (sum.Key, sum.Value))
            .ShouldBe([("failed", 1), ("open", 2), ("planned", 1), ("skipped", 1)]);
    }

    [Fact]
    public async Task A_plan_without_its_row_is_wrong()
    {
        await _bench.DamageAsync($"delete from public.sync_changes where {OwnRow}");

        var findings = (await _bench.VerifyAsync()).Findings;
        var finding = findings.Where(one => one.Invariant == "I1").ShouldHaveSingleItem();
        (finding.Kind, finding.Severity).ShouldBe(("row-missing", Severity.Wrong));
        (
            finding.Record?.UserId,
            finding.Record?.RecordId,
            finding.RunId,
            finding.ChangeId,
            finding.DueAt
        ).ShouldBe(
            (
                "user-1",
                "mission-1",
                _bench.Claim.RunId,
                _bench.Claim.Occurrence.ChangeId,
                _bench.Mission.DueAt
            )
        );
    }

    [Fact]
    public async Task A_plan_whose_row_went_with_all_that_is_older_is_lost()
    {
        await _bench.Ledger.EditAsync(_bench.Mission, "title", "\"Kept\"");
        await _bench.Node.FoldAsync();
        await _bench.DamageAsync(
            "delete from public.sync_changes where data ->> 'title' is distinct from 'Kept'"
        );

        (await _bench.FindAsync()).ShouldBe(["I1 row-lost lost", "I5 log-lost-rows lost"]);
    }

    [Fact]
    public async Task A_row_of_another_record_under_the_id_is_wrong()
    {
        await _bench.DamageAsync($"update public.sync_changes set record_id = 'mission-9' where {OwnRow}");

        (await _bench.FindAsync()).ShouldContain("I1 row-elsewhere wrong");
    }

    [Fact]
    public async Task A_row_under_the_id_without_the_iteration_is_wrong()
    {
        await _bench.DamageAsync($"update public.sync_changes set data = data - 'iterations' where {OwnRow}");

        (await _bench.FindAsync()).ShouldContain("I1 row-without-iteration wrong");
    }

    [Fact]
    public async Task An_iteration_that_a_record_holds_twice_is_wrong()
    {
        await _bench.DamageAsync(
            """
            update mana_ai.missions
               set record = jsonb_set(record, '{iterations}', (record -> 'iterations') || (record -> 'iterations'))
            """
        );

        (await _bench.FindAsync()).ShouldBe(["I1 iteration-twice wrong", "I5 projection wrong"]);
    }

    [Fact]
    public async Task An_iteration_that_is_not_the_occurrences_own_is_wrong()
    {
        await _bench.DamageAsync("update mana_ai.runs set iteration_id = gen_random_uuid()");

        (await _bench.FindAsync()).ShouldBe(["I1 iteration-id wrong"]);
    }

    [Fact]
    public async Task An_iteration_that_a_device_replaced_is_overwritten_and_not_wrong()
    {
        await _bench.Ledger.EditAsync(_bench.Mission, "iterations", $"[{DeviceIteration.Approved("own")}]");
        await _bench.Node.FoldAsync();
        await _bench.MakeDueAsync();
        await _bench.PlanAsync();

        var report = await _bench.VerifyAsync();
        var finding = report.Findings.ShouldHaveSingleItem();
        (finding.Kind, finding.Severity, finding.RunId).ShouldBe(
            ("overwritten", Severity.Overwritten, _bench.Claim.RunId)
        );
        report.IsOk.ShouldBeTrue();
    }

    [Fact]
    public async Task An_iteration_that_our_own_next_row_left_out_is_wrong()
    {
        await _bench.MakeDueAsync();
        var second = await _bench.PlanAsync();
        await _bench.DamageAsync(
            $"""
            update public.sync_changes set data = jsonb_set(data, '{"{iterations}"}', (data -> 'iterations') - 0)
             where id = '{second.Occurrence.ChangeId}'
            """
        );
        var report = await _bench.VerifyAsync();
        await _bench.RefoldAsync();

        report.Findings.Select(one => one.Invariant).ShouldBe(["I5"], "the projection still has it");
        (await _bench.FindAsync()).ShouldBe(["I1 dropped wrong"]);
    }

    [Fact]
    public async Task A_result_that_the_log_did_not_take_is_no_iteration()
    {
        await _bench.MakeDueAsync();
        var claim = await _bench.Node.TickAndClaimAsync();
        await _bench.Node.Ledger.GiveUpAsync(claim, "23514", CancellationToken.None);

        (await _bench.FindAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Rows_of_the_ledger_that_cannot_be_are_wrong()
    {
        await _bench.MakeDueAsync();
        await _bench.Node.TickAsync();
        await _bench.DamageAsync(
            """
            do $$ declare c text; begin
                for c in select conname from pg_constraint where conrelid = 'mana_ai.runs'::regclass and contype in ('c', 'u') loop
                    execute format('alter table mana_ai.runs drop constraint %I', c);
                end loop;
            end $$;
            drop index mana_ai.runs_open;
            insert into mana_ai.runs (user_id, mission_id, due_at)
            select user_id, mission_id, due_at + interval '1 s' from mana_ai.runs where verdict is null;
            insert into mana_ai.runs (user_id, mission_id, due_at, verdict, closed_at) values
                   ('user-1', 'mission-7', now(), 'lost', now()),
                   ('user-1', 'mission-8', '2026-01-01', 'superseded', null),
                   ('user-1', 'mission-8', '2026-01-01', 'superseded', now());
            """
        );

        (await _bench.FindAsync()).ShouldBe([
            "I2 half-closed wrong",
            "I2 two-open wrong",
            "I2 two-runs wrong",
            "I2 unknown-verdict wrong",
        ]);
    }

    [Fact]
    public async Task A_mission_due_for_long_without_a_run_is_wrong_and_one_due_just_now_is_not()
    {
        await _bench.MakeDueAsync();
        await _bench.Node.FoldAsync();
        (await _bench.FindAsync()).ShouldBeEmpty();
        var impatient = new VerifyOptions { StaleAfter = TimeSpan.Zero, SettleFor = TimeSpan.Zero };

        (await _bench.FindAsync(impatient)).ShouldBe(["I2 due-without-run wrong"]);

        await _bench.Node.TickAsync();
        (await _bench.FindAsync(impatient)).ShouldBeEmpty();
        await _bench.DamageAsync(
            "update mana_ai.runs set verdict = 'superseded', closed_at = now() where verdict is null"
        );
        (await _bench.FindAsync(impatient)).ShouldBe(["I2 due-without-run wrong"], "it should be open again");
    }

    [Fact]
    public async Task What_a_tick_under_way_opens_meanwhile_is_not_wrong()
    {
        await _bench.MakeDueAsync();
        await _bench.Node.FoldAsync();
        var verify = _bench.VerifyAsync(
            new VerifyOptions { StaleAfter = TimeSpan.Zero, SettleFor = TimeSpan.FromMinutes(1) }
        );

        await _bench.Node.TickAsync();

        (await verify).Findings.ShouldBeEmpty();
    }

    [Fact]
    public async Task Where_no_tick_looks_a_due_mission_is_told_and_not_judged()
    {
        await _bench.MakeDueAsync();
        await _bench.Node.FoldAsync();
        await _bench.DamageAsync("update mana_ai.cursor set read_at = read_at - interval '1 hour'");

        var report = await _bench.VerifyAsync(new VerifyOptions { StaleAfter = TimeSpan.Zero });

        report.Findings.ShouldBeEmpty();
        report.Notes.ShouldHaveSingleItem().ShouldContain("stopped, paused or without its timer");
    }

    [Fact]
    public async Task A_schedule_that_nobody_moves_on_is_told()
    {
        await _bench.Ledger.EditAsync(
            _bench.Mission,
            "nextRunAt",
            $"\"{IsoText.Microseconds(_bench.Mission.DueAt!.Value)}\""
        );
        await _bench.Node.FoldAsync();

        var report = await _bench.VerifyAsync(
            new VerifyOptions { StaleAfter = TimeSpan.Zero, SettleFor = TimeSpan.Zero }
        );

        report.Findings.ShouldBeEmpty();
        report.Notes.ShouldHaveSingleItem().ShouldContain("ADVANCE_SCHEDULE");
    }

    [Fact]
    public async Task A_row_of_ours_that_moved_nextRunAt_back_is_wrong_and_one_that_cleared_it_is_not()
    {
        await WriteAsOursAsync("null", await _bench.Ledger.StampAsync());
        await _bench.Node.FoldAsync();
        (await _bench.FindAsync()).ShouldBeEmpty();

        await WriteAsOursAsync("\"2027-01-02T00:00:00.000Z\"", await _bench.Ledger.StampAsync());
        var back = await WriteAsOursAsync("\"2027-01-01T00:00:00.000Z\"", await _bench.Ledger.StampAsync());
        await _bench.Node.FoldAsync();

        var finding = (await _bench.VerifyAsync()).Findings.ShouldHaveSingleItem();
        (finding.Invariant, finding.Kind, finding.Severity, finding.ChangeId).ShouldBe(
            ("I8", "moved-back", Severity.Wrong, back)
        );
    }

    [Fact]
    public async Task A_write_that_crossed_with_a_devices_later_time_did_not_move_it_back()
    {
        await _bench.MakeDueAsync();
        await using var late = await _bench.Database.BeginAsDeviceAsync(_bench.Mission.UserId);
        await late.InsertAsync(
            _bench.Mission.ToEdit(
                _bench.Database.Generation,
                "nextRunAt",
                "\"2090-01-01T00:00:00.000Z\"",
                await _bench.Ledger.StampAsync()
            )
        );
        var claim = await _bench.PlanAsync();
        await late.CommitAsync();
        await _bench.Node.FoldAsync();

        (await _bench.FindAsync()).ShouldBe(["I8 crossed overwritten"]);
        // The log keeps such a row for longer than the ledger keeps its run.
        await _bench.Database.ExecuteAsync("delete from mana_ai.runs");
        var finding = (await _bench.VerifyAsync()).Findings.ShouldHaveSingleItem();
        (finding.Kind, finding.Severity).ShouldBe(("crossed", Severity.Overwritten));
        finding.DueAt.ShouldBe(claim.Occurrence.DueAt);
    }

    private Task<Guid> WriteAsOursAsync(string json, string stamp) =>
        _bench.Database.InsertChangeAsync(
            _bench.Mission.ToEdit(_bench.Database.Generation, "nextRunAt", json, stamp) with
            {
                ClientId = "mana-ai-runner",
            }
        );
}
