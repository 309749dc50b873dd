using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>Reads what a model answered. A plan is accepted whole or refused with one sentence the model can act on.</summary>
/// <remarks>
/// The border for foreign text: nothing is thrown for any input, time and depth are bounded, and behind it every
/// step names an offered tool with params that fit. Which answers are accepted is told in docs/planning.md.
/// </remarks>
public static class PlanReplyParser
{
    // Texts for a review list on a phone: longer ones are essays, and essays belong in a tool's params.
    public const int SummaryCharsMax = 500;
    public const int RationaleCharsMax = 2_000;
    public const int PlanSummaryCharsMax = 4_000;

    /// <summary>Reads an answer in json mode.</summary>
    public static PlanReply Parse(string? content, IReadOnlyList<Tool> offered) =>
        PlanJson.Find(content) switch
        {
            PlanJson.Found.PlanObject found => ReadPlan(found.Root, offered),
            PlanJson.Found.Nothing nothing => new PlanReply.Refused(nothing.Sentence),
            var other => throw new InvalidOperationException(
                $"{other.GetType().Name} is no end of a search."
            ),
        };

    /// <summary>Reads one call of native function calling (<see cref="ToolSchema"/> says where its texts are).</summary>
    public static CallReply CheckCall(ToolCall call, IReadOnlyList<Tool> offered)
    {
        if (StepParts.Offered(offered, call.Name) is not { } tool)
        {
            return new CallReply.Refused(StepParts.NotOffered("The call", call.Name, offered));
        }

        var where = $"The call of {tool.Name}";
        if (!TryReadArguments(call.Arguments, where, out var arguments, out var sentence))
        {
            return new CallReply.Refused(sentence);
        }

        if (
            !StepParts.TryText(
                arguments,
                ToolSchema.SummaryName,
                SummaryCharsMax,
                where,
                out var summary,
                out sentence
            )
            || !StepParts.TryText(
                arguments,
                ToolSchema.RationaleName,
                RationaleCharsMax,
                where,
                out var rationale,
                out sentence
            )
        )
        {
            return new CallReply.Refused(sentence);
        }

        arguments.Remove(ToolSchema.SummaryName);
        arguments.Remove(ToolSchema.RationaleName);
        if (!ToolParams.TryFitMembers(tool, [.. arguments], where, out var fitted, out sentence))
        {
            return new CallReply.Refused(sentence);
        }

        var step = new PlannedStep(summary, tool.Name, fitted, rationale);
        return PromptEcho.IsIn(step)
            ? new CallReply.Refused(PromptEcho.Sentence)
            : new CallReply.Accepted(step);
    }

    /// <summary>A model's closing words as a plan's summary; null where they say nothing.</summary>
    public static string? SummaryOf(string? text) =>
        text is null || ForeignText.IsBlank(text)
            ? null
            : ForeignText.Clip(text.Trim(), PlanSummaryCharsMax).Trim();

    private static PlanReply ReadPlan(JsonElement root, IReadOnlyList<Tool> offered)
    {
        if (!JsonMembers.TryRead(root, out var members, out var twice))
        {
            return new PlanReply.Refused(
                $"The JSON object names {ForeignText.Quote(twice)} twice; name each member once."
            );
        }

        if (
            members.TryGetValue("summary", out var summary)
            && summary.ValueKind is not (JsonValueKind.String or JsonValueKind.Null)
        )
        {
            return new PlanReply.Refused(
                $"The plan's \"summary\" has to be a text, not {CleanJson.KindOf(summary)}."
            );
        }

        var steps = members["steps"];
        if (steps.GetArrayLength() is var count && count > Plan.StepsMax)
        {
            return new PlanReply.Refused(
                $"The plan has {count} steps; at most {Plan.StepsMax} are accepted, so keep the most useful."
            );
        }

        var planned = new List<PlannedStep>(count);
        foreach (var step in steps.EnumerateArray())
        {
            if (!TryReadStep(step, $"Step {planned.Count + 1}", offered, out var read, out var sentence))
            {
                return new PlanReply.Refused(sentence);
            }

            planned.Add(read);
        }

        var text = summary.ValueKind == JsonValueKind.String ? summary.GetString() : null;
        var plan = new Plan(SummaryOf(text), planned);
        return PromptEcho.IsIn(plan)
            ? new PlanReply.Refused(PromptEcho.Sentence)
            : new PlanReply.Accepted(plan);
    }

    private static bool TryReadStep(
        JsonElement step,
        string where,
        IReadOnlyList<Tool> offered,
        [NotNullWhen(true)] out PlannedStep? read,
        [NotNullWhen(false)] out string? sentence
    )
    {
        read = null;
        if (step.ValueKind != JsonValueKind.Object)
        {
            sentence =
                $"{where} has to be an object with summary, toolName, params and rationale, not {CleanJson.KindOf(step)}.";
            return false;
        }

        if (!JsonMembers.TryRead(step, out var members, out var twice))
        {
            sentence = $"{where} names {ForeignText.Quote(twice)} twice; name each member once.";
            return false;
        }

        if (
            !StepParts.TryText(members, "summary", SummaryCharsMax, where, out var summary, out sentence)
            || !TryTool(members, where, offered, out var tool, out sentence)
            || !TryParams(tool, members, where, out var fitted, out sentence)
            || !StepParts.TryText(
                members,
                "rationale",
                RationaleCharsMax,
                where,
                out var rationale,
                out sentence
            )
        )
        {
            return false;
        }

        read = new(summary, tool.Name, fitted, rationale);
        return true;
    }

    private static bool TryTool(
        Dictionary<string, JsonElement> members,
        string where,
        IReadOnlyList<Tool> offered,
        [NotNullWhen(true)] out Tool? tool,
        [NotNullWhen(false)] out string? sentence
    )
    {
        tool = null;
        sentence = $"{where} needs a \"toolName\" that is the name of an offered tool.";
        if (!members.TryGetValue("toolName", out var value) || value.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        tool = StepParts.Offered(offered, value.GetString()!);
        sentence = tool is null ? StepParts.NotOffered(where, value.GetString()!, offered) : null;
        return tool is not null;
    }

    private static bool TryParams(
        Tool tool,
        Dictionary<string, JsonElement> members,
        string where,
        out JsonElement fitted,
        [NotNullWhen(false)] out string? sentence
    )
    {
        if (members.TryGetValue("params", out var given))
        {
            return ToolParams.TryFit(tool, given, where, out fitted, out sentence);
        }

        // Members that we do not know are passed over, but not where they may be the params under another name.
        if (
            members.Keys.FirstOrDefault(name => name is not ("summary" or "toolName" or "rationale")) is
            { } stranger
        )
        {
            fitted = default;
            sentence =
                $"{where} has no \"params\" but {ForeignText.Quote(stranger)}; put the parameters of {tool.Name} into \"params\".";
            return false;
        }

        return ToolParams.TryFit(tool, null, where, out fitted, out sentence);
    }

    private static bool TryReadArguments(
        string? text,
        string where,
        out Dictionary<string, JsonElement> arguments,
        [NotNullWhen(false)] out string? sentence
    )
    {
        arguments = [];
        sentence = $"{where}: the arguments have to be one JSON object.";
        var trimmed = (text ?? "").AsSpan().Trim("\uFEFF \r\n\t");
        if (trimmed.Length > PlanJson.CharsMax)
        {
            sentence =
                $"{where}: the arguments have {trimmed.Length} characters; at most {PlanJson.CharsMax} are accepted.";
            return false;
        }

        if (trimmed is not ['{', ..])
        {
            return false;
        }

        if (!PlanJson.TryRead(trimmed, out var root, out var fault))
        {
            sentence = $"{where}: the arguments are not valid JSON: {fault}.";
            return false;
        }

        var isClear = JsonMembers.TryRead(root, out arguments, out var twice);
        sentence = isClear
            ? null
            : $"{where} names {ForeignText.Quote(twice!)} twice; name each argument once.";
        return isClear;
    }
}

/// <summary>What one function call of a model turned out to be.</summary>
public abstract record CallReply
{
    private CallReply() { } // Closed: only the cases below can exist.

    public sealed record Accepted(PlannedStep Step) : CallReply;

    /// <param name="Sentence">What is wrong, in words that the model can act on.</param>
    public sealed record Refused(string Sentence) : CallReply;
}
