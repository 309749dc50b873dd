using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ManaAi.Actors.Planning;
using ManaAi.Host.Commands.LlmStub;

namespace ManaAi.Tests.Planning;

/// <summary>The stand-in misbehaves as it is told, and the client sees what it should.</summary>
public sealed class LlmStubMisbehaviourTests
{
    [Theory]
    [InlineData("""{"babble":"prose"}""", "answered stop: Gladly!")]
    [InlineData("""{"babble":"fenced"}""", "answered stop: ```json\n{\"summary\":")]
    [InlineData("""{"babble":"around"}""", "answered stop: Here is the plan you asked for:\n{\"summary\":")]
    [InlineData("""{"status":500}""", "unavailable server-error: 500: the stand-in was told to answer 500")]
    [InlineData("""{"status":503}""", "unavailable server-error: 503")]
    [InlineData("""{"status":401}""", "unauthorized 401")]
    [InlineData("""{"status":400,"kind":"capability"}""", "rejected 400 capability")]
    [InlineData("""{"status":422,"kind":"blocked"}""", "rejected 422 blocked")]
    [InlineData("""{"status":429}""", "rate-limited ")]
    [InlineData("""{"status":429,"retryAfter":"17"}""", "rate-limited 17")]
    [InlineData("""{"status":502,"kind":"rate_limit","retryAfter":"3"}""", "rate-limited 3")]
    [InlineData("""{"status":307}""", "unavailable redirect")]
    [InlineData("""{"cutOff":true}""", "unavailable transport")]
    [InlineData("""{"reset":true}""", "unavailable transport")]
    [InlineData("""{"cutContent":true}""", "answered length: {\"summary\":")]
    [InlineData("""{"hang":"before-headers"}""", "unavailable timeout: no first byte")]
    [InlineData("""{"hang":"after-headers"}""", "unavailable timeout: silence")]
    [InlineData("""{"dripMs":20}""", "unavailable timeout: no whole answer")]
    [InlineData("""{"delayMs":60000}""", "unavailable timeout: no first byte")]
    [InlineData("""{"delayMs":1}""", "answered stop: {\"summary\":")]
    [InlineData(
        """{"calls":[{"id":"x","name":"make_coffee","arguments":"{}"}]}""",
        "answered tool_calls: null [x make_coffee {}]"
    )]
    [InlineData("""{"content":"exactly this"}""", "answered stop: exactly this")]
    [InlineData("""{"content":"no","finishReason":"content_filter"}""", "answered content_filter: no")]
    [InlineData("""{"match":"Grüße","status":500}""", "unavailable server-error")]
    [InlineData("""{"match":"somebody else","status":500}""", "answered stop: {\"summary\":")]
    [InlineData("[]", "answered stop: {\"summary\":")]
    [InlineData("""[{"match":"somebody else","status":500},{"content":"second"}]""", "answered stop: second")]
    public async Task What_it_is_told(string control, string expected)
    {
        await using var server = await LlmStubServer.StartAsync();
        using var http = new HttpClient { BaseAddress = server.Address };
        using var client = LlmBench.Client(server.Address, LlmBench.LimitsFor(expected));
        (await http.PostAsync("control", Json(control))).StatusCode.ShouldBe(HttpStatusCode.OK);

        var outcome = await client.CompleteAsync(LlmBench.Request, CancellationToken.None);

        LlmBench.Tell(outcome).ShouldStartWith(expected);
        server.Calls.Total.ShouldBe(1);
    }

    [Fact]
    public async Task Reset_is_a_real_reset()
    {
        await using var server = await LlmStubServer.StartAsync();
        server.Behave(new StubBehaviour { Reset = true });
        using var client = LlmBench.Client(server.Address);

        var outcome = await client.CompleteAsync(LlmBench.Request, CancellationToken.None);

        outcome.ShouldBeOfType<LlmOutcome.Unavailable>().Detail.ShouldContain("ConnectionReset");
    }

    [Fact]
    public async Task An_empty_plan_is_whole_in_either_mode()
    {
        await using var server = await LlmStubServer.StartAsync();
        server.Behave(new StubBehaviour { EmptyPlan = true });
        using var client = LlmBench.Client(server.Address);

        var json = await client.CompleteAsync(LlmStubOffer.AsLines("x"), CancellationToken.None);
        var native = await client.CompleteAsync(LlmStubOffer.AsFunctions("x"), CancellationToken.None);

        LlmBench.Tell(json).ShouldEndWith("\"steps\":[]}");
        LlmBench.Tell(native).ShouldBe("answered stop: Stand-in, no language model: nothing to do.");
    }

    [Fact]
    public async Task A_behaviour_lasts_as_many_calls_as_it_was_given()
    {
        await using var server = await LlmStubServer.StartAsync();
        server.Behave(
            new StubBehaviour { Status = 500, Times = 2 },
            new StubBehaviour { Content = "once", Times = 1 }
        );
        using var client = LlmBench.Client(server.Address);

        var told = new List<string>();
        for (var calls = 0; calls < 4; calls++)
        {
            told.Add(
                LlmBench.Tell(await client.CompleteAsync(LlmBench.Request, CancellationToken.None))[..19]
            );
        }

        told.ShouldBe([
            "unavailable server-",
            "unavailable server-",
            "answered stop: once",
            "answered stop: {\"su",
        ]);
    }

    [Fact]
    public async Task One_mission_hangs_while_others_are_planned()
    {
        await using var server = await LlmStubServer.StartAsync();
        server.Behave(new StubBehaviour { Hang = Hang.BeforeHeaders, Match = "garden" });
        using var client = LlmBench.Client(server.Address);
        using var cancellation = new CancellationTokenSource();

        var hanging = client.CompleteAsync(LlmStubOffer.AsLines("my garden"), cancellation.Token);
        await server.Calls.WhenAsync(1, CancellationToken.None);
        var other = await client.CompleteAsync(LlmStubOffer.AsLines("my kitchen"), CancellationToken.None);

        other.ShouldBeOfType<LlmOutcome.Answered>();
        hanging.IsCompleted.ShouldBeFalse();
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => hanging);
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_calls_that_hang()
    {
        var server = await LlmStubServer.StartAsync();
        server.Behave(new StubBehaviour { Hang = Hang.AfterHeaders });
        using var client = LlmBench.Client(server.Address);
        var hanging = client.CompleteAsync(LlmBench.Request, CancellationToken.None);
        await server.Calls.WhenAsync(1, CancellationToken.None);
        var startedAt = TimeProvider.System.GetTimestamp();

        await server.DisposeAsync();

        TimeProvider.System.GetElapsedTime(startedAt).ShouldBeLessThan(TimeSpan.FromSeconds(2));
        LlmBench.Tell(await hanging).ShouldStartWith("unavailable transport");
    }

    [Fact]
    public async Task Control_shows_what_is_in_force_and_is_cleared()
    {
        await using var server = await LlmStubServer.StartAsync();
        using var http = new HttpClient { BaseAddress = server.Address };

        await http.PostAsync("control", Json("""{"hang":"after-headers","times":3,"match":"x"}"""));
        var told = await http.GetStringAsync("control");
        await http.DeleteAsync("control");
        var cleared = await http.GetStringAsync("control");

        told.ShouldBe("""[{"hang":"after-headers","times":3,"match":"x"}]""");
        cleared.ShouldBe("[]");
    }

    [Theory]
    [InlineData("""{"hangs":true}""", "hangs")]
    [InlineData("""{"hang":"sometimes"}""", "hang")]
    [InlineData("""{"status":200}""", "status")]
    [InlineData("""{"delayMs":-1}""", "delayMs")]
    [InlineData("""{"times":0}""", "times")]
    [InlineData("""{"dripMs":0}""", "dripMs")]
    [InlineData("[null]", "null")]
    [InlineData("null", "null")]
    [InlineData("nonsense", "invalid")]
    [InlineData("", "JSON")]
    public async Task What_control_does_not_understand_it_refuses_and_changes_nothing(
        string control,
        string named
    )
    {
        await using var server = await LlmStubServer.StartAsync();
        using var http = new HttpClient { BaseAddress = server.Address };
        await http.PostAsync("control", Json("""{"emptyPlan":true}"""));

        using var response = await http.PostAsync("control", Json(control));

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).ShouldContain(named);
        (await http.GetStringAsync("control")).ShouldBe("""[{"emptyPlan":true}]""");
    }

    [Fact]
    public async Task Calls_are_counted_by_mission_and_their_prompts_are_not_shown()
    {
        await using var server = await LlmStubServer.StartAsync();
        using var http = new HttpClient { BaseAddress = server.Address };
        using var client = LlmBench.Client(server.Address);
        await client.CompleteAsync(LlmStubOffer.AsFunctions("secret wish"), CancellationToken.None);
        await client.CompleteAsync(
            LlmStubOffer.AsFunctions("secret wish", new ChatMessage("assistant", "hm")),
            CancellationToken.None
        );
        await client.CompleteAsync(LlmStubOffer.AsLines("another"), CancellationToken.None);

        var text = await http.GetStringAsync("control/calls");
        var calls = JsonDocument.Parse(text).RootElement;

        calls.GetProperty("total").GetInt32().ShouldBe(3);
        calls.GetProperty("open").GetInt32().ShouldBe(0);
        calls.GetProperty("missions").GetInt32().ShouldBe(2);
        calls.GetProperty("byMission").EnumerateObject().Select(one => one.Value.GetInt32()).ShouldBe([2, 1]);
        calls.GetProperty("recent")[0].GetProperty("toolCount").GetInt32().ShouldBe(LlmStubOffer.Tools.Count);
        text.ShouldNotContain("secret wish");
        server.Calls.Recent[0].Body.ShouldContain("secret wish");
        server.Calls.Recent[0].Bearer.ShouldBe(LlmBench.Key);

        await http.DeleteAsync("control/calls");
        server.Calls.Total.ShouldBe(0);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no JSON")]
    [InlineData("{}")]
    [InlineData("""{"messages":[]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"stream":true}""")]
    public async Task A_request_that_is_none_is_refused_and_not_counted(string body)
    {
        await using var server = await LlmStubServer.StartAsync();
        using var http = new HttpClient { BaseAddress = server.Address };

        using var response = await http.PostAsync("v1/chat/completions", Json(body));

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await response.Content.ReadFromJsonAsync<JsonElement>())
            .GetProperty("detail")
            .GetString()
            .ShouldNotBeNullOrEmpty();
        server.Calls.Total.ShouldBe(0);
    }

    [Fact]
    public async Task It_says_plainly_that_it_is_no_model()
    {
        await using var server = await LlmStubServer.StartAsync();
        using var http = new HttpClient { BaseAddress = server.Address };

        var health = await http.GetFromJsonAsync<JsonElement>("health");

        health.GetProperty("ok").GetBoolean().ShouldBeTrue();
        health.GetProperty("isModel").GetBoolean().ShouldBeFalse();
        health.GetProperty("note").GetString().ShouldNotBeNull().ShouldContain("no language model");
    }

    private static StringContent Json(string json) =>
        new(json, System.Text.Encoding.UTF8, "application/json");
}
