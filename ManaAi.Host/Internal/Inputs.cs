using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ManaAi.Host.Internal;

/// <summary>Reads what a caller sent, and keeps the first mistake: which field, and the rule that it breaks.</summary>
internal sealed class Inputs
{
    public const int PageMax = 1000;
    public const int TextCharactersMax = 500;

    // Ids of devices are UUIDs; the log takes any text, and an index no longer one than some thousand bytes.
    private const int IdCharactersMax = 200;
    private const int PageDefault = 100;

    private ProblemHttpResult? _problem;

    /// <summary>null where everything can be used.</summary>
    public ProblemHttpResult? Problem => _problem;

    public string? Id(string field, string? value) =>
        value is null || IsId(value)
            ? value
            : Refuse<string?>(
                field,
                $"must have 1 to {IdCharactersMax} characters, none of them a control character"
            );

    /// <summary>The two ids of a path.</summary>
    public MissionKey Key(string userId, string missionId) =>
        new(
            new UserId(Id(nameof(userId), userId) ?? ""),
            new MissionId(Id(nameof(missionId), missionId) ?? "")
        );

    public long RunId(string runId) =>
        long.TryParse(runId, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0
            ? id
            : Refuse<long>(nameof(runId), "must be a whole number from 1");

    public string? Word(string field, string? value, params IReadOnlyList<string> words) =>
        value is null || words.Contains(value, StringComparer.Ordinal)
            ? value
            : Refuse<string?>(field, $"must be one of {string.Join(", ", words)}");

    public bool Flag(string field, string? value) => Word(field, value, "true", "false") == "true";

    public int Limit(string? limit)
    {
        var rows = PageDefault;
        return
            limit is null
            || (
                int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out rows)
                && rows is >= 1 and <= PageMax
            )
            ? rows
            : Refuse<int>(nameof(limit), $"must be a whole number from 1 to {PageMax}");
    }

    public string? Text(string field, string? value) =>
        value is null || (value.Trim().Length > 0 && value.Length <= TextCharactersMax && IsPlain(value))
            ? value
            : Refuse<string?>(
                field,
                $"must have 1 to {TextCharactersMax} characters, none of them a control character"
            );

    public string Needed(string field, string? value) =>
        value ?? Refuse<string>(field, "must be there") ?? "";

    public DateTimeOffset? Instant(string field, string? value, DateTimeOffset after)
    {
        if (value is null || (IsoText.Parse(value) is { } instant && instant > after))
        {
            return value is null ? null : IsoText.Parse(value);
        }

        return Refuse<DateTimeOffset?>(
            field,
            "must be an instant to come, such as 2026-03-02T08:00:00Z or 2026-03-02T09:00+01:00"
        );
    }

    /// <param name="list">Which list the cursor must be of.</param>
    /// <param name="parts">How many parts its cursors have.</param>
    public IReadOnlyList<string>? Cursor(string list, int parts, string? cursor) =>
        cursor is null ? null : PageCursor.Read(list, parts, cursor) ?? RefuseCursor();

    /// <summary>The same for lists in the order of a number.</summary>
    public long? NumberCursor(string list, string? cursor)
    {
        if (Cursor(list, 1, cursor) is not [var part])
        {
            return null;
        }

        if (long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        RefuseCursor();
        return null;
    }

    public T? Refuse<T>(string field, string rule)
    {
        _problem ??= TypedResults.Problem(
            statusCode: StatusCodes.Status400BadRequest,
            detail: $"{field} {rule}.",
            extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["field"] = field }
        );
        return default;
    }

    private IReadOnlyList<string>? RefuseCursor() =>
        Refuse<IReadOnlyList<string>>("cursor", "must be the nextCursor of an earlier page of the same list");

    private static bool IsId(string value) => value.Length is >= 1 and <= IdCharactersMax && IsPlain(value);

    // PostgreSQL takes neither a NUL nor half a surrogate pair; other control characters only deceive.
    private static bool IsPlain(string value) =>
        !value.Any(char.IsControl) && value.EnumerateRunes().All(rune => rune.Value != 0xFFFD);
}
