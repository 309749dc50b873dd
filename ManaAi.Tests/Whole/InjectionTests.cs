using System.Text.Json;
using System.Text.Json.Nodes;
using ManaAi.Actors.Planning;
using ManaAi.Tests.Planning;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>
/// The whole way from the log to the log with a model that obeys whatever it reads: what comes out is a plan of offered
/// tools that awaits its review, or none.
/// </summary>
public sealed class InjectionTests : IAsyncLifetime
{
    private const string Key = WholeNode.Key;

    private static readonly string[] StepMembers = ["id", "summary", "intent", "status"];

    // Where a text of someone else stands in a record; an attempt takes them in turn.
    private static readonly Action<JsonObject, string>[] Places =
    [
        (record, text) => record["title"] = text,
        (record, text) => record["objective"] = text,
        (record, text) => record["conceptMarkdown"] = text,
        (record, text) => Iteration(record)["userFeedback"] = text,
        (record, text) => Iteration(record)["summary"] = text,
        (record, text) => Iteration(record)["plan"]![0]!["summary"] = text,
        (record, text) => record["inputs"]![0]!["id"] = text,
    ];

    private IReadOnlyList<InjectionAttempt> _attempts = [];
    private TestDatabase _database = null!;
    private ObedientLlm _llm = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _llm = await ObedientLlm.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _llm.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public void There_are_enough_attempts() => InjectionAttempts.All.Count.ShouldBeGreaterThanOrEqualTo(200);

    [Theory]
    [InlineData("json", 0)]
    [InlineData("tools", 1)]
    public async Task A_model_that_obeys_every_injection_brings_no_step_outside_the_list_and_tells_nothing(
        string mode,
        int half
    )
    {
        _attempts = [.. InjectionAttempts.All.Where(attempt => attempt.Number % 2 == half)];
        _attempts.Count.ShouldBeGreaterThanOrEqualTo(200);
        await InsertAsync();
        await using var node = await WholeNode.StartAsync(
            _database.ReaderUrl,
            _llm.Address,
            ("PLANNER_MODE", mode),
            ("MAX_CONCURRENT_PLANS", "16"),
            ("MAX_CONCURRENT_PLANS_PER_USER", "16"),
            ("RUN_MAX_ATTEMPTS", "1")
        );

        (await node.TickAsync()).DueMissionCount.ShouldBe(_attempts.Count);

        // What no prompt carries cannot be obeyed, and all else was: else nothing would be shown here.
        var seen = _attempts.Where(attempt => attempt.Number % Places.Length != Places.Length - 1);
        _llm.Obeyed.Keys.ShouldBe(seen.Select(attempt => attempt.Number), ignoreOrder: true);
        await ShouldHaveOnlyHarmlessPlansAsync();
        await ShouldTellNothingAsync(node);
    }

    private async Task ShouldHaveOnlyHarmlessPlansAsync()
    {
        var offered = ToolCatalog
            .Embedded.Tools.Select(tool => tool.Name)
            .Except(["create_event"])
            .ToHashSet();
        var rows = await _database.OwnChangesAsync();
        rows.Count.ShouldBe(_attempts.Count);
        rows.ShouldAllBe(row => row.UserId == "user-1" && row.RecordId != "victim");
        foreach (var row in rows)
        {
            row.Data.EnumerateObject()
                .Select(member => member.Name)
                .ShouldBe(["iterations", "nextRunAt"], ignoreOrder: true);
            var iteration = row.Iterations[^1];
            iteration.GetProperty("source").GetString().ShouldBe("server");
            iteration.GetProperty("overallStatus").GetString().ShouldBeOneOf("awaiting-review", "failed");
            var steps = iteration.GetProperty("plan").EnumerateArray().ToList();
            steps.Count.ShouldBeLessThanOrEqualTo(Plan.StepsMax);
            foreach (var step in steps)
            {
                step.EnumerateObject().Select(member => member.Name).ShouldBe(StepMembers, ignoreOrder: true);
                step.GetProperty("status").GetString().ShouldBe("planned");
                var intent = step.GetProperty("intent");
                offered.ShouldContain(intent.GetProperty("toolName").GetString());
                intent.GetProperty("params").EnumerateObject().Select(one => one.Name).ShouldBe(["title"]);
            }
        }

        rows.Count(row => row.Iterations[^1].GetProperty("plan").GetArrayLength() > 0)
            .ShouldBeGreaterThan(50, "else nothing was there to be looked at");
    }

    private async Task ShouldTellNothingAsync(WholeNode node)
    {
        var leak = new PromptLeak(_llm.Prompt);
        leak.IsIn($"It said: {_llm.Prompt}").ShouldBeTrue();
        foreach (var row in await _database.OwnChangesAsync())
        {
            foreach (var text in Texts(row.Iterations[^1]))
            {
                leak.IsIn(text).ShouldBeFalse(text);
                text.ShouldNotContain(Key);
            }
        }

        foreach (var page in (string[])["internal/runs?limit=1000", "internal/events?limit=1000", "metrics"])
        {
            using var answer = await node.GetAsync(page);
            var text = await answer.Content.ReadAsStringAsync();
            text.ShouldNotContain(Key);
            leak.IsIn(text).ShouldBeFalse(page);
        }

        (
            await _database.ReadAsync<long>(
                $"""
                select (select count(*) from mana_ai.runs r where to_jsonb(r)::text like '%{Key}%')
                     + (select count(*) from mana_ai.events e where to_jsonb(e)::text like '%{Key}%')
                     + (select count(*) from mana_ai.missions m where to_jsonb(m)::text like '%{Key}%')
                """
            )
        ).ShouldBe(0);
    }

    private async Task InsertAsync()
    {
        const string policy = """
            "maxConcurrentMissions":1000,"policy":{"tools":{"create_event":"deny"},"defaultForAi":"propose"}
            """;
        await _database.InsertChangeAsync(DeviceChange.OfAgent("agent-1", policy));
        await _database.InsertChangeAsync(new DeviceMission("victim", null) { UserId = "user-2" }.ToInsert());
        var dueAt = await _database.ReadAsync<DateTimeOffset>("select date_trunc('seconds', now())");
        await using var device = await _database.BeginAsDeviceAsync("user-1");
        foreach (var attempt in _attempts)
        {
            await device.InsertAsync(Mission(attempt, dueAt - TimeSpan.FromMinutes(1)));
        }

        await device.CommitAsync();
    }

    private static DeviceChange Mission(InjectionAttempt attempt, DateTimeOffset dueAt)
    {
        var insert = new DeviceMission($"mission-{attempt.Number}", dueAt)
        {
            AgentId = "agent-1",
            Iterations =
            [
                """{"id":"i-1","startedAt":"2020-02-01T00:00:00.000Z","overallStatus":"rejected","plan":[{"id":"s-1","summary":"x","intent":{"kind":"note","body":"x"},"status":"rejected"}]}""",
            ],
        }.ToInsert();
        var record = JsonNode.Parse(insert.Data!)!.AsObject();
        record["inputs"] = JsonNode.Parse("""[{"module":"notes","table":"notes","id":"n-1"}]""");
        Places[attempt.Number % Places.Length](record, Storable(attempt.Text));
        return insert with { Data = record.ToJsonString() };
    }

    // jsonb takes neither.
    private static string Storable(string text) =>
        string.Concat(text.Replace('\0', '\uFFFD').EnumerateRunes());

    private static JsonObject Iteration(JsonObject record) => record["iterations"]![0]!.AsObject();

    private static IEnumerable<string> Texts(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => [value.GetString()!],
            JsonValueKind.Array => value.EnumerateArray().SelectMany(Texts),
            JsonValueKind.Object => value.EnumerateObject().SelectMany(member => Texts(member.Value)),
            _ => [],
        };
}
