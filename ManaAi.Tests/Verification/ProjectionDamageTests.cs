using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Verification;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Verification;

/// <summary>I5: what differs from the log is found as what it is, and folding again puts it right.</summary>
public sealed class ProjectionDamageTests : IAsyncLifetime
{
    private VerifyBench _bench = null!;

    public async Task InitializeAsync() => _bench = await VerifyBench.CreateAsync();

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Theory]
    [InlineData("record = jsonb_set(record, '{title}', '\"Forged\"')")]
    [InlineData("record = record - 'title', field_times = field_times - 'title'")]
    [InlineData("record = record || '{\"extra\": 1}'")]
    [InlineData("field_times = jsonb_set(field_times, '{title}', '\"2019-01-01T00:00:00.000Z\"')")]
    [InlineData("state = 'paused'")]
    [InlineData("next_run_at = next_run_at + interval '1 hour'")]
    [InlineData("deleted = true")]
    [InlineData("obstacle = 'ciphertext'")]
    [InlineData("needs_schedule = true")]
    [InlineData("iterations_at = iterations_at - interval '1 second'")]
    [InlineData("position_at = position_at - interval '1 second'")]
    [InlineData("record = null, field_times = null")]
    public async Task A_record_that_is_not_what_its_rows_fold_into_is_wrong_and_folded_again_right(
        string damage
    )
    {
        await _bench.DamageAsync($"update mana_ai.missions set {damage}");

        var report = await _bench.VerifyAsync();
        var finding = report.Findings.ShouldHaveSingleItem();
        (finding.Invariant, finding.Severity, finding.Record?.RecordId).ShouldBe(
            ("I5", Severity.Wrong, "mission-1")
        );
        report.IsOk.ShouldBeFalse();

        await _bench.RefoldAsync();
        (await _bench.FindAsync()).ShouldBeEmpty();
        await _bench.Ledger.ShouldBeFoldedAsync(_bench.Mission);
    }

    [Fact]
    public async Task A_record_that_the_projection_lacks_is_wrong()
    {
        await _bench.DamageAsync("delete from mana_ai.missions");

        (await _bench.FindAsync()).ShouldBe(["I5 projection wrong"]);
        await _bench.RefoldAsync();
        (await _bench.FindAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_agent_is_verified_too()
    {
        await _bench.Database.InsertChangeAsync(
            new DeviceChange("agent-1", """{"name":"Reader","state":"active"}""") { TableName = "agents" }
        );
        await _bench.Node.FoldAsync();
        (await _bench.VerifyAsync()).Looked.Agents.ShouldBe(1);
        await _bench.DamageAsync("update mana_ai.agents set max_tokens_per_day = 5");

        var finding = (await _bench.VerifyAsync()).Findings.ShouldHaveSingleItem();
        (finding.Kind, finding.Record?.TableName).ShouldBe(("projection", "agents"));
        await _bench.RefoldAsync();
        (await _bench.FindAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Rows_that_the_next_tick_folds_are_pending_and_not_wrong()
    {
        await _bench.Ledger.EditAsync(_bench.Mission, "title", "\"Later\"");
        await _bench.Ledger.InsertDueAsync("mission-2");

        (await _bench.FindAsync()).ShouldBe(["I5 pending pending", "I5 pending pending"]);
        (await _bench.VerifyAsync()).IsOk.ShouldBeTrue();
        await _bench.Node.FoldAsync();
        (await _bench.FindAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_row_that_became_visible_late_is_pending_and_damage_beside_it_is_still_seen()
    {
        await using var late = await _bench.Database.BeginAsDeviceAsync(_bench.Mission.UserId);
        await late.InsertAsync(
            _bench.Mission.ToEdit(_bench.Database.Generation, "title", "\"Late\"", "2026-01-01T00:00:00.000Z")
        );
        await _bench.Ledger.EditAsync(_bench.Mission, "state", "\"paused\"");
        await _bench.Node.FoldAsync();
        (await _bench.FindAsync()).ShouldBeEmpty("what nobody sees is not there");

        await late.CommitAsync();
        (await _bench.FindAsync()).ShouldBe(["I5 pending pending"]);
        await _bench.DamageAsync("update mana_ai.missions set state = 'active'");
        (await _bench.FindAsync()).ShouldBe(["I5 projection wrong"]);
    }

    [Fact]
    public async Task A_row_older_than_any_sweep_looks_is_wrong_since_no_tick_will_find_it()
    {
        await _bench.Database.InsertChangeAsync(
            _bench.Mission.ToEdit(
                _bench.Database.Generation,
                "title",
                "\"Ancient\"",
                await _bench.Ledger.StampAsync()
            ) with
            {
                CreatedAt = await _bench.Ledger.NowAsync() - TimeSpan.FromDays(3),
            }
        );

        (await _bench.FindAsync()).ShouldBe(["I5 projection wrong"]);
        (
            await _bench.FindAsync(
                new VerifyOptions
                {
                    SettleFor = TimeSpan.Zero,
                    Feed = new FeedOptions { SweepWindow = TimeSpan.FromDays(7) },
                }
            )
        ).ShouldBe(["I5 pending pending"]);
        await _bench.RefoldAsync();
        (await _bench.FindAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_came_from_rows_that_maintenance_took_is_lost_and_can_be_folded_to_what_is_left()
    {
        await _bench.Ledger.EditAsync(_bench.Mission, "title", "\"Kept\"");
        await _bench.Node.FoldAsync();
        await _bench.DamageAsync("delete from public.sync_changes where op = 'insert'");

        (await _bench.FindAsync()).ShouldBe(["I5 log-lost-rows lost"], "our own row is still there");
        (await _bench.VerifyAsync()).IsOk.ShouldBeTrue();

        await _bench.RefoldAsync();
        (await _bench.FindAsync()).ShouldBeEmpty();
        (await _bench.Database.MissionAsync(_bench.Mission)).Obstacle.ShouldBe("incomplete");
    }

    [Fact]
    public async Task A_record_of_which_the_log_has_nothing_left_is_lost_and_then_forgotten()
    {
        await _bench.DamageAsync("delete from public.sync_changes");

        (await _bench.FindAsync()).ShouldBe(["I1 row-lost lost", "I5 log-lost-rows lost"]);
        await _bench.RefoldAsync();

        (await _bench.FindAsync()).ShouldBe(["I1 row-lost lost"]);
        (await _bench.Database.ReadAsync<long>("select count(*) from mana_ai.missions")).ShouldBe(0);
    }

    [Fact]
    public async Task A_deletion_whose_row_is_gone_is_lost()
    {
        await _bench.Database.InsertChangeAsync(new DeviceChange("mission-1", "{}") { Op = "delete" });
        await _bench.Node.FoldAsync();
        (await _bench.FindAsync()).ShouldBeEmpty("whoever deletes a mission wants no iteration of it");
        await _bench.DamageAsync("delete from public.sync_changes where op = 'delete'");

        (await _bench.FindAsync()).ShouldBe(["I5 log-lost-rows lost"]);
    }

    [Fact]
    public async Task A_row_of_a_newer_schema_is_no_difference_until_it_is_taken_away()
    {
        await _bench.Database.InsertChangeAsync(
            new DeviceChange("mission-1", """{"title":"New"}""") { Op = "update", SchemaVersion = 7 }
        );
        await _bench.Node.FoldAsync();
        (await _bench.FindAsync()).ShouldBeEmpty();

        await _bench.DamageAsync("update mana_ai.missions set newer_schema = null, obstacle = null");
        (await _bench.FindAsync()).ShouldBe(["I5 projection wrong"]);
        await _bench.RefoldAsync();
        await _bench.DamageAsync("delete from public.sync_changes where schema_version = 7");
        (await _bench.FindAsync()).ShouldBe(["I5 log-lost-rows lost"]);
    }

    [Fact]
    public async Task A_projection_that_is_to_be_made_anew_is_not_compared()
    {
        await _bench.DamageAsync(
            "update mana_ai.cursor set table_oid = 1; update mana_ai.missions set record = '{}', state = 'x'"
        );

        var report = await _bench.VerifyAsync();
        report.Findings.ShouldBeEmpty();
        report.Notes.ShouldHaveSingleItem().ShouldContain("The next tick folds it anew");
        await _bench.DamageAsync("delete from mana_ai.cursor");
        (await _bench.FindAsync()).ShouldBe(["I5 no-cursor wrong"]);
    }
}
