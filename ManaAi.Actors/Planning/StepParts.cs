using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>The checks that a step in json mode and a native call have in common.</summary>
internal static class StepParts
{
    public static bool TryText(
        Dictionary<string, JsonElement> members,
        string name,
        int charsMax,
        string where,
        out string text,
        [NotNullWhen(false)] out string? sentence
    )
    {
        text = "";
        sentence = $"{where} needs a \"{name}\": one plain sentence.";
        if (!members.TryGetValue(name, out var value) || value.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        text = ForeignText.Line(value.GetString()!);
        if (ForeignText.IsBlank(text))
        {
            return false;
        }

        sentence =
            text.Length > charsMax
                ? $"{where}: \"{name}\" has {text.Length} characters; at most {charsMax} are accepted."
                : null;
        return sentence is null;
    }

    public static Tool? Offered(IReadOnlyList<Tool> offered, string? name) =>
        offered.FirstOrDefault(tool => string.Equals(tool.Name, name, StringComparison.Ordinal));

    public static string NotOffered(string where, string? name, IReadOnlyList<Tool> offered)
    {
        var names = string.Join(", ", offered.Select(tool => tool.Name));
        var instead = offered.Count == 0 ? "no tool is offered, so propose no step" : $"use one of {names}";
        return $"{where} names the tool {ForeignText.Quote(name ?? "")}, which is not offered; {instead}.";
    }
}
