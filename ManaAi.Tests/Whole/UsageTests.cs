using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>What calls have cost, as the endpoint and the metric tell it.</summary>
public sealed class UsageTests : WholeTests
{
    [Fact]
    public async Task Where_nothing_was_used_there_are_zeros()
    {
        var node = await StartAsync();
        await node.TickAsync();

        var usage = await ReadAsync(node, "internal/usage");

        usage.GetProperty("total").GetProperty("tokens").GetInt64().ShouldBe(0);
        usage.GetProperty("byUser").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task What_plans_cost_is_summed_by_day_user_agent_and_model()
    {
        var node = await StartAsync(("TOKENS_PER_DAY", "1000000"));
        await Database.InsertChangeAsync(DeviceChange.OfAgent("agent-1", "\"maxConcurrentMissions\":5"));
        await InsertDueAsync("one", agentId: "agent-1");
        await InsertDueAsync("two", agentId: "agent-1");
        await InsertDueAsync("three", userId: "user-2");
        await node.TickAsync();

        var usage = await ReadAsync(node, "internal/usage?days=2");

        var total = usage.GetProperty("total").GetProperty("tokens").GetInt64();
        total.ShouldBeGreaterThan(0);
        usage.GetProperty("total").GetProperty("calls").GetInt64().ShouldBe(3);
        usage.GetProperty("lastDay").GetInt64().ShouldBe(total);
        usage.GetProperty("reserved").GetInt64().ShouldBe(0);
        usage.GetProperty("budgets").GetProperty("perDay").GetInt64().ShouldBe(1_000_000);
        Sum(usage, "byDay").ShouldBe(total);
        Sum(usage, "byUser").ShouldBe(total);
        Sum(usage, "byModel").ShouldBe(total);
        usage.GetProperty("byUser").GetArrayLength().ShouldBe(2);
        var agent = usage.GetProperty("byAgent").EnumerateArray().ShouldHaveSingleItem();
        agent.GetProperty("agentId").GetString().ShouldBe("agent-1");
        agent.GetProperty("calls").GetInt64().ShouldBe(2);
        (
            await Database.ReadAsync<long>(
                "select sum(prompt_tokens + completion_tokens)::bigint from mana_ai.runs"
            )
        ).ShouldBe(total);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("401")]
    [InlineData("seven")]
    [InlineData("-1")]
    public async Task A_span_that_makes_no_sense_is_refused_with_the_rule(string days)
    {
        var node = await StartAsync();
        using var answer = await node.GetAsync($"internal/usage?days={days}");

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("days must be a whole number from 1 to 400");
    }

    [Fact]
    public async Task A_mission_that_failed_again_and_again_says_that_it_rests()
    {
        var node = await StartAsync();
        var mission = await InsertDueAsync();
        await node.TickAsync();
        await Database.ExecuteAsync(
            "update mana_ai.runs set verdict = 'failed', reason = 'llm-unavailable', periods = 4"
        );

        var view = await ReadAsync(node, $"internal/missions/{mission.UserId}/{mission.Id}");

        view.GetProperty("slowedDown").GetString().ShouldNotBeNull().ShouldContain("rests for 4 periods");
        var run = view.GetProperty("runs").EnumerateArray().ShouldHaveSingleItem();
        run.GetProperty("model").GetString().ShouldNotBeNullOrEmpty();
        run.GetProperty("callsMs").GetInt64().ShouldBeGreaterThanOrEqualTo(0);
    }

    private static long Sum(JsonElement usage, string list) =>
        usage.GetProperty(list).EnumerateArray().Sum(row => row.GetProperty("tokens").GetInt64());

    private static async Task<JsonElement> ReadAsync(WholeNode node, string path)
    {
        using var answer = await node.GetAsync(path);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }
}
