using System.CommandLine;
using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Forecasts;

namespace ManaAi.Host.Commands;

/// <summary>What `simulate` was asked, once all of it is known to be right.</summary>
/// <param name="SecondsPerPlan">null: as the ledger's history says.</param>
internal sealed record SimulateQuestion(
    ForecastWindow Window,
    int Nodes,
    double? SecondsPerPlan,
    bool IsJson
);

/// <summary>The options of `simulate`, and how they become a question.</summary>
/// <remarks>As those of `next` they are texts that are read here: each mistake is one sentence.</remarks>
internal sealed class SimulateOptions(TimeProvider time)
{
    private const int NodesMax = 1000;
    private const double SecondsMax = 3600;

    /// <summary>A day and a month further the calendar of schedules still goes on.</summary>
    private const int YearMax = 9997;

    private static readonly TimeSpan LengthDefault = TimeSpan.FromHours(24);

    private readonly Option<string?> _from = Text(
        "--from",
        "An ISO instant with Z or an offset. Default: now.",
        "instant"
    );
    private readonly Option<string?> _to = Text(
        "--to",
        string.Create(
            CultureInfo.InvariantCulture,
            $"The end, at most {ForecastWindow.LengthMax.TotalDays} days later. Default: 24 hours later."
        ),
        "instant"
    );
    private readonly Option<string?> _nodes = Text(
        "--nodes",
        $"How many nodes share the work, 1 to {NodesMax}. Default: 1.",
        "number"
    );
    private readonly Option<string?> _seconds = Text(
        "--seconds-per-plan",
        string.Create(
            CultureInfo.InvariantCulture,
            $"How long a plan takes. Default: the ledger's average, or {PoolCapacity.SecondsAssumed} where it has none."
        ),
        "seconds"
    );
    private readonly Option<string?> _output = Text(
        "--output",
        "json or table. Default: table.",
        "table|json",
        "-o"
    );
    private readonly Option<bool> _json = new("--json") { Description = "The same as -o json." };

    public IEnumerable<Option> All => [_from, _to, _nodes, _seconds, _output, _json];

    /// <returns>The question, or null and what is wrong.</returns>
    public (SimulateQuestion? Question, string Mistake) Read(ParseResult parsed)
    {
        var now = time.GetUtcNow();
        if (ReadInstant(parsed.GetValue(_from), now) is not { } from)
        {
            return (null, Mistake("--from"));
        }

        if (ReadInstant(parsed.GetValue(_to), from + LengthDefault) is not { } to)
        {
            return (null, Mistake("--to"));
        }

        if (to <= from)
        {
            return (null, $"--to must lie after --from, which is {IsoText.Milliseconds(from)}.");
        }

        if (to - from > ForecastWindow.LengthMax)
        {
            return (
                null,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"--to lies more than {ForecastWindow.LengthMax.TotalDays} days after --from; ask for less at once."
                )
            );
        }

        if (ReadNumber(parsed.GetValue(_nodes), 1, NodesMax, NumberStyles.None) is not { } nodes)
        {
            return (null, $"--nodes takes a whole number from 1 to {NodesMax}.");
        }

        var secondsText = parsed.GetValue(_seconds);
        var seconds = ReadNumber(secondsText, 0, SecondsMax, NumberStyles.AllowDecimalPoint);
        if (secondsText is not null && seconds is not > 0)
        {
            return (
                null,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"--seconds-per-plan takes a number above 0 and up to {SecondsMax}, as 12.5."
                )
            );
        }

        if (ReadForm(parsed.GetValue(_output), parsed.GetValue(_json)) is not { } isJson)
        {
            return (null, "-o takes json or table, and --json means -o json.");
        }

        var window = new ForecastWindow(now, from, to);
        return (new(window, (int)nodes, secondsText is null ? null : seconds, isJson), "");
    }

    private static string Mistake(string option) =>
        $"{option} takes an ISO instant with Z or an offset, as 2026-03-29T00:00:00Z, up to the year {YearMax}.";

    private static DateTimeOffset? ReadInstant(string? text, DateTimeOffset absent)
    {
        var instant = text is null ? absent : IsoText.Parse(text);
        return instant is { Year: <= YearMax } ? instant : null;
    }

    private static double? ReadNumber(string? text, double least, double max, NumberStyles form)
    {
        var isNumber = double.TryParse(text ?? "1", form, CultureInfo.InvariantCulture, out var number);
        return isNumber && number >= least && number <= max ? number : null;
    }

    private static bool? ReadForm(string? output, bool isJson) =>
        (output, isJson) switch
        {
            (null, _) => isJson,
            ("json", _) => true,
            ("table", false) => false,
            _ => null,
        };

    private static Option<string?> Text(
        string name,
        string description,
        string value,
        params string[] aliases
    ) => new(name, aliases) { Description = description, HelpName = value };
}
