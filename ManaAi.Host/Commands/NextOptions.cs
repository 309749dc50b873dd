using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using ManaAi.Actors.Missions;
using NodaTime;
using NodaTime.Text;

namespace ManaAi.Host.Commands;

/// <summary>What `next` was asked, once all of it is known to be right.</summary>
internal sealed record NextQuestion(
    Cadence Cadence,
    DateTimeZone Zone,
    Instant From,
    int Count,
    int IntervalMinutesMin,
    bool IsJson
);

/// <summary>The options of `next`, and how they become a question.</summary>
/// <remarks>All are texts that are read here, not by the command line's own checks: each mistake is one sentence.</remarks>
internal sealed class NextOptions(TimeProvider time, Func<string, string?> environment)
{
    private const int CountDefault = 10;

    /// <summary>Nearly three years of daily runs.</summary>
    private const int CountMax = 1000;

    // Seconds may be left out, and an offset may stand in place of Z.
    private static readonly IPattern<OffsetDateTime> Iso = new CompositePatternBuilder<OffsetDateTime>
    {
        { OffsetDateTimePattern.ExtendedIso, _ => true },
        { OffsetDateTimePattern.CreateWithInvariantCulture("uuuu'-'MM'-'dd'T'HH':'mmo<Z+HH:mm>"), _ => true },
    }.Build();

    private readonly Option<string?> _cadence = Text("--cadence", "The cadence of a mission, as JSON.");
    private readonly Option<string?> _zone = Text("--zone", "A tzdb name. Default: DEFAULT_TIME_ZONE.");
    private readonly Option<string?> _from = Text(
        "--from",
        "An ISO instant with Z or an offset. Default: now."
    );
    private readonly Option<string?> _count = Text(
        "-n",
        $"How many, 1 to {CountMax}. Default: {CountDefault}."
    );
    private readonly Option<string?> _output = Text("--output", "json or table. Default: table.", "-o");
    private readonly Option<bool> _json = new("--json") { Description = "The same as -o json." };

    public IEnumerable<Option> All => [_cadence, _zone, _from, _count, _output, _json];

    public bool TryRead(
        ParseResult parsed,
        [NotNullWhen(true)] out NextQuestion? question,
        [NotNullWhen(false)] out string? mistake
    )
    {
        var zoneText = parsed.GetValue(_zone) ?? Setting("DEFAULT_TIME_ZONE") ?? "Europe/Berlin";
        var read = (
            Cadence: ReadCadence(parsed.GetValue(_cadence)),
            Zone: DateTimeZoneProviders.Tzdb.GetZoneOrNull(zoneText),
            From: ReadFrom(parsed.GetValue(_from)),
            Count: ReadNumber(parsed.GetValue(_count), CountDefault, CountMax),
            Minimum: ReadNumber(Setting("MIN_INTERVAL_MINUTES"), 5, 1440),
            IsJson: ReadForm(parsed.GetValue(_output), parsed.GetValue(_json))
        );
        (question, mistake) = (null, null);
        switch (read)
        {
            case var _ when parsed.UnmatchedTokens is [var extra, ..]:
                mistake = $"next does not know \"{extra}\".";
                break;
            case { Cadence: Cadence.Unreadable(var reason) }:
                mistake = $"--cadence: {reason}";
                break;
            case { Zone: null }:
                mistake =
                    $"\"{zoneText}\" (--zone or DEFAULT_TIME_ZONE) is no tzdb name, as Europe/Berlin is one.";
                break;
            case { From: null }:
                mistake = "--from takes an ISO instant with Z or an offset, as 2026-03-29T00:00:00Z.";
                break;
            case { Count: null }:
                mistake = $"-n takes a whole number from 1 to {CountMax}.";
                break;
            case { Minimum: null }:
                mistake = "MIN_INTERVAL_MINUTES must be a whole number from 1 to 1440.";
                break;
            case { IsJson: null }:
                mistake = "-o takes json or table, and --json means -o json.";
                break;
            case {
                Cadence: var cadence,
                Zone: { } zone,
                From: { } from,
                Count: { } count,
                Minimum: { } minimum
            }:
                question = new(cadence, zone, from, count, minimum, read.IsJson.Value);
                break;
        }

        return question is not null;
    }

    private static Cadence ReadCadence(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return new Cadence.Unreadable(
                "it is needed, as {\"kind\":\"daily\",\"atHour\":9,\"atMinute\":0}."
            );
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return CadenceJson.Parse(document.RootElement);
        }
        catch (JsonException exception)
        {
            return new Cadence.Unreadable($"it is not JSON. {exception.Message}");
        }
    }

    private Instant? ReadFrom(string? text)
    {
        if (text is null)
        {
            return Instant.FromDateTimeOffset(time.GetUtcNow());
        }

        return Iso.Parse(text).TryGetValue(default, out var from) ? from.ToInstant() : null;
    }

    private static int? ReadNumber(string? text, int otherwise, int max)
    {
        if (text is null)
        {
            return otherwise;
        }

        var isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        return isNumber && number >= 1 && number <= max ? number : null;
    }

    private static bool? ReadForm(string? form, bool isJson) =>
        form switch
        {
            null => isJson,
            "json" => true,
            "table" when !isJson => false,
            _ => null,
        };

    private string? Setting(string name) => environment(name) is { Length: > 0 } value ? value : null;

    // An option without its value becomes an empty text, which no reader here takes.
    private static Option<string?> Text(string name, string description, params string[] aliases) =>
        new(name, aliases)
        {
            Description = description,
            Arity = ArgumentArity.ZeroOrOne,
            CustomParser = result => result.Tokens is [{ Value: var value }] ? value : "",
        };
}
