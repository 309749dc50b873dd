using System.Globalization;
using System.Text.Json;

namespace ManaAi.Host.Internal;

/// <summary>A small JSON object that a caller sent, read to its end. A name that is not known is refused.</summary>
internal sealed class JsonBody
{
    /// <summary>A body of ours has one level; what has many is refused before it costs anything.</summary>
    public const int DepthMax = 8;

    // Whoever says one thing twice has said nothing.
    private static readonly JsonDocumentOptions _options = new()
    {
        MaxDepth = DepthMax,
        AllowDuplicateProperties = false,
    };

    private static readonly string _wanted = string.Create(
        CultureInfo.InvariantCulture,
        $"must be a JSON object, at most {DepthMax} levels deep, with no name twice"
    );

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
            using var document = JsonDocument.Parse(body.GetBuffer().AsMemory(0, (int)body.Length), _options);
            return Read(document.RootElement, inputs, names);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: text that is no Unicode.
            return inputs.Refuse<JsonBody>("body", _wanted);
        }
    }

    private static JsonBody? Read(JsonElement root, Inputs inputs, IReadOnlyList<string> names)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return inputs.Refuse<JsonBody>("body", _wanted);
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
