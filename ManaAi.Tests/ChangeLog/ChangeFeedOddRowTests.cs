using ManaAi.Actors.ChangeLog;
using ManaAi.Tests.Support;
using LogGeneration = ManaAi.Tests.Support.LogGeneration;

namespace ManaAi.Tests.ChangeLog;

/// <summary>Rows that are odd: they stop nothing, and those that an operator should know of are said.</summary>
public sealed class ChangeFeedOddRowTests : IAsyncLifetime
{
    private FeedBench _bench = null!;

    public async Task InitializeAsync()
    {
        _bench = await FeedBench.CreateAsync();
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await _bench.FoldAsync();
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Theory]
    [InlineData("2100-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59Z")]
    public async Task One_row_stamped_in_the_far_future_hides_nothing_and_is_reported(string at)
    {
        await _bench.InsertAsync(
            DeviceChanges.Title("of tomorrow", Time(1)) with
            {
                CreatedAt = DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture),
            }
        );
        await _bench.FoldAsync();
        _bench.Log.Of(208).ShouldHaveSingleItem().ShouldContain("ahead of the database's clock");

        await _bench.InsertAsync(DeviceChanges.Title("of today", Time(2)));
        await _bench.InsertAsync(DeviceChanges.Insert("another") with { RecordId = "mission-2" });
        var report = await _bench.FoldAsync();

        report.ShouldSatisfyAllConditions(() => report.Rows.ShouldBe(2), () => report.Refolds.ShouldBe(1));
        (await _bench.FieldAsync("title")).ShouldBe("of today");
        (await _bench.FoldAsync()).Rows.ShouldBe(0);
        _bench.Log.Of(208).ShouldHaveSingleItem("it is said once, not at every read");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Theory]
    [InlineData("infinity")]
    [InlineData("-infinity")]
    [InlineData("10001-01-01")]
    [InlineData("0044-03-15 BC")]
    public async Task A_stamp_beyond_what_dates_can_say_stops_nothing(string at)
    {
        var odd = await _bench.InsertAsync(DeviceChanges.Title("odd", Time(1)));
        await _bench.Rows.ExecuteAsync(
            $"UPDATE public.sync_changes SET created_at = '{at}' WHERE id = '{odd}'"
        );
        await _bench.FoldAsync();
        await _bench.InsertAsync(DeviceChanges.Title("after it", Time(2)));
        await _bench.InsertAsync(DeviceChanges.Insert("another") with { RecordId = "mission-2" });

        await _bench.FoldAsync();
        (await _bench.FieldAsync("title")).ShouldBe("after it");
        (await _bench.FieldAsync("title", "mission-2")).ShouldBe("another");
        await StartAnewAsync();
        (await _bench.FieldAsync("title")).ShouldBe("after it");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task A_row_without_a_stamp_or_a_version_stops_nothing()
    {
        await _bench.InsertAsync(DeviceChanges.Insert("other") with { RecordId = "mission-2" });
        await _bench.Rows.ExecuteAsync(
            """
            UPDATE public.sync_changes SET schema_version = NULL WHERE record_id = 'mission-2';
            INSERT INTO public.sync_changes (app_id, table_name, record_id, user_id, op, client_id, created_at)
            VALUES ('ai', 'aiMissions', 'mission-1', 'user-1', 'delete', 'device-1', NULL),
                   ('ai', 'aiMissions', 'mission-3', 'user-1', 'delete', 'device-1', NULL)
            """
        );
        await _bench.InsertAsync(DeviceChanges.Title("after it", Time(2)));

        await _bench.FoldAsync();
        (await _bench.FieldAsync("title", "mission-2")).ShouldBe("other");
        await StartAnewAsync();
        (await _bench.FieldAsync("title")).ShouldBe("after it");
        (await _bench.FieldAsync("title", "mission-2")).ShouldBe("other");
    }

    /// <summary>An entry of an index holds 2,704 bytes, and what is random cannot be made shorter.</summary>
    [Theory]
    [InlineData("state")]
    [InlineData("agentId")]
    public async Task A_text_that_no_index_holds_stops_nothing(string field)
    {
        var bytes = new byte[3000];
        new Random(1).NextBytes(bytes);
        var text = Convert.ToBase64String(bytes);
        await _bench.InsertAsync(DeviceChanges.Update(field, text, Time(1)));
        await _bench.InsertAsync(DeviceChanges.Insert("other") with { RecordId = "mission-2" });

        await _bench.FoldAsync();

        (await _bench.FieldAsync(field)).ShouldBe(text);
        (await _bench.FieldAsync("title", "mission-2")).ShouldBe("other");
        await StartAnewAsync();
        (await _bench.FieldAsync(field)).ShouldBe(text);
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task An_id_that_the_logs_index_holds_and_ours_do_not_stops_nothing_and_is_told()
    {
        var bytes = new byte[1988];
        new Random(1).NextBytes(bytes);
        var user = new string('u', 36);
        await _bench.InsertAsync(
            DeviceChanges.Insert("long") with
            {
                RecordId = Convert.ToBase64String(bytes)[..2650],
                UserId = user,
            }
        );
        await _bench.InsertAsync(
            DeviceChanges.Insert("other") with
            {
                RecordId = "mission-2",
                UserId = user,
            }
        );
        await _bench.InsertAsync(DeviceChanges.Title("after it", Time(2)));

        await _bench.FoldAsync();

        (await _bench.FieldAsync("title")).ShouldBe("after it");
        _bench.Log.Of(201).ShouldHaveSingleItem().ShouldContain("more than 2000 bytes");
        (await _bench.Rows.ReadAsync<long>("select count(*) from mana_ai.missions")).ShouldBe(2);
        (await _bench.FoldAsync()).Rows.ShouldBe(0);
        await StartAnewAsync();
        (await _bench.Rows.ReadAsync<long>("select count(*) from mana_ai.missions")).ShouldBe(2);
        _bench.Log.Of(201).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_row_stamped_in_the_past_takes_its_place_in_the_record()
    {
        await _bench.InsertAsync(
            DeviceChanges.Update("objective", "of last month", "2025-12-01T00:00:00.000Z") with
            {
                CreatedAt = TimeProvider.System.GetUtcNow().AddSeconds(-100),
            }
        );

        (await _bench.FoldAsync()).Refolds.ShouldBe(1);
        (await _bench.FieldAsync("objective")).ShouldBe("Keep at it");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task Rows_of_other_apps_and_tables_are_not_read()
    {
        await _bench.InsertAsync(DeviceChanges.HardDelete with { AppId = "todo" });
        await _bench.InsertAsync(DeviceChanges.HardDelete with { TableName = "tasks" });
        await _bench.InsertAsync(DeviceChanges.HardDelete with { UserId = "user-2" });

        (await _bench.FoldAsync()).Rows.ShouldBe(1, "user-2's own record of that id is another record");
        (await _bench.FieldAsync("title")).ShouldBe("first");
        await StartAnewAsync();
        (await _bench.FieldAsync("title")).ShouldBe("first");
    }

    [Fact]
    public async Task A_newer_schema_marks_its_record_for_good_and_stops_nothing()
    {
        await _bench.InsertAsync(DeviceChanges.Title("in new words", Time(1)) with { SchemaVersion = 3 });
        await _bench.InsertAsync(DeviceChanges.Title("in old words", Time(2)) with { SchemaVersion = 2 });
        await _bench.InsertAsync(DeviceChanges.Insert("another") with { RecordId = "mission-2" });
        await _bench.FoldAsync();
        (await MarkAsync()).ShouldBe("3 newer-schema first");
        _bench.Log.Of(202).Count.ShouldBe(2);

        await _bench.InsertAsync(DeviceChanges.Title("understood", Time(3)));
        await _bench.FoldAsync();

        (await MarkAsync()).ShouldBe("3 newer-schema understood");
        (await _bench.FieldAsync("title", "mission-2")).ShouldBe("another");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Theory]
    [InlineData("insert", "[1]", "{}")]
    [InlineData("insert", """{"updatedAt": 5}""", "{}")]
    [InlineData("update", """{"title": "x"}""", """{"title": 7}""")]
    [InlineData("update", """{"title": "x"}""", """["title"]""")]
    [InlineData("delete", "\"gone\"", "{}")]
    public async Task A_row_that_cannot_be_decoded_does_nothing_and_is_reported(
        string op,
        string data,
        string times
    )
    {
        await _bench.InsertAsync(new DeviceChange(DeviceChanges.RecordId, data) { Op = op, Times = times });
        await _bench.InsertAsync(DeviceChanges.Update("objective", "after it", Time(1)));

        await _bench.FoldAsync();

        (await _bench.FieldAsync("title")).ShouldBe("first");
        (await _bench.FieldAsync("objective")).ShouldBe("after it");
        _bench.Log.Of(201).ShouldHaveSingleItem();
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Theory]
    [InlineData("null")]
    [InlineData("\"somebody\"")]
    [InlineData("7")]
    public async Task A_row_whose_actor_devices_refuse_is_dropped(string actor)
    {
        await _bench.InsertAsync(DeviceChanges.Title("refused", Time(1)) with { Actor = actor });
        await _bench.InsertAsync(
            DeviceChanges.Update("objective", "taken", Time(1)) with
            {
                Actor = """{"kind": "user"}""",
            }
        );

        (await _bench.FoldAsync()).Rows.ShouldBe(2);
        (await _bench.FieldAsync("title")).ShouldBe("first");
        (await _bench.FieldAsync("objective")).ShouldBe("taken");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task A_row_without_a_record_id_is_passed_over_once()
    {
        await _bench.InsertAsync(DeviceChanges.Insert("nobody's") with { RecordId = "" });
        await _bench.InsertAsync(DeviceChanges.Title("second", Time(1)));

        (await _bench.FoldAsync()).ShouldSatisfyAllConditions(
            report => report.Rows.ShouldBe(2),
            report => report.Records.ShouldBe(1)
        );
        (await _bench.FoldAsync()).Rows.ShouldBe(0);
        await StartAnewAsync();
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task Agents_are_projected_beside_the_missions_with_the_columns_that_are_asked_for(
        LogGeneration generation
    )
    {
        await _bench.DisposeAsync();
        _bench = await FeedBench.CreateAsync(generation);
        var agent = new DeviceChange(
            "agent-1",
            """{"name": "Mana", "state": "active", "maxConcurrentMissions": 3, "maxTokensPerDay": 5000}"""
        )
        {
            TableName = "agents",
        };
        await _bench.InsertAsync(agent);
        await _bench.FoldAsync();
        (await AgentAsync()).ShouldBe("Mana active 3 5000 f");

        var paused = agent with { Op = "update", Data = """{"state": "paused"}""" };
        await _bench.InsertAsync(paused with { Times = $$"""{"state": "9{{Time(1)}}"}""" });
        await _bench.InsertAsync(
            DeviceChanges.SoftDelete(Time(2)) with
            {
                RecordId = "agent-1",
                TableName = "agents",
            }
        );
        await _bench.FoldAsync();

        (await AgentAsync()).ShouldBe("Mana paused 3 5000 t");
        await _bench.ShouldBeFoldFromNothingAsync();
        await StartAnewAsync();
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    private async Task StartAnewAsync()
    {
        await _bench.Rows.ExecuteAsync("UPDATE mana_ai.cursor SET generation = 9");
        (await _bench.FoldAsync()).IsFromNothing.ShouldBeTrue();
    }

    private Task<string?> MarkAsync() =>
        _bench.Rows.ReadAsync<string>(
            """
            SELECT concat_ws(' ', newer_schema, obstacle, record ->> 'title')
              FROM mana_ai.missions WHERE mission_id = 'mission-1'
            """
        );

    private Task<string?> AgentAsync() =>
        _bench.Rows.ReadAsync<string>(
            "SELECT concat_ws(' ', name, state, max_concurrent_missions, max_tokens_per_day, deleted) FROM mana_ai.agents"
        );

    private static string Time(int hour) => $"2026-01-01T{hour:00}:00:00.000Z";
}
