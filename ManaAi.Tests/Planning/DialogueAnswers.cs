using System.Text.Json.Nodes;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

/// <summary>What models say in a dialogue, and the mission that it is about.</summary>
internal static class DialogueAnswers
{
    public const string Wrong = "{}";

    public static Mission Mission { get; } =
        new(new MissionKey(new("user-1"), new("mission-1")))
        {
            Objective = "Read one book a month",
            Cadence = new Cadence.Manual(),
        };

    public static PromptInput Input(PlanMode mode, IReadOnlyList<Tool>? offered = null) =>
        new(Mission, null, offered ?? ToolCatalog.Embedded.Tools, mode);

    public static ToolsDialogue Tools(IReadOnlyList<Tool>? offered = null) =>
        new(Input(PlanMode.Tools, offered));

    public static KeptAnswer Words(string? text, string finish = "stop") =>
        new(text, finish, null) { Mode = PlanMode.Tools };

    public static KeptAnswer Calls(params ToolCall[] calls) => Calls("tool_calls", calls);

    public static KeptAnswer Calls(string finish, params ToolCall[] calls) =>
        new(null, finish, null) { Mode = PlanMode.Tools, ToolCalls = calls };

    /// <summary>A call that is recorded as the step `Add {title}`.</summary>
    public static ToolCall Good(string title, string? id = null) =>
        Call("create_task", Arguments(title), id ?? $"id-{title}");

    public static ToolCall Bad(string id = "id-bad") => Call("create_task", Wrong, id);

    public static ToolCall Call(string name, string arguments, string id = "id") => new(id, name, arguments);

    public static string Arguments(string title) =>
        new JsonObject
        {
            ["_summary"] = $"Add {title}",
            ["_rationale"] = "It helps.",
            ["title"] = title,
        }.ToJsonString();

    /// <summary>All that was said, one line for each message.</summary>
    public static IReadOnlyList<string> Said(PlanDialogue dialogue) =>
        [
            .. dialogue.Messages.Select(message =>
                $"{message.Role}{(message.ToolCallId is { } id ? $" {id}" : "")}: {message.Content}"
                + string.Concat(message.ToolCalls.Select(call => $"[{call.Id} {call.Name} {call.Arguments}]"))
            ),
        ];
}
