using System.Net;
using System.Text.Json;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Host.Internal;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>What an operator asks for, and what is refused and why.</summary>
public sealed class OperatorRequestTests : WholeTests
{
    private static HttpMethod Get => HttpMethod.Get;

    private static HttpMethod Post => HttpMethod.Post;

    [Fact]
    public async Task A_run_that_is_asked_for_starts_at_once_and_leaves_the_date_alone()
    {
        var node = await StartAsync();
        var mission = await InsertLaterAsync();
        await node.TickAsync();

        var asked = await node.AskAsync(Post, $"internal/missions/{mission.UserId}/{mission.Id}/run-now");

        asked.GetProperty("isNew").GetBoolean().ShouldBeTrue();
        var run = (await ClosedAsync(1)).Single();
        (run.RunId, run.Verdict).ShouldBe((asked.GetProperty("runId").GetInt64(), "planned"));
        (await Database.MissionAsync(mission)).NextRunAt.ShouldBe(mission.DueAt);
    }

    [Fact]
    public async Task A_failed_run_is_repeated_at_once_and_another_is_not()
    {
        var node = await StartAsync();
        Llm.Behave(new StubBehaviour { Status = 400 });
        await InsertDueAsync();
        await node.TickAsync();
        var failed = await SingleRunAsync();
        Llm.Behave();

        var asked = await node.AskAsync(Post, $"internal/runs/{failed.RunId}/retry");

        var again = (await ClosedAsync(2))[1];
        (again.RunId, again.Verdict).ShouldBe((asked.GetProperty("runId").GetInt64(), "planned"));
        var view = await node.AskAsync(Get, $"internal/runs/{again.RunId}");
        view.GetProperty("run").GetProperty("run").GetProperty("retryOf").GetInt64().ShouldBe(failed.RunId);
        var refused = await node.AskAsync(
            Post,
            $"internal/runs/{again.RunId}/retry",
            status: HttpStatusCode.Conflict
        );
        refused
            .GetProperty("detail")
            .GetString()
            .ShouldBe("Only a failed run can be repeated; this one is planned.");
    }

    [Fact]
    public async Task A_pause_holds_and_resuming_starts_at_once()
    {
        var node = await StartAsync();
        var until = (await Database.ReadAsync<DateTimeOffset>("select now()")).AddHours(1);
        await InsertDueAsync();
        await node.AskAsync(
            Post,
            "internal/pause",
            $$"""{"reason":"maintenance","until":"{{until.UtcDateTime:O}}"}"""
        );
        (await node.TickAsync()).Errors.ShouldBeEmpty();
        Llm.Calls.Total.ShouldBe(0);

        var pause = (await node.AskAsync(Get, "internal/pauses")).GetProperty("pauses")[0];
        pause.GetProperty("reason").GetString().ShouldBe("maintenance");
        pause.GetProperty("userId").ValueKind.ShouldBe(JsonValueKind.Null);
        await node.AskAsync(Post, "internal/resume");

        (await ClosedAsync(1))[0].Verdict.ShouldBe("planned");
        await node.AskAsync(Post, "internal/resume", status: HttpStatusCode.NotFound);
        (await node.AskAsync(Get, "internal/pauses")).GetProperty("pauses").GetArrayLength().ShouldBe(0);
        (await node.AskAsync(Get, "internal/events"))
            .GetProperty("events")
            .EnumerateArray()
            .Select(one =>
                $"{one.GetProperty("kind")} {one.GetProperty("userId")} {one.GetProperty("detail")}"
            )
            .Where(line => line.Contains("  ", StringComparison.Ordinal))
            .ShouldBe(["resumed  ", $"paused  maintenance, until {until.UtcDateTime:yyyy-MM-ddTHH:mm:ss}Z"]);
    }

    [Fact]
    public async Task A_user_or_a_mission_is_paused_alone()
    {
        var node = await StartAsync();
        await InsertLaterAsync();
        await node.TickAsync();
        foreach (
            var scope in (string[])
                ["""{"userId":"user-1"}""", """{"userId":"user-1","missionId":"mission-1"}"""]
        )
        {
            await node.AskAsync(Post, "internal/pause", scope[..^1] + ""","reason":"wait"}""");
            await node.AskAsync(Post, "internal/missions/user-1/mission-1/run-now");
            await node.TickAsync();
            (await SingleRunAsync()).Attempts.ShouldBe(0);
            await node.AskAsync(Post, "internal/resume", scope);
            (await ClosedAsync(1)).ShouldHaveSingleItem();
            await Database.ExecuteAsync("delete from mana_ai.runs");
        }
    }

    [Fact]
    public async Task A_cancelled_run_is_closed_with_the_reason_and_its_call_ends()
    {
        var node = await StartAsync(("RUN_LEASE_MS", "2000"));
        Llm.Behave(new StubBehaviour { Hang = Hang.BeforeHeaders });
        var mission = await InsertLaterAsync();
        await node.TickAsync();
        await node.AskAsync(Post, $"internal/missions/{mission.UserId}/{mission.Id}/run-now");
        await Llm.Calls.WhenAsync(1, CancellationToken.None);
        var run = await SingleRunAsync();

        await node.AskAsync(Post, $"internal/runs/{run.RunId}/cancel", """{"reason":"not now"}""");

        run = await SingleRunAsync();
        (run.Verdict, run.Reason, run.Detail).ShouldBe(("skipped", "cancelled", "not now"));
        await node.AskAsync(Post, $"internal/runs/{run.RunId}/cancel", status: HttpStatusCode.Conflict);
    }

    [Theory]
    [InlineData("GET", "missions?state=asleep", "state")]
    [InlineData("GET", "missions?due=yes", "due")]
    [InlineData("GET", "missions?due=true&state=paused", "state")]
    [InlineData("GET", "missions?failing=1", "failing")]
    [InlineData("GET", "missions?limit=0", "limit")]
    [InlineData("GET", "missions?limit=1001", "limit")]
    [InlineData("GET", "missions?cursor=nonsense", "cursor")]
    [InlineData("GET", "missions?cursor=WyJydW5zIiwiNDcxMSJd", "cursor")]
    [InlineData("GET", "missions?due=true&cursor=WyJkdWUiLCJ4IiwieSIsInoiXQ", "cursor")]
    [InlineData("GET", "missions?user=", "user")]
    [InlineData("GET", "missions?agent=%00", "agent")]
    [InlineData("GET", "missions/%07/x", "userId")]
    [InlineData("GET", "runs?state=claimed", "state")]
    [InlineData("GET", "runs?cursor=WyJydW5zIiwieCJd", "cursor")]
    [InlineData("GET", "runs?reason=%20", "reason")]
    [InlineData("GET", "runs/x", "runId")]
    [InlineData("GET", "events?limit=x", "limit")]
    [InlineData("GET", "missions/%01/x/why", "userId")]
    [InlineData("GET", "missions/x/%01/dry-run", "missionId")]
    [InlineData("POST", "runs/0/cancel", "runId")]
    [InlineData("POST", "runs/1/cancel", "reason", """{"reason":""}""")]
    [InlineData("POST", "runs/1/retry", "body", """{"reason":"x"}""")]
    [InlineData("POST", "pause", "reason")]
    [InlineData("POST", "pause", "body", "[]")]
    [InlineData("POST", "pause", "body", "{")]
    [InlineData("POST", "pause", "body", """{"reason":[[[[[[[["deep"]]]]]]]]}""")]
    [InlineData("POST", "resume", "body", """{"userId":"user-1","userId":"user-2"}""")]
    [InlineData("POST", "pause", "body", """{"reason":"x","mission":"m"}""")]
    [InlineData("POST", "pause", "reason", """{"reason":7}""")]
    [InlineData("POST", "pause", "userId", """{"reason":"x","missionId":"m"}""")]
    [InlineData("POST", "pause", "until", """{"reason":"x","until":"tomorrow"}""")]
    [InlineData("POST", "pause", "until", """{"reason":"x","until":"2020-01-01T00:00Z"}""")]
    [InlineData("POST", "resume", "userId", """{"userId":""}""")]
    public async Task What_makes_no_sense_is_refused_with_the_field_and_the_rule(
        string method,
        string path,
        string field,
        string? body = null
    )
    {
        var node = await StartAsync();

        var problem = await node.AskAsync(
            new HttpMethod(method),
            $"internal/{path}",
            body,
            HttpStatusCode.BadRequest
        );

        problem.GetProperty("field").GetString().ShouldBe(field);
        problem.GetProperty("detail").GetString().ShouldNotBeNull().ShouldStartWith($"{field} m");
        problem.GetProperty("error").GetString().ShouldBe("bad-request");
    }

    [Theory]
    [InlineData("GET", "missions/user-1/nobody")]
    [InlineData("GET", "missions/user-1/nobody/why")]
    [InlineData("GET", "missions/user-1/nobody/dry-run")]
    [InlineData("GET", "runs/4711")]
    [InlineData("POST", "missions/user-1/nobody/run-now")]
    [InlineData("POST", "runs/4711/retry")]
    [InlineData("POST", "runs/4711/cancel")]
    [InlineData("POST", "pause", """{"userId":"nobody","reason":"x"}""")]
    [InlineData("POST", "resume", """{"userId":"nobody"}""")]
    public async Task What_is_not_there_is_said(string method, string path, string? body = null)
    {
        var node = await StartAsync();
        await node.TickAsync();

        var problem = await node.AskAsync(
            new HttpMethod(method),
            $"internal/{path}",
            body,
            HttpStatusCode.NotFound
        );

        problem.GetProperty("error").GetString().ShouldBe("not-found");
    }

    [Theory]
    [InlineData("GET", "missions")]
    [InlineData("GET", "missions/u/m")]
    [InlineData("GET", "missions/u/m/why")]
    [InlineData("GET", "missions/u/m/dry-run")]
    [InlineData("POST", "missions/u/m/run-now")]
    [InlineData("GET", "runs")]
    [InlineData("GET", "runs/1")]
    [InlineData("POST", "runs/1/retry")]
    [InlineData("POST", "runs/1/cancel")]
    [InlineData("GET", "nodes")]
    [InlineData("GET", "usage")]
    [InlineData("GET", "events")]
    [InlineData("GET", "events/stream")]
    [InlineData("GET", "pauses")]
    [InlineData("POST", "pause", """{"reason":"x"}""")]
    [InlineData("POST", "resume")]
    public async Task Without_the_key_nobody_is_answered_and_without_the_database_503(
        string method,
        string path,
        string? body = null
    )
    {
        var node = await StartOnAsync("postgresql://nobody:x@127.0.0.1:1/nowhere");
        foreach (var key in (string?[])[null, "wrong"])
        {
            using var denied = await node.SendAsync(new HttpMethod(method), $"internal/{path}", body, key);
            denied.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        }

        var problem = await node.AskAsync(
            new HttpMethod(method),
            $"internal/{path}",
            body,
            HttpStatusCode.ServiceUnavailable
        );

        problem.GetProperty("detail").GetString().ShouldNotBeNull().ShouldContain("cannot be reached");
    }

    [Fact]
    public async Task Events_come_to_whoever_listens_and_go_on_where_they_were_left()
    {
        var node = await StartAsync();
        await node.TickAsync();
        using var answer = await node.SendAsync(Get, "internal/events/stream");
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await lines.ReadLineAsync()).ShouldBe(": listening");
        await InsertDueAsync();
        await node.TickAsync();

        var kinds = new List<string>();
        var first = "";
        while (kinds.LastOrDefault() != "planned")
        {
            var line = (await lines.ReadLineAsync()).ShouldNotBeNull();
            if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                kinds.Add(line[7..]);
            }

            first =
                first.Length == 0 && line.StartsWith("id: ", StringComparison.Ordinal) ? line[4..] : first;
        }

        kinds.ShouldBe(["due", "claimed", "asked", "answered", "planned"]);
        await node.StopAsync();
        (await lines.ReadToEndAsync())
            .Split('\n')
            .ShouldNotContain(line => line.StartsWith("event", StringComparison.Ordinal));

        var next = await StartAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(Get, new Uri(next.Address, "internal/events/stream"));
        request.Headers.Add("X-Service-Key", WholeNode.Key);
        request.Headers.Add("Last-Event-ID", first);
        using var again = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var rest = new StreamReader(await again.Content.ReadAsStreamAsync());
        string? seen;
        do
        {
            seen = await rest.ReadLineAsync();
        } while (seen?.StartsWith("event: ", StringComparison.Ordinal) == false);
        seen.ShouldBe("event: claimed", "what came behind the id that was named");
    }

    [Fact]
    public async Task Only_so_many_listen_and_who_leaves_makes_room()
    {
        var node = await StartAsync();
        await node.TickAsync();
        var listening = new List<HttpResponseMessage>();
        for (var seat = 0; seat < EventListeners.Max; seat++)
        {
            var one = await node.SendAsync(Get, "internal/events/stream");
            one.StatusCode.ShouldBe(HttpStatusCode.OK);
            listening.Add(one);
        }

        using (var refused = await node.SendAsync(Get, "internal/events/stream"))
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        }

        listening[0].Dispose();
        await Eventually.SeesAsync(
            async () =>
            {
                using var one = await node.SendAsync(Get, "internal/events/stream");
                return one.StatusCode;
            },
            status => status == HttpStatusCode.OK
        );
        listening.ForEach(one => one.Dispose());
    }

    private Task<DeviceMission> InsertLaterAsync() =>
        InsertDueAsync(change: mission => mission with { DueAt = mission.DueAt!.Value.AddHours(5) });

    private async Task<IReadOnlyList<RunRow>> ClosedAsync(int count) =>
        await Eventually.SeesAsync(
            Database.RunsAsync,
            runs => runs.Count == count && runs.All(run => run.Verdict is not null)
        );
}
