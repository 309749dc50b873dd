using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>Checks the params of a step against its tool, and writes them anew as a device and jsonb can read them.</summary>
/// <remarks>
/// Nothing is guessed: a number in quotes is no number. Written anew means: texts without what nobody can see
/// (jsonb refuses NUL and half surrogate pairs), numbers as the double that a device would read, an optional
/// parameter that is null left out.
/// </remarks>
internal static class ToolParams
{
    // A long article or a page of HTML fits; five of them fit into a row that a phone has to download.
    public const int JsonCharsMax = 32_768;

    /// <param name="where">How the sentence names the step, such as `Step 2`.</param>
    public static bool TryFit(
        Tool tool,
        JsonElement? value,
        string where,
        out JsonElement fitted,
        [NotNullWhen(false)] out string? sentence
    )
    {
        fitted = default;
        return TryMembers(value, where, out var members, out sentence)
            && TryFitMembers(tool, members, where, out fitted, out sentence);
    }

    /// <summary>The same for params whose names are known to be there once.</summary>
    public static bool TryFitMembers(
        Tool tool,
        List<KeyValuePair<string, JsonElement>> members,
        string where,
        out JsonElement fitted,
        [NotNullWhen(false)] out string? sentence
    )
    {
        fitted = default;
        members.RemoveAll(member => member.Value.ValueKind == JsonValueKind.Null);
        sentence =
            TooLong(members, where)
            ?? Unknown(tool, members, where)
            ?? Missing(tool, members, where)
            ?? Unfit(tool, members, where);
        if (sentence is not null)
        {
            return false;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            if (!CleanJson.TryWriteObject(members, writer, out var fault))
            {
                sentence = $"{where}: the params of {tool.Name} hold {fault}.";
                return false;
            }
        }

        fitted = JsonElement.Parse(buffer.WrittenSpan);
        return true;
    }

    /// <summary>The params by name.</summary>
    private static bool TryMembers(
        JsonElement? value,
        string where,
        out List<KeyValuePair<string, JsonElement>> members,
        [NotNullWhen(false)] out string? sentence
    )
    {
        members = [];
        sentence = null;
        if (value is not { ValueKind: not JsonValueKind.Null } given)
        {
            return true;
        }

        if (given.ValueKind != JsonValueKind.Object)
        {
            sentence = $"{where}: \"params\" has to be a JSON object, not {CleanJson.KindOf(given)}.";
            return false;
        }

        if (!JsonMembers.TryRead(given, out var all, out var twice))
        {
            sentence =
                $"{where}: \"params\" names {ForeignText.Quote(twice)} twice; name each parameter once.";
            return false;
        }

        members = [.. all];
        return true;
    }

    /// <summary>By what the model wrote, however it would be escaped elsewhere.</summary>
    private static string? TooLong(List<KeyValuePair<string, JsonElement>> members, string where)
    {
        const int around = 4; // Two quotes, a colon and a comma.
        var length = members.Sum(member => member.Key.Length + member.Value.GetRawText().Length + around);
        return length > JsonCharsMax
            ? $"{where}: \"params\" has {length} characters; at most {JsonCharsMax} are accepted."
            : null;
    }

    private static string? Unknown(Tool tool, List<KeyValuePair<string, JsonElement>> members, string where)
    {
        foreach (var (name, _) in members)
        {
            if (
                !tool.Parameters.Any(parameter =>
                    string.Equals(parameter.Name, name, StringComparison.Ordinal)
                )
            )
            {
                var known =
                    tool.Parameters.Count == 0
                        ? "has no parameters at all; give {}"
                        : $"has only {string.Join(", ", tool.Parameters.Select(parameter => parameter.Name))}";
                return $"{where}: {tool.Name} has no parameter {ForeignText.Quote(name)}; it {known}.";
            }
        }

        return null;
    }

    private static string? Missing(Tool tool, List<KeyValuePair<string, JsonElement>> members, string where)
    {
        var given = members.Select(member => member.Key).ToHashSet(StringComparer.Ordinal);
        return
            tool.Parameters.FirstOrDefault(parameter =>
                parameter.IsRequired && !given.Contains(parameter.Name)
            )
                is { } missing
            ? $"{where}: {tool.Name} needs the parameter \"{missing.Name}\", {Wanted(missing)}."
            : null;
    }

    private static string? Unfit(Tool tool, List<KeyValuePair<string, JsonElement>> members, string where)
    {
        foreach (var (name, value) in members)
        {
            var parameter = tool.Parameters.First(known =>
                string.Equals(known.Name, name, StringComparison.Ordinal)
            );
            if (!HasType(value, parameter.Type))
            {
                return $"{where}: \"{name}\" of {tool.Name} has to be {Wanted(parameter)}, not {CleanJson.KindOf(value)}.";
            }

            if (parameter.Allowed is { } allowed && !allowed.Contains(TextOf(value), StringComparer.Ordinal))
            {
                return $"{where}: \"{name}\" of {tool.Name} has to be {Wanted(parameter)}, not {ForeignText.Quote(TextOf(value))}.";
            }
        }

        return null;
    }

    private static string TextOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static string Wanted(ToolParameter parameter) =>
        parameter.Allowed is { } allowed
            ? $"one of {string.Join(", ", allowed.Select(value => $"\"{value}\""))}"
            : parameter.Type switch
            {
                "array" or "object" => $"an {parameter.Type}",
                _ => $"a {parameter.Type}",
            };

    private static bool HasType(JsonElement value, string type) =>
        type switch
        {
            "string" => value.ValueKind == JsonValueKind.String,
            "number" => value.ValueKind == JsonValueKind.Number && CleanJson.IsDeviceNumber(value),
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "array" => value.ValueKind == JsonValueKind.Array,
            "object" => value.ValueKind == JsonValueKind.Object,
            _ => false, // A type that this service does not know is a parameter that it cannot check.
        };
}
