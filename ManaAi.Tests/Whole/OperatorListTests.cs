using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ManaAi.Actors.Database;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Whole;

/// <summary>What an operator lists and looks up.</summary>
public sealed class OperatorListTests : WholeTests
{
    private static HttpMethod Get => HttpMethod.Get;

    [Fact]
    public async Task Missions_are_listed_page_by_page_and_by_what_they_are()
    {
        var node = await StartAsync();
        Llm.Behave(new StubBehaviour { Status = 400 });
        await InsertDueAsync("failing");
        await node.TickAsync();
        Llm.Behave();
        await InsertDueAsync("planned", userId: "user-2", agentId: "agent-1");
        await node.TickAsync();
        await InsertDueAsync("paused", change: mission => mission with { State = "paused" });
        await InsertDueAsync(
            "later",
            change: mission => mission with { DueAt = mission.DueAt!.Value.AddDays(1) }
        );
        await node.AskAsync(HttpMethod.Post, "internal/pause", """{"reason":"maintenance"}""");
        await InsertDueAsync("due");
        await node.TickAsync();

        (await IdsAsync(node, "")).ShouldBe(["due", "failing", "later", "paused", "planned"]);
        (await IdsAsync(node, "limit=2")).ShouldBe(["due", "failing", "later", "paused", "planned"]);
        (await IdsAsync(node, "user=user-2")).ShouldBe(["planned"]);
        (await IdsAsync(node, "agent=agent-1")).ShouldBe(["planned"]);
        (await IdsAsync(node, "state=paused")).ShouldBe(["paused"]);
        (await IdsAsync(node, "state=deleted")).ShouldBeEmpty();
        (await IdsAsync(node, "due=true")).ShouldBe(["due"]);
        (await IdsAsync(node, "failing=true&limit=1")).ShouldBe(["failing"]);
        (await IdsAsync(node, "due=true&failing=true")).ShouldBeEmpty();
        (await IdsAsync(node, "user=nobody")).ShouldBeEmpty();

        var all = await node.AskAsync(Get, "internal/missions");
        var due = all.GetProperty("missions")[0];
        due.GetProperty("openRunId").GetInt64().ShouldBeGreaterThan(0);
        due.GetProperty("claimed").GetBoolean().ShouldBeFalse();
        all.GetProperty("missions")[1].GetProperty("lastReason").GetString().ShouldBe("rejected");
    }

    [Fact]
    public async Task Pages_go_on_behind_an_id_that_nobody_could_ask_for()
    {
        var node = await StartAsync();
        await node.AskAsync(HttpMethod.Post, "internal/pause", """{"reason":"maintenance"}""");
        foreach (var id in (string[])["a\nb", "c\uFFFD", new string('d', 250), new string('ж', 500), "e"])
        {
            await InsertDueAsync(id);
        }

        await node.TickAsync();

        (await IdsAsync(node, "limit=1")).Count.ShouldBe(5);
        (await IdsAsync(node, "due=true&limit=1")).Count.ShouldBe(5);
    }

    [Fact]
    public async Task Due_missions_come_in_the_order_in_which_they_wait_over_all_pages()
    {
        var node = await StartAsync();
        await node.AskAsync(HttpMethod.Post, "internal/pause", """{"reason":"maintenance"}""");
        foreach (var (id, minutes) in (List<(string, int)>)[("a", 3), ("b", 5), ("c", 3), ("d", 9), ("e", 1)])
        {
            var now = await Database.ReadAsync<DateTimeOffset>("select date_trunc('hour', now())");
            await InsertDueAsync(id, change: one => one with { DueAt = now.AddMinutes(-minutes) });
        }

        await node.TickAsync();

        (await IdsAsync(node, "due=true&limit=2")).ShouldBe(["d", "b", "a", "c", "e"]);
        (await IdsAsync(node, "due=true&state=active&limit=1")).ShouldBe(["d", "b", "a", "c", "e"]);
    }

    [Fact]
    public async Task A_page_of_very_many_missions_costs_what_it_shows()
    {
        await StartAsync();
        await Eventually.SeesAsync(
            () => Database.ReadAsync<bool>("select to_regclass('mana_ai.events') is not null"),
            isThere => isThere
        );
        await Database.ExecuteAsync(
            """
            insert into mana_ai.missions (user_id, mission_id, state, next_run_at, agent_id, deleted, position_at, position_id)
            select 'user-' || n % 1000, 'mission-' || n, case when n % 5000 = 0 then 'paused' else 'active' end,
                   '2026-01-01'::timestamptz, 'agent-' || n % 500, false, now(), gen_random_uuid()
              from generate_series(1, 20000) n;
            insert into mana_ai.runs (user_id, mission_id, due_at, verdict, reason, iteration_id, closed_at)
            select 'user-' || n % 1000, 'mission-' || n, '2025-01-01'::timestamptz + n * interval '1 s',
                   case when n % 2 = 0 then 'failed' else 'planned' end,
                   case when n % 2 = 0 then 'rejected' end, gen_random_uuid(), now()
              from generate_series(1, 20000) n;
            analyze mana_ai.missions; analyze mana_ai.runs
            """
        );

        foreach (
            var (statement, values) in (List<(string, (string, object)[])>)
                [
                    ("MissionsPage", []),
                    ("MissionsPage", [("user", "user-5")]),
                    ("MissionsPage", [("state", "paused")]),
                    ("MissionsPage", [("agent", "agent-7")]),
                    ("MissionsPage", [("after_user", "user-5"), ("after_mission", "mission-5")]),
                    ("DueMissionsPage", []),
                    (
                        "DueMissionsPage",
                        [
                            ("after_due", new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)),
                            ("after_user", "user-5"),
                            ("after_mission", "mission-5"),
                        ]
                    ),
                    ("FailingMissionsPage", []),
                    ("RunsPage", []),
                    ("RunsPage", [("verdict", "failed")]),
                    ("RunsPage", [("reason", "budget")]),
                ]
        )
        {
            // What the planner picks moves with the sample that it drew; all 20,000 are never looked at.
            (await MostRowsAsync(statement, values)).ShouldBeLessThan(
                2000,
                $"{statement} {string.Join(", ", values.Select(value => value.Item1))}"
            );
        }
    }

    [Fact]
    public async Task One_mission_tells_who_wrote_each_field()
    {
        var node = await StartAsync();
        var mission = await InsertDueAsync();
        await Database.InsertChangeAsync(
            mission.ToEdit(Database.Generation, "title", "\"Reading more\"", "2024-01-01T00:00:00.000Z") with
            {
                ClientId = "device-2",
                Actor = """{"kind":"user","principalId":"user-1","displayName":"Ada"}""",
                Origin = "user",
            }
        );
        await node.TickAsync();

        var view = await node.AskAsync(Get, $"internal/missions/{mission.UserId}/{mission.Id}");

        var writers = view.GetProperty("writers");
        (Text("objective", "clientId"), Text("objective", "actorKind")).ShouldBe(("device-1", null));
        (Text("title", "clientId"), Text("title", "actorKind"), Text("title", "origin")).ShouldBe(
            ("device-2", "user", "user")
        );
        Text("title", "at").ShouldBe("2024-01-01T00:00:00.000Z");
        (
            Text("iterations", "clientId"),
            Text("iterations", "actorKind"),
            Text("iterations", "origin")
        ).ShouldBe(("mana-ai-runner", "ai", "agent"));
        Text("nextRunAt", "clientId").ShouldBe("mana-ai-runner");
        view.GetProperty("record")
            .EnumerateObject()
            .Select(field => field.Name)
            .Where(name => name != "id")
            .ShouldBe(writers.EnumerateObject().Select(writer => writer.Name), ignoreOrder: true);

        string? Text(string field, string member) =>
            writers.GetProperty(field).GetProperty(member).GetString();
    }

    [Fact]
    public async Task Runs_are_listed_the_newest_first_and_one_run_tells_what_happened_to_it()
    {
        var node = await StartAsync();
        await InsertDueAsync("one");
        await node.TickAsync();
        await InsertDueAsync("two", userId: "user-2");
        await node.TickAsync();
        Llm.Behave(new StubBehaviour { Status = 400 });
        await InsertDueAsync("three");
        await node.TickAsync();

        (await RunsAsync("")).ShouldBe(["three", "two", "one"]);
        (await RunsAsync("limit=1")).ShouldBe(["three", "two", "one"]);
        (await RunsAsync("user=user-1")).ShouldBe(["three", "one"]);
        (await RunsAsync("user=user-1&mission=one")).ShouldBe(["one"]);
        (await RunsAsync("state=failed&reason=rejected")).ShouldBe(["three"]);
        (await RunsAsync("state=planned&limit=1")).ShouldBe(["two", "one"]);
        (await RunsAsync("state=open")).ShouldBeEmpty();

        var id = (await Database.RunsAsync())[0].RunId;
        var run = await node.AskAsync(Get, $"internal/runs/{id}");
        run.GetProperty("run").GetProperty("run").GetProperty("verdict").GetString().ShouldBe("planned");
        run.GetProperty("events")
            .EnumerateArray()
            .Select(one => one.GetProperty("kind").GetString())
            .ShouldBe(["due", "claimed", "asked", "answered", "planned"]);
        var events = await node.AskAsync(Get, "internal/events?limit=3&user=user-2&mission=two");
        events.GetProperty("events")[0].GetProperty("kind").GetString().ShouldBe("planned");
        var rest = await node.AskAsync(
            Get,
            $"internal/events?user=user-2&cursor={events.GetProperty("nextCursor").GetString()}"
        );
        rest.GetProperty("events").GetArrayLength().ShouldBe(2);

        async Task<IReadOnlyList<string>> RunsAsync(string query) =>
            await AllAsync(node, "runs", query, one => one.GetProperty("missionId").GetString()!);
    }

    [Fact]
    public async Task Nodes_are_listed()
    {
        var node = await StartAsync();
        await StartAsync();

        var seen = await Eventually.SeesAsync(
            async () => (await node.AskAsync(Get, "internal/nodes")).GetProperty("nodes"),
            nodes => nodes.GetArrayLength() == 2
        );

        seen.EnumerateArray().Select(one => one.GetProperty("id").GetString()).ShouldContain(node.NodeId);
    }

    private static Task<IReadOnlyList<string>> IdsAsync(WholeNode node, string query) =>
        AllAsync(node, "missions", query, one => one.GetProperty("missionId").GetString()!);

    /// <summary>All pages of a list, one after the other.</summary>
    private static async Task<IReadOnlyList<string>> AllAsync(
        WholeNode node,
        string list,
        string query,
        Func<JsonElement, string> read
    )
    {
        var all = new List<string>();
        string? cursor = null;
        do
        {
            var page = await node.AskAsync(
                Get,
                $"internal/{list}?{query}" + (cursor is null ? "" : $"&cursor={cursor}")
            );
            all.AddRange(page.GetProperty(list).EnumerateArray().Select(read));
            cursor = page.GetProperty("nextCursor").GetString();
        } while (cursor is not null);
        return all;
    }

    /// <summary>The greatest number of rows that any step of a page of ten read or returned.</summary>
    private async Task<double> MostRowsAsync(string statement, (string Name, object Value)[] values)
    {
        await using var command = Database.Superuser.CreateCommand(
            $"explain (analyze, format json) {Sql.Get(statement)}"
        );
        foreach (Match match in Regex.Matches(command.CommandText, "@([a-z_]+)"))
        {
            var name = match.Groups[1].Value;
            if (!command.Parameters.Contains(name))
            {
                var given = values.FirstOrDefault(value => value.Name == name).Value;
                command.Parameters.Add(
                    new NpgsqlParameter(
                        name,
                        given
                            ?? name switch
                            {
                                "rows_max" => 10L,
                                _ when name.StartsWith("is_", StringComparison.Ordinal) => false,
                                _ => DBNull.Value,
                            }
                    )
                );
            }
        }

        var json = (string)(await command.ExecuteScalarAsync())!;
        return Regex
            .Matches(json, "\"(Actual Rows|Rows Removed by Filter|Rows Removed by Join Filter)\": ([0-9.]+)")
            .Max(match => double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
    }
}
