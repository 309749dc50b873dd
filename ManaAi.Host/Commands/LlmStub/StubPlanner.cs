using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ManaAi.Host.Commands.LlmStub;

/// <summary>
/// Answers a prompt with a valid plan of one to three steps, made from a hash of its messages and the tools it
/// offers. Pure: the same request always has the same answer, to the byte.
/// </summary>
internal static class StubPlanner
{
    public const string ModelName = "llm-stub (a stand-in, no model)";

    private const int StepsMax = 3;
    private const string Says = "Stand-in, no language model";

    private static readonly JsonSerializerOptions _relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static StubAnswer Answer(StubPrompt prompt, StubBehaviour behaviour)
    {
        var tools = prompt.Tools;
        var steps = behaviour.EmptyPlan || tools.Count == 0 ? [] : MakeSteps(prompt, tools);
        var answer = prompt switch
        {
            { Functions.Count: 0 } => InJson(tools, steps),
            { ToolAnswers: > 0 } when !behaviour.KeepsCalling => InWords(
                $"{Says}: {prompt.ToolAnswers} calls were answered, all is planned."
            ),
            _ when steps.Count == 0 => InWords($"{Says}: nothing to do."),
            _ => InCalls(prompt, steps),
        };
        return Spoil(answer, behaviour);
    }

    /// <summary>The whole body of the HTTP answer.</summary>
    public static byte[] Body(StubPrompt prompt, StubAnswer answer)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = answer.Content };
        if (answer.Calls.Count > 0)
        {
            message["tool_calls"] = new JsonArray([.. answer.Calls]);
        }

        var (asked, said) = (Tokens(prompt.Body.GetRawText()), Tokens(message.ToJsonString()));
        return JsonSerializer.SerializeToUtf8Bytes(
            new JsonObject
            {
                ["id"] = $"chatcmpl-{prompt.Seed:x16}",
                ["object"] = "chat.completion",
                ["created"] = 0,
                ["model"] = ModelName,
                ["choices"] = new JsonArray(
                    new JsonObject
                    {
                        ["index"] = 0,
                        ["message"] = message,
                        ["finish_reason"] = answer.FinishReason,
                    }
                ),
                ["usage"] = new JsonObject
                {
                    ["prompt_tokens"] = asked,
                    ["completion_tokens"] = said,
                    ["total_tokens"] = asked + said,
                },
            },
            _relaxed
        );
    }

    private static List<Step> MakeSteps(StubPrompt prompt, IReadOnlyList<StubTool> tools)
    {
        var dice = new StubDice(prompt.Seed);
        var left = tools.ToList();
        var steps = new List<Step>();
        for (var count = Math.Min(1 + dice.Below(StepsMax), left.Count); count > 0; count--)
        {
            var tool = left[dice.Below(left.Count)];
            left.Remove(tool);
            steps.Add(Step.Make(tool, steps.Count + 1, dice));
        }

        return steps;
    }

    private static StubAnswer InWords(string text) => new(text, [], "stop");

    private static StubAnswer InCalls(StubPrompt prompt, List<Step> steps) =>
        new(Content: null, [.. steps.Select((step, index) => step.ToCall(prompt, index))], "tool_calls");

    private static StubAnswer InJson(IReadOnlyList<StubTool> tools, List<Step> steps)
    {
        var plan = new JsonObject
        {
            ["summary"] = $"{Says}: {steps.Count} steps, drawn from {tools.Count} tools.",
            ["steps"] = new JsonArray([.. steps.Select(step => step.ToJson())]),
        };
        return InWords(plan.ToJsonString(_relaxed));
    }

    private static StubAnswer Spoil(StubAnswer answer, StubBehaviour behaviour)
    {
        var spoiled = behaviour switch
        {
            { Calls: { } exact } => new(behaviour.Content, [.. exact.Select(AsCalled)], "tool_calls"),
            { Content: { } exact } => InWords(exact),
            { Babble: Babble.Prose } => InWords(
                "Gladly! Planning is the art of taking small steps. Shall we begin with a cup of tea?"
            ),
            { Babble: Babble.Fenced } => answer with { Content = $"```json\n{answer.Content}\n```" },
            { Babble: Babble.Around } => answer with
            {
                Content =
                    $"Here is the plan you asked for:\n{answer.Content}\nTell me if {{anything}} is unclear.",
            },
            { CutContent: true } => CutShort(answer),
            _ => answer,
        };
        return spoiled with { FinishReason = behaviour.FinishReason ?? spoiled.FinishReason };
    }

    private static StubAnswer CutShort(StubAnswer answer)
    {
        if (answer.Calls is not [.., var last])
        {
            return answer with { Content = Half(answer.Content), FinishReason = "length" };
        }

        var cut = last.DeepClone();
        cut["function"]!["arguments"] = Half((string?)cut["function"]!["arguments"]);
        return answer with { Calls = [.. answer.Calls.SkipLast(1), cut], FinishReason = "length" };
    }

    private static string? Half(string? text) => text?[..(text.Length / 2)];

    private static JsonObject AsCalled(StubToolCall call)
    {
        var json = new JsonObject
        {
            ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
        };
        if (call.Id is { } id)
        {
            json["id"] = id;
        }

        return json;
    }

    // Roughly what tokenizers count.
    private static int Tokens(string text) => text.Length / 4;

    private sealed record Step(string Summary, string Tool, string Rationale, JsonObject Params)
    {
        // Native functions carry the summary and the rationale among their arguments.
        public static Step Make(StubTool tool, int number, StubDice dice)
        {
            var (summary, rationale) = (
                $"Step {number}: {tool.Name}",
                $"{Says}: drawn from a hash of the prompt."
            );
            var given = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["_summary"] = summary,
                ["_rationale"] = rationale,
            };
            var values = new StubValues(dice, tool.Root).Object(tool.Parameters, given);
            return new(summary, tool.Name, rationale, values);
        }

        public JsonObject ToJson() =>
            new()
            {
                ["summary"] = Summary,
                ["toolName"] = Tool,
                ["params"] = Params,
                ["rationale"] = Rationale,
            };

        public JsonObject ToCall(StubPrompt prompt, int index) =>
            new()
            {
                ["id"] = $"call_{prompt.Seed:x16}_{index}",
                ["type"] = "function",
                ["function"] = new JsonObject
                {
                    ["name"] = Tool,
                    ["arguments"] = Params.ToJsonString(_relaxed),
                },
            };
    }
}

/// <param name="Calls">As they stand on the wire.</param>
internal sealed record StubAnswer(string? Content, IReadOnlyList<JsonNode> Calls, string FinishReason);
