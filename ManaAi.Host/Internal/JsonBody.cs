using System.Text.Json;

namespace ManaAi.Host.Internal;

/// <summary>A small JSON object that a caller sent, read to its end. A name that is not known is refused.</summary>
internal sealed class JsonBody
{
    private readonly IReadOnlyDictionary<string, string> _texts;

    private JsonBody(IReadOnlyDictionary<string, string> texts) => _texts = texts;

    /// <summary>A member's text; null where it is absent or null.</summary>
    public string? this[string name] => _texts.GetValueOrDefault(name);

    /// <summary>
    /// An unknown name is a mistake and not ignored: who misspells `missionId` must not pause all missions of a user.
    /// </summary>
    /// <param name="names">The members that there may be; all are texts.</param>
    /// <returns>null where it cannot be used; then <paramref name="inputs"/> says why. No body is an empty object.</returns>
    public static async Task<JsonBody?> ReadAsync(
        HttpRequest request,
        Inputs inputs,
        IReadOnlyList<string> names,
        CancellationToken cancellationToken
    )
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellationToken);
        if (body.Length == 0)
        {
            return new JsonBody(new Dictionary<string, string>(StringComparer.Ordinal));
        }

        try
        {
            using var document = JsonDocument.Parse(body.GetBuffer().AsMemory(0, (int)body.Length));
            return Read(document.RootElement, inputs, names);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: text that is no Unicode.
            return inputs.Refuse<JsonBody>("body", "must be a JSON object");
        }
    }

    private static JsonBody? Read(JsonElement root, Inputs inputs, IReadOnlyList<string> names)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return inputs.Refuse<JsonBody>("body", "must be a JSON object");
        }

        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in root.EnumerateObject())
        {
            if (!names.Contains(member.Name, StringComparer.Ordinal))
            {
                return inputs.Refuse<JsonBody>(
                    "body",
                    names.Count == 0
                        ? "must be empty"
                        : $"may only have the members {string.Join(", ", names)}"
                );
            }

            if (member.Value.ValueKind == JsonValueKind.String)
            {
                texts[member.Name] = member.Value.GetString()!;
            }
            else if (member.Value.ValueKind != JsonValueKind.Null)
            {
                return inputs.Refuse<JsonBody>(member.Name, "must be a text");
            }
        }

        return new JsonBody(texts);
    }
}
