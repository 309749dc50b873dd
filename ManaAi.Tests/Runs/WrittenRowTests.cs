using System.Text.Json;
using System.Text.Json.Nodes;
using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;
using Npgsql;
using LogGeneration = ManaAi.Tests.Support.LogGeneration;

namespace ManaAi.Tests.Runs;

/// <summary>The row itself, column by column, in both generations of the log.</summary>
public sealed class WrittenRowTests
{
    private const string Future = "2099-01-01T00:00:00.000Z";

    public static TheoryData<LogGeneration, bool> Actors =>
        new()
        {
            { LogGeneration.One, false },
            { LogGeneration.One, true },
            { LogGeneration.Two, false },
            { LogGeneration.Two, true },
        };

    [Theory]
    [MemberData(nameof(Actors))]
    public async Task A_row_holds_what_devices_expect_and_nothing_else(
        LogGeneration generation,
        bool hasAgent
    )
    {
        await using var bench = await LedgerBench.CreateAsync(generation);
        var node = bench.Node();
        var mission = await bench.InsertDueAsync(change: one => one with { SpaceId = "space-1" });
        var claim = await node.TickAndClaimAsync();
        var agent = new Agent(new AgentId("agent-1")) { Name = "Ada" };

        await node.WriteAsync(claim, agent: hasAgent ? agent : null);

        var row = (await bench.Database.OwnChangesAsync()).ShouldHaveSingleItem();
        row.Id.ShouldBe(claim.Occurrence.ChangeId);
        row.Id.ToString()[14].ShouldBe('5');
        (row.UserId, row.RecordId).ShouldBe((mission.UserId, mission.Id));
        row.Data.EnumerateObject().Select(field => field.Name).Order().ShouldBe(["iterations", "nextRunAt"]);
        row.Stamps.EnumerateObject()
            .Select(field => field.Name)
            .Order()
            .ShouldBe(["iterations", "nextRunAt"]);
        row.Stamps.EnumerateObject()
            .ShouldAllBe(stamp => IsoText.Parse(stamp.Value.GetString()!) <= row.CreatedAt);
        ShouldBeJson(row.Actor, ActorOf(generation, hasAgent ? "agent-1" : null, claim));
        var others = row.Columns.Where(column => !column.Key.StartsWith("field_", StringComparison.Ordinal));
        ShouldBeJson(JsonSerializer.SerializeToElement(others.ToDictionary()), ColumnsOf(generation));
        await bench.ShouldBeFoldedAsync(mission);
    }

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task The_iteration_is_what_devices_read(LogGeneration generation)
    {
        await using var bench = await LedgerBench.CreateAsync(generation);
        var node = bench.Node();
        await bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();

        await node.WriteAsync(claim);

        var id = claim.Occurrence.IterationId;
        var iteration = (await bench.Database.OwnChangesAsync())[0].Iterations.ShouldHaveSingleItem();
        var finishedAt = iteration.GetProperty("finishedAt").GetString()!;
        IsoText.Parse(finishedAt).ShouldNotBeNull();
        ShouldBeJson(
            iteration,
            new JsonObject
            {
                ["id"] = id.ToString(),
                ["startedAt"] = IsoText.Milliseconds(claim.ClaimedAt),
                ["finishedAt"] = finishedAt,
                ["source"] = "server",
                ["overallStatus"] = "awaiting-review",
                ["summary"] = "One evening is enough.",
                ["plan"] = new JsonArray(
                    new JsonObject
                    {
                        ["id"] = $"{id}-0",
                        ["summary"] = "Read a chapter — It keeps the pace",
                        ["status"] = "planned",
                        ["intent"] = new JsonObject
                        {
                            ["kind"] = "toolCall",
                            ["toolName"] = "create_task",
                            ["params"] = new JsonObject { ["title"] = "Read" },
                        },
                    }
                ),
            }
        );
    }

    [Fact]
    public async Task A_failure_is_told_in_one_plain_sentence_and_the_schedule_moves_on()
    {
        await using var bench = await LedgerBench.CreateAsync();
        var node = bench.Node();
        var mission = await bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        var verdict = Verdicts.UnusablePlan("The plan has 9 steps.");

        await node.WriteAsync(claim, verdict);

        var iteration = (await bench.Database.OwnChangesAsync())[0].Iterations.ShouldHaveSingleItem();
        iteration.GetProperty("overallStatus").GetString().ShouldBe("failed");
        iteration.GetProperty("source").GetString().ShouldBe("server");
        iteration.GetProperty("plan").GetArrayLength().ShouldBe(0);
        iteration.GetProperty("summary").GetString().ShouldBe(verdict.Sentence);
        var details = iteration.GetProperty("errorDetails");
        details.GetProperty("name").GetString().ShouldBe("unusable-plan");
        details
            .GetProperty("message")
            .GetString()
            .ShouldBe("The last answer was refused: The plan has 9 steps.");
        var run = await bench.Database.RunAsync(claim.RunId);
        (run.Verdict, run.Reason, run.IterationId).ShouldBe(
            ("failed", "unusable-plan", claim.Occurrence.IterationId)
        );
        (await bench.Database.MissionAsync(mission)).NextRunAt.ShouldNotBe(mission.DueAt);
    }

    [Theory]
    [InlineData("""{"kind":"interval","everyMinutes":60}""", 60, 61)]
    [InlineData("""{"kind":"interval","everyMinutes":1}""", 5, 6)]
    [InlineData("""{"kind":"daily","atHour":7,"atMinute":30}""", 0, 25 * 60)]
    [InlineData("""{"kind":"weekly","dayOfWeek":1,"atHour":7}""", 0, 8 * 24 * 60)]
    public async Task The_next_run_is_strictly_ahead_however_long_ago_this_one_was_due(
        string cadence,
        int minutesMin,
        int minutesMax
    )
    {
        await using var bench = await LedgerBench.CreateAsync();
        var node = bench.Node();
        var mission = await bench.InsertDueAsync(change: one =>
            one with
            {
                Cadence = cadence,
                DueAt = one.DueAt - TimeSpan.FromDays(100),
            }
        );
        var before = await bench.NowAsync();
        await node.WriteAsync(await node.TickAndClaimAsync());
        var after = await bench.NowAsync();

        var next = (await bench.Database.MissionAsync(mission)).NextRunAt.ShouldNotBeNull();

        next.ShouldBeGreaterThan(after);
        // The wire has milliseconds.
        next.ShouldBeInRange(
            before + TimeSpan.FromMinutes(minutesMin) - TimeSpan.FromMilliseconds(1),
            after + TimeSpan.FromMinutes(minutesMax)
        );
        (await node.TickAsync()).ShouldBeEmpty();
        (await bench.Database.RunsAsync()).Count.ShouldBe(1, "what was missed is made up for once");
    }

    [Fact]
    public async Task A_mission_by_hand_has_its_nextRunAt_cleared_by_a_null_with_a_stamp()
    {
        await using var bench = await LedgerBench.CreateAsync();
        var node = bench.Node();
        var mission = await bench.InsertDueAsync(change: one =>
            one with
            {
                Cadence = """{"kind":"manual"}""",
            }
        );

        await node.WriteAsync(await node.TickAndClaimAsync());

        var row = (await bench.Database.OwnChangesAsync()).ShouldHaveSingleItem();
        row.Data.GetProperty("nextRunAt").ValueKind.ShouldBe(JsonValueKind.Null);
        row.Stamps.GetProperty("nextRunAt").GetString().ShouldNotBeNullOrEmpty();
        (await bench.Database.MissionAsync(mission)).NextRunAt.ShouldBeNull();
        await bench.ShouldBeFoldedAsync(mission);
    }

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task A_write_never_loses_to_a_device_whose_clock_runs_ahead(LogGeneration generation)
    {
        await using var bench = await LedgerBench.CreateAsync(generation);
        var node = bench.Node();
        var mission = await bench.InsertDueAsync();
        await bench.EditAsync(mission, "iterations", $"[{DeviceIteration.Approved("i-1")}]", Future);
        await bench.EditAsync(
            mission,
            "nextRunAt",
            $"\"{IsoText.Milliseconds(mission.DueAt!.Value)}\"",
            Future
        );

        await node.WriteAsync(await node.TickAndClaimAsync());

        var row = (await bench.Database.OwnChangesAsync()).ShouldHaveSingleItem();
        row.Stamps.GetProperty("iterations").GetString().ShouldBe(Future);
        row.Stamps.GetProperty("nextRunAt").GetString().ShouldBe(Future);
        var stored = await bench.Database.MissionAsync(mission);
        stored.Record!.Value.GetProperty("iterations").GetArrayLength().ShouldBe(2);
        stored.NextRunAt.ShouldNotBe(mission.DueAt);
        await bench.ShouldBeFoldedAsync(mission);
    }

    [Fact]
    public async Task In_generation_one_a_write_does_not_lose_to_updatedAt_either()
    {
        await using var bench = await LedgerBench.CreateAsync(LogGeneration.One);
        var node = bench.Node();
        var mission = new DeviceMission("mission-1", await bench.NowAsync() - TimeSpan.FromMinutes(1));
        var insert = mission.ToInsert();
        var data = JsonNode.Parse(insert.Data!)!.AsObject();
        data.Remove("iterations");
        await bench.Database.InsertChangeAsync(insert with { Data = data.ToJsonString() });
        await bench.EditAsync(mission, "updatedAt", $"\"{Future}\"", Future);

        await node.WriteAsync(await node.TickAndClaimAsync());

        var row = (await bench.Database.OwnChangesAsync()).ShouldHaveSingleItem();
        row.Stamps.GetProperty("iterations").GetString().ShouldBe(Future);
        (await bench.Database.MissionAsync(mission))
            .Record!.Value.GetProperty("iterations")
            .GetArrayLength()
            .ShouldBe(1);
        await bench.ShouldBeFoldedAsync(mission);
    }

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task As_a_user_no_row_of_another_can_be_written_or_seen(LogGeneration generation)
    {
        await using var bench = await LedgerBench.CreateAsync(generation);
        await bench.InsertDueAsync();
        await using var transaction = await bench.Sync.BeginAsync(CancellationToken.None);
        await using var batch = transaction.Batch();
        bench.Access.BecomeUser(batch, new UserId("user-2"));
        await batch.ExecuteNonQueryAsync();

        await using var count = transaction.Command("select count(*) from public.sync_changes");
        (await count.ExecuteScalarAsync()).ShouldBe(0L);
        await using var insert = transaction.Command(
            """
            insert into public.sync_changes (app_id, table_name, record_id, user_id, op, client_id)
            values ('ai', 'aiMissions', 'mission-1', 'user-1', 'update', 'mana-ai-runner')
            """
        );
        var refused = await Should.ThrowAsync<PostgresException>(() => insert.ExecuteNonQueryAsync());
        refused.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    private static JsonObject ActorOf(LogGeneration generation, string? agentId, Claim claim)
    {
        if (generation is LogGeneration.One)
        {
            return new JsonObject { ["kind"] = "system", ["source"] = "mission-runner" };
        }

        return new JsonObject
        {
            ["kind"] = "ai",
            ["principalId"] = agentId ?? "legacy:ai-default",
            ["displayName"] = agentId is null ? "Mana" : "Ada",
            ["missionId"] = claim.Mission.MissionId.Value,
            ["iterationId"] = claim.Occurrence.IterationId.ToString(),
            ["rationale"] = "One evening is enough.",
        };
    }

    private static JsonObject ColumnsOf(LogGeneration generation)
    {
        var columns = new JsonObject
        {
            ["app_id"] = "ai",
            ["table_name"] = "aiMissions",
            ["op"] = "update",
            ["client_id"] = "mana-ai-runner",
            ["schema_version"] = 1,
        };
        if (generation is LogGeneration.Two)
        {
            columns["origin"] = "agent";
            columns["space_id"] = "space-1";
        }

        return columns;
    }

    private static void ShouldBeJson(JsonElement actual, JsonObject expected) =>
        JsonNode
            .DeepEquals(JsonNode.Parse(actual.GetRawText()), expected)
            .ShouldBeTrue($"{actual.GetRawText()} is not {expected.ToJsonString()}");
}
