using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ManaAi.Host.Commands.LlmStub;

/// <summary>
/// The control endpoint's members as command line options: <c>--delay-ms</c> is <c>delayMs</c>. Both are read
/// by the same parser, so both take the same values.
/// </summary>
internal sealed class StubOptions
{
    private readonly List<(Option Option, Func<ParseResult, JsonNode?> Read)> _all =
    [
        Of<int?>("--delay-ms", "Wait so long before each answer."),
        Of<string>(
            "--babble",
            "prose: no plan at all; fenced, around: a plan in the middle of other things."
        ),
        Of<int?>("--status", "Answer with this error."),
        Of<string>("--kind", "The error's kind, such as blocked; without it the error is plain text."),
        Of<string>("--retry-after", "The error's header Retry-After, as it stands."),
        Of<bool>("--cut-off", "Send half of the answer, then end the connection."),
        Of<bool>("--cut-content", "Send half of the plan in a whole answer, with finish_reason length."),
        Of<string>("--hang", "Never answer: before-headers or after-headers."),
        Of<int?>("--drip-ms", "Send one byte every so many milliseconds."),
        Of<bool>("--keeps-calling", "Where tools are offered, call them for ever."),
        Of<bool>("--empty-plan", "Make plans without steps."),
        Of<bool>("--reset", "Reset the connection instead of an answer."),
        Of<string>("--content", "Say exactly this."),
        Of<string>("--finish-reason", "End for this reason, such as content_filter."),
        Of<int?>("--times", "Misbehave for so many calls, then no more."),
        Of<string>("--match", "Misbehave only where the messages contain this."),
    ];

    public IEnumerable<Option> All => _all.Select(row => row.Option);

    public bool TryRead(
        ParseResult parsed,
        [NotNullWhen(true)] out IReadOnlyList<StubBehaviour>? behaviours,
        out string fault
    )
    {
        var members = new JsonObject();
        foreach (var (option, read) in _all.Where(row => parsed.GetResult(row.Option) is not null))
        {
            members[JsonNamingPolicy.CamelCase.ConvertName(Pascal(option.Name))] = read(parsed);
        }

        return StubBehaviour.TryParse(
            JsonSerializer.SerializeToUtf8Bytes(members),
            out behaviours,
            out fault
        );
    }

    private static string Pascal(string option) =>
        string.Concat(
            option
                .Split('-', StringSplitOptions.RemoveEmptyEntries)
                .Select(word => char.ToUpperInvariant(word[0]) + word[1..])
        );

    private static (Option Option, Func<ParseResult, JsonNode?> Read) Of<T>(string name, string description)
    {
        var option = new Option<T>(name) { Description = description };
        return (option, parsed => JsonSerializer.SerializeToNode(parsed.GetValue(option)));
    }
}
