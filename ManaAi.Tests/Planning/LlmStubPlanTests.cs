using System.Text.Json;
using ManaAi.Actors.Planning;
using ManaAi.Host.Commands.LlmStub;

namespace ManaAi.Tests.Planning;

/// <summary>What the stand-in says is a plan that a planner can accept, and always the same.</summary>
public sealed class LlmStubPlanTests
{
    private static readonly Func<string, LlmRequest>[] _offers =
    [
        LlmStubOffer.AsSchema,
        LlmStubOffer.AsReferences,
        LlmStubOffer.AsNamesAndLines,
        LlmStubOffer.AsLines,
    ];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_plan_fits_the_tools_wherever_they_are_offered(int offer)
    {
        await using var server = await LlmStubServer.StartAsync();
        using var client = LlmBench.Client(server.Address);
        var named = new HashSet<string>();

        for (var mission = 0; mission < 200; mission++)
        {
            var plan = await PlanAsync(client, _offers[offer]($"mission {mission}"));
            plan.GetProperty("summary").GetString()!.ShouldContain("no language model");
            plan.GetProperty("steps").GetArrayLength().ShouldBeInRange(1, 3);
            foreach (var step in plan.GetProperty("steps").EnumerateArray())
            {
                step.EnumerateObject()
                    .Select(member => member.Name)
                    .ShouldBe(["summary", "toolName", "params", "rationale"]);
                LlmStubOffer.ShouldFit(step.GetProperty("toolName").GetString()!, step.GetProperty("params"));
                named.Add(step.GetProperty("toolName").GetString()!);
            }
        }

        named.Count.ShouldBeGreaterThan(LlmStubOffer.Tools.Count / 2); // And not always the same few.
    }

    [Fact]
    public async Task Native_functions_are_called_and_then_summed_up()
    {
        await using var server = await LlmStubServer.StartAsync();
        using var client = LlmBench.Client(server.Address);

        for (var mission = 0; mission < 200; mission++)
        {
            var first = await AnswerAsync(client, LlmStubOffer.AsFunctions($"mission {mission}"));
            first.FinishReason.ShouldBe("tool_calls");
            first.Content.ShouldBeNull();
            first.ToolCalls.Count.ShouldBeInRange(1, 3);
            first.ToolCalls.ShouldBeUnique();
            foreach (var call in first.ToolCalls)
            {
                ShouldFit(call);
            }
        }

        var last = await AnswerAsync(
            client,
            LlmStubOffer.AsFunctions(
                "mission",
                new ChatMessage("assistant", null) { ToolCalls = [new("c", "create_task", "{}")] },
                new ChatMessage("tool", "recorded") { ToolCallId = "c" }
            )
        );
        last.ToolCalls.ShouldBeEmpty();
        last.FinishReason.ShouldBe("stop");
        last.Content.ShouldNotBeNull().ShouldContain("no language model");
    }

    [Fact]
    public async Task It_can_be_told_to_call_for_ever_or_exactly_so_or_only_half()
    {
        await using var server = await LlmStubServer.StartAsync();
        using var client = LlmBench.Client(server.Address);
        var answered = LlmStubOffer.AsFunctions(
            "mission",
            new ChatMessage("assistant", null) { ToolCalls = [new("c", "create_task", "{}")] },
            new ChatMessage("tool", "recorded") { ToolCallId = "c" }
        );

        server.Behave(new StubBehaviour { KeepsCalling = true });
        (await AnswerAsync(client, answered)).ToolCalls.ShouldNotBeEmpty();

        server.Behave(new StubBehaviour { Calls = [new("x", "make_coffee", "so be it")] });
        (await AnswerAsync(client, answered)).ToolCalls.ShouldBe([new("x", "make_coffee", "so be it")]);

        server.Behave(new StubBehaviour { CutContent = true });
        var cut = await AnswerAsync(client, LlmStubOffer.AsFunctions("mission"));
        cut.FinishReason.ShouldBe("length");
        PlanReplyParser
            .CheckCall(cut.ToolCalls[^1], ToolCatalog.Embedded.Tools)
            .ShouldBeOfType<CallReply.Refused>();
    }

    [Fact]
    public async Task The_same_request_has_the_same_answer_and_another_mission_another()
    {
        await using var one = await LlmStubServer.StartAsync();
        await using var other = await LlmStubServer.StartAsync();

        var first = await AskAsync(one, LlmStubOffer.AsLines("walk more"));
        var again = await AskAsync(other, LlmStubOffer.AsLines("walk more"));
        var different = await AskAsync(one, LlmStubOffer.AsLines("read more"));

        again.ShouldBe(first);
        different.ShouldNotBe(first);
    }

    [Fact]
    public async Task Without_tools_the_plan_is_empty()
    {
        await using var server = await LlmStubServer.StartAsync();
        using var client = LlmBench.Client(server.Address);

        var plan = await PlanAsync(client, LlmBench.Request);

        plan.GetProperty("steps").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Tokens_are_counted_roughly()
    {
        await using var server = await LlmStubServer.StartAsync();
        using var client = LlmBench.Client(server.Address);

        var small = (await AnswerAsync(client, LlmBench.Request)).Usage;
        var large = (
            await AnswerAsync(
                client,
                LlmBench.Request with
                {
                    Messages = [new("user", new string('x', 4000))],
                }
            )
        ).Usage;

        small.CompletionTokens.ShouldBeInRange(10, 100);
        large.PromptTokens.ShouldBeInRange(1000, small.PromptTokens + 1000);
    }

    [Theory]
    [InlineData("""{"type":"string","minLength":40}""", "string", 40, 40)]
    [InlineData("""{"type":"string","maxLength":3}""", "string", 3, 3)]
    [InlineData("""{"type":["null","string"],"enum":[null,"low"]}""", "string", 3, 3)]
    [InlineData("""{"anyOf":[{"type":"null"},{"const":"yes"}]}""", "string", 3, 3)]
    [InlineData("""{"type":"integer","minimum":5,"maximum":6}""", "number", 1, 1)]
    [InlineData("""{"type":"number","maximum":-4}""", "number", 2, 2)]
    [InlineData("""{"type":"array","items":{"type":"boolean"},"minItems":2}""", "array", 11, 13)]
    [InlineData(
        """{"type":"object","properties":{"a":{"type":"integer","minimum":7,"maximum":7}},"required":["a"]}""",
        "object",
        7,
        7
    )]
    [InlineData("""{"type":"string","format":"date"}""", "string", 10, 10)]
    public void A_value_keeps_to_its_schema(string schema, string kind, int shortest, int longest)
    {
        using var parsed = JsonDocument.Parse(
            $$"""{"type":"object","properties":{"it":{{schema}}},"required":["it"]}"""
        );

        for (ulong seed = 0; seed < 50; seed++)
        {
            var made = new StubValues(new StubDice(seed), parsed.RootElement).Object(parsed.RootElement)[
                "it"
            ]!;
            made.GetValueKind().ToString().ShouldBe(kind, StringCompareShould.IgnoreCase);
            (kind == "string" ? made.GetValue<string>() : made.ToJsonString()).Length.ShouldBeInRange(
                shortest,
                longest
            );
        }
    }

    [Fact]
    public void A_schema_that_refers_to_itself_has_an_end()
    {
        using var parsed = JsonDocument.Parse(
            """{"type":"object","properties":{"child":{"$ref":"#"},"loop":{"$ref":"#/properties/loop"}},"required":["child","loop"]}"""
        );

        new StubValues(new StubDice(1), parsed.RootElement).Object(parsed.RootElement).ShouldNotBeNull();
    }

    private static void ShouldFit(ToolCall call)
    {
        using var arguments = JsonDocument.Parse(call.Arguments);
        var own = arguments
            .RootElement.EnumerateObject()
            .Where(member => !member.Name.StartsWith('_'))
            .ToDictionary(member => member.Name, member => member.Value);
        arguments.RootElement.GetProperty("_summary").GetString().ShouldNotBeNullOrWhiteSpace();
        arguments.RootElement.GetProperty("_rationale").GetString().ShouldNotBeNullOrWhiteSpace();
        LlmStubOffer.ShouldFit(call.Name, JsonSerializer.SerializeToElement(own));
    }

    private static async Task<string> AskAsync(LlmStubServer server, LlmRequest request)
    {
        using var http = new HttpClient();
        using var content = new ReadOnlyMemoryContent(LlmRequestWriter.Write(request));
        using var response = await http.PostAsync(new Uri(server.Address, "v1/chat/completions"), content);
        return await response.Content.ReadAsStringAsync();
    }

    private static async Task<LlmAnswer> AnswerAsync(LlmClient client, LlmRequest request) =>
        (await client.CompleteAsync(request, CancellationToken.None))
            .ShouldBeOfType<LlmOutcome.Answered>()
            .Answer;

    private static async Task<JsonElement> PlanAsync(LlmClient client, LlmRequest request) =>
        JsonDocument.Parse((await AnswerAsync(client, request)).Content!).RootElement;
}
