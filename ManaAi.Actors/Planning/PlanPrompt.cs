using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using ManaAi.Actors.Agents;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Planning;

/// <summary>In which of two ways a model is asked for a plan.</summary>
public enum PlanMode
{
    /// <summary>One answer that is a JSON object.</summary>
    Json,

    /// <summary>Native function calling, one call for each step.</summary>
    Tools,
}

/// <param name="Offered">The tools the model may name; the prompt names no other.</param>
public sealed record PromptInput(Mission Mission, Agent? Agent, IReadOnlyList<Tool> Offered, PlanMode Mode)
{
    /// <summary>A sentence of our own for this call, such as a warning that the budget is nearly spent.</summary>
    public string? Note { get; init; }

    /// <summary>The time where the user is, for dates in the plan; null leaves it out.</summary>
    public DateTimeOffset? LocalNow { get; init; }
}

/// <param name="Version">Names the fixed words and their order: equal for all missions in one mode.</param>
public sealed record Prompt(IReadOnlyList<ChatMessage> Messages, string Version);

/// <summary>Writes what a model is asked. Two messages: ours with the rules, and one with the mission's texts as data.</summary>
/// <remarks>The first is the same for every mission with the same tools, so servers can keep it in their cache.</remarks>
public static class PlanPrompt
{
    // Bytes and not characters: a token is some four letters of English and some one and a half of Chinese, and
    // three bytes are on the safe side of both.
    private const int BytesPerToken = 3;
    private const int TokensPerMessage = 4;

    // Nearly every plan is offered the same list.
    private static readonly ConditionalWeakTable<IReadOnlyList<Tool>, ChatMessage> JsonRules = [];
    private static readonly ConditionalWeakTable<IReadOnlyList<Tool>, ChatMessage> ToolsRules = [];

    private static readonly Lazy<string> JsonVersion = new(() => VersionOf(PlanMode.Json));
    private static readonly Lazy<string> ToolsVersion = new(() => VersionOf(PlanMode.Tools));

    public static Prompt Build(PromptInput input) =>
        new(Write(input), input.Mode == PlanMode.Json ? JsonVersion.Value : ToolsVersion.Value);

    /// <summary>The conversation for the one repeat: what was answered, cut, and what is wrong with it.</summary>
    public static IReadOnlyList<ChatMessage> AskAgain(
        IReadOnlyList<ChatMessage> messages,
        string? assistantText,
        string sentence
    )
    {
        var reason = ForeignText.Line(sentence, PromptLimits.SentenceCharsMax);
        var ask = new ChatMessage("user", $"Your answer could not be used. {reason}\n{PromptTexts.Again}");
        if (assistantText is null || ForeignText.IsBlank(assistantText))
        {
            return [.. messages, ask]; // Some servers refuse an empty message.
        }

        var answer = FencedText.Bend(ForeignText.Clip(assistantText, PromptLimits.RefusedAnswerCharsMax));
        return [.. messages, new("assistant", answer), ask];
    }

    /// <summary>A rough upper estimate of what a request's messages and native tools cost, for reserving a budget.</summary>
    public static int EstimateTokens(
        IReadOnlyList<ChatMessage> messages,
        IReadOnlyList<JsonElement>? functions = null
    )
    {
        var bytes = messages.Sum(BytesOf) + (functions ?? []).Sum(function => Utf8(function.GetRawText()));
        return (int)
            Math.Min(int.MaxValue, bytes / BytesPerToken + 1 + (long)messages.Count * TokensPerMessage);
    }

    private static long BytesOf(ChatMessage message) =>
        Utf8(message.Content) + message.ToolCalls.Sum(call => Utf8(call.Name) + Utf8(call.Arguments));

    private static long Utf8(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);

    private static ChatMessage[] Write(PromptInput input) =>
        [
            input.Mode == PlanMode.Json
                ? JsonRules.GetValue(input.Offered, static tools => Rules(tools, PlanMode.Json))
                : ToolsRules.GetValue(input.Offered, static tools => Rules(tools, PlanMode.Tools)),
            new("user", User(input)),
        ];

    private static ChatMessage Rules(IReadOnlyList<Tool> offered, PlanMode mode)
    {
        var isJson = mode == PlanMode.Json;
        string[] parts =
        [
            PromptTexts.Job,
            PromptTexts.Rules,
            PromptTexts.Data,
            isJson ? PromptTexts.JsonForm : PromptTexts.ToolsForm,
            offered.Count == 0 ? PromptTexts.NoTools : "",
            isJson && offered.Count > 0 ? ToolList(offered) : "",
        ];
        return new("system", string.Join("\n\n", parts.Where(part => part.Length > 0)));
    }

    private static string ToolList(IReadOnlyList<Tool> tools) =>
        string.Join(
            '\n',
            tools
                .Select(tool => $"- {tool.Name}: {tool.Description} {Parameters(tool)}")
                .Prepend(PromptTexts.ToolList)
        );

    private static string Parameters(Tool tool) =>
        tool.Parameters.Count == 0
            ? "No parameters."
            : $"Parameters: {string.Join("; ", tool.Parameters.Select(Parameter))}.";

    private static string Parameter(ToolParameter parameter)
    {
        var required = parameter.IsRequired ? ", required" : "";
        var allowed = parameter.Allowed is { } values
            ? $", one of {string.Join(", ", values.Select(value => $"\"{value}\""))}"
            : "";
        return $"{parameter.Name} ({parameter.Type}{required}{allowed})";
    }

    private static string User(PromptInput input)
    {
        var text = new FencedText();
        if (input.LocalNow is { } now)
        {
            text.Say(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Where the user is, it is {now:dddd, yyyy-MM-dd HH:mm zzz}."
                )
            );
        }

        if (input.Agent is { } agent)
        {
            text.Say(PromptTexts.Agent)
                .Fence("agent-name", agent.Name, PromptLimits.AgentNameCharsMax)
                .Fence("agent-role", agent.Role, PromptLimits.AgentRoleCharsMax)
                .Fence("agent-instructions", agent.SystemPrompt, PromptLimits.AgentInstructionsCharsMax)
                .Fence("agent-memory", agent.Memory, PromptLimits.AgentMemoryCharsMax);
        }

        text.Say("The mission:")
            .Fence("title", input.Mission.Title, PromptLimits.TitleCharsMax)
            .Fence("concept", input.Mission.ConceptMarkdown, PromptLimits.ConceptCharsMax)
            .Fence("objective", input.Mission.Objective, PromptLimits.ObjectiveCharsMax);
        EarlierPasses.Write(text, input.Mission.Iterations, input.Offered);
        if (input.Note is { } note)
        {
            text.Say($"Note: {ForeignText.Line(note, PromptLimits.NoteCharsMax)}");
        }

        return text.Say(PromptTexts.Close).ToString();
    }

    /// <summary>Hashes the prompts of two made-up missions, one with everything and one with nothing.</summary>
    private static string VersionOf(PlanMode mode)
    {
        var step = new IterationStep("s", "t", "planned");
        var key = new MissionKey(new("u"), new("m"));
        var bare = new Mission(key) { Objective = "o", Cadence = new Cadence.Manual() };
        var full = bare with
        {
            Title = "t",
            ConceptMarkdown = "c",
            Iterations =
            [
                new("i")
                {
                    Summary = "s",
                    UserFeedback = "f",
                    Steps = [.. Enumerable.Repeat(step, 11)],
                },
            ],
        };
        var agent = new Agent(new("a"))
        {
            Name = "n",
            Role = "r",
            SystemPrompt = "p",
            Memory = "m",
        };
        var tool = new Tool(
            "t",
            "m",
            "d",
            [new("p", "string", true, ["v"]), new("q", "number", false, null)]
        );
        var messages = Write(new(bare, null, [], mode))
            .Concat(
                Write(new(full, agent, [tool], mode) { Note = "n", LocalNow = DateTimeOffset.UnixEpoch })
            );
        var answers =
            mode == PlanMode.Tools
                ? PromptTexts.Recorded + PromptTexts.PlanIsFull + PromptTexts.CallCutOff
                : "";
        return ShortHash.Of(
            string.Join('\n', messages.Select(message => message.Content)) + PromptTexts.Again + answers
        );
    }
}
