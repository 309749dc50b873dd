using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ManaAi.Host.Commands.LlmStub;

/// <summary>How the answer talks beside the point.</summary>
internal enum Babble
{
    /// <summary>Only prose, no JSON and no calls.</summary>
    Prose,

    /// <summary>The plan in a Markdown fence.</summary>
    Fenced,

    /// <summary>The plan with prose before and after it.</summary>
    Around,
}

internal enum Hang
{
    BeforeHeaders,
    AfterHeaders,
}

/// <summary>One way to behave; what is left out stays as it should be. The control endpoint's JSON.</summary>
internal sealed record StubBehaviour
{
    /// <summary>A valid plan at once.</summary>
    public static StubBehaviour Good { get; } = new();

    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Converters =
        {
            new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false),
        },
    };

    /// <summary>Waits so long before it answers, in whatever way.</summary>
    public int DelayMs { get; init; }

    public Babble? Babble { get; init; }

    /// <summary>An error with this status instead of an answer, from 300 on.</summary>
    public int? Status { get; init; }

    /// <summary>The error's kind, as mana-llm names it; without it the detail is plain text.</summary>
    public string? Kind { get; init; }

    /// <summary>The header Retry-After, sent as it stands.</summary>
    public string? RetryAfter { get; init; }

    /// <summary>Half of the answer, then the connection ends.</summary>
    public bool CutOff { get; init; }

    /// <summary>Half of the content, or of the last call, with finish_reason length: what a token limit does.</summary>
    public bool CutContent { get; init; }

    public Hang? Hang { get; init; }

    /// <summary>One byte of the body every so many milliseconds.</summary>
    public int? DripMs { get; init; }

    public bool EmptyPlan { get; init; }

    /// <summary>The connection is reset instead of an answer.</summary>
    public bool Reset { get; init; }

    /// <summary>Says exactly this.</summary>
    public string? Content { get; init; }

    /// <summary>Calls exactly these, whether such tools are offered or not; over the control endpoint alone.</summary>
    public IReadOnlyList<StubToolCall>? Calls { get; init; }

    /// <summary>Calls tools for ever, also when its calls were answered.</summary>
    public bool KeepsCalling { get; init; }

    /// <summary>Ends for this reason, such as content_filter.</summary>
    public string? FinishReason { get; init; }

    /// <summary>For so many calls; without it, until it is told otherwise.</summary>
    public int? Times { get; init; }

    /// <summary>Only for calls whose messages contain this.</summary>
    public string? Match { get; init; }

    public JsonElement ToJson() => JsonSerializer.SerializeToElement(this, _json);

    /// <summary>One object, or an array of them: asked in this order, the first that fits decides.</summary>
    public static bool TryParse(
        ReadOnlySpan<byte> json,
        [NotNullWhen(true)] out IReadOnlyList<StubBehaviour>? behaviours,
        out string fault
    )
    {
        try
        {
            behaviours = json.TrimStart(" \t\r\n"u8) is [(byte)'[', ..]
                ? JsonSerializer.Deserialize<List<StubBehaviour>>(json, _json)
                : [JsonSerializer.Deserialize<StubBehaviour>(json, _json)!];
            fault =
                behaviours?.Select(one => one?.Fault() ?? "null is no behaviour").FirstOrDefault(IsSaid)
                ?? "";
        }
        catch (JsonException exception)
        {
            (behaviours, fault) = (null, exception.Message);
        }

        return behaviours is not null && fault.Length == 0;
    }

    /// <summary>What makes no sense here; empty where all does.</summary>
    public string Fault() =>
        this switch
        {
            { DelayMs: < 0 } => "delayMs is negative",
            { DripMs: < 1 } => "dripMs is below 1",
            { Times: < 1 } => "times is below 1",
            { Status: < 300 or > 599 } => "status is not from 300 to 599",
            _ => "",
        };

    private static bool IsSaid(string fault) => fault.Length > 0;
}

/// <param name="Id">Sent as it stands; null leaves it out.</param>
/// <param name="Arguments">Sent as it stands: JSON text, or what a model takes for it.</param>
internal sealed record StubToolCall(string? Id, string Name, string Arguments);
