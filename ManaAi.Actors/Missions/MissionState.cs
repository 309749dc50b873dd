using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using NodaTime;

namespace ManaAi.Actors.Missions;

/// <summary>What of a mission's record is queried, and therefore stands in columns of its own.</summary>
/// <param name="Obstacle">Why the mission is never due here whatever its state; null where nothing stands in the way.</param>
/// <param name="RunningUntil">Until when a device is taken to be running it; null where none does.</param>
public sealed record MissionState(
    string? State,
    DateTimeOffset? NextRunAt,
    string? AgentId,
    bool IsDeleted,
    string? Obstacle,
    DateTimeOffset? RunningUntil
)
{
    /// <summary>A cron mission without a nextRunAt: no device evaluates cron, so the first one is ours to write.</summary>
    public bool NeedsSchedule { get; init; }

    /// <summary>How long a device may take for an iteration before it counts as gone.</summary>
    public static TimeSpan DeviceRunMax { get; } = TimeSpan.FromMinutes(10);

    // In UTF-8 at most 600 bytes, of the 2,704 that PostgreSQL lets into an entry of an index.
    private const int ColumnCharactersMax = 200;

    public static MissionState Gone { get; } = new(null, null, null, true, null, null);

    public static MissionState Of(RecordFold fold, int? newerSchema)
    {
        if (!fold.Exists)
        {
            return Gone;
        }

        var nextRunAtText = fold.Text("nextRunAt");
        var nextRunAt = nextRunAtText is null ? null : IsoText.Parse(nextRunAtText);
        var state = new MissionState(
            ColumnText(fold, "state"),
            nextRunAt,
            ColumnText(fold, "agentId"),
            IsDeletedRecord(fold),
            ObstacleOf(
                fold,
                newerSchema,
                isNextRunAtUnreadable: HasValue(fold, "nextRunAt") && nextRunAt is null
            ),
            RunningUntilOf(fold)
        );
        return state with
        {
            NeedsSchedule =
                state is { State: "active", IsDeleted: false, Obstacle: null }
                && !HasValue(fold, "nextRunAt")
                && IsCronThatComes(fold["cadence"]!.Value),
        };
    }

    /// <summary>Asked of every record that is folded, so cheaply first. A cron that never comes is left alone.</summary>
    private static bool IsCronThatComes(ReadOnlyMemory<byte> cadenceJson)
    {
        if (cadenceJson.Span.IndexOf("cron"u8) < 0)
        {
            return false;
        }

        using var document = JsonDocument.Parse(cadenceJson, RecordJson.Options);
        return CadenceJson.Parse(document.RootElement) is Cadence.Cron cron
            && Schedule.NextRunAt(cron, DateTimeZone.Utc, DateTimeOffset.UnixEpoch, 1) is not null;
    }

    /// <summary>
    /// A text for an indexed column: null where it could be longer than an index holds beside the record's key. No state
    /// that means anything is, and an agent with such an id counts as one that is not known.
    /// </summary>
    private static string? ColumnText(RecordFold fold, string name) =>
        fold.Text(name) is { Length: <= ColumnCharactersMax } text ? text : null;

    /// <summary>A record is deleted if its deletedAt is any text but the empty one. Nothing else decides it.</summary>
    public static bool IsDeletedRecord(RecordFold fold) => fold.Text("deletedAt") is { Length: > 0 };

    private static bool HasValue(RecordFold fold, string name) =>
        fold[name] is { } json && !ChangeDecoder.IsNull(json);

    private static string? ObstacleOf(RecordFold fold, int? newerSchema, bool isNextRunAtUnreadable)
    {
        if (newerSchema is not null)
        {
            return Obstacles.NewerSchema;
        }

        if (
            fold["objective"] is not { Span: [(byte)'"', ..] }
            || fold["cadence"] is not { Span: [(byte)'{', ..] }
        )
        {
            return Obstacles.Incomplete;
        }

        if (
            fold.StartsWith("objective", RecordText.CiphertextPrefix)
            || fold.StartsWith("conceptMarkdown", RecordText.CiphertextPrefix)
        )
        {
            return Obstacles.Ciphertext;
        }

        return isNextRunAtUnreadable ? Obstacles.UnreadableNextRunAt : null;
    }

    private static DateTimeOffset? RunningUntilOf(RecordFold fold)
    {
        if (fold["iterations"] is not { } json || fold.IterationsAt is not { } writtenAt)
        {
            return null;
        }

        // Cheap first: nearly no record has a running iteration, and arrays can be large.
        if (json.Span.IndexOf("running"u8) < 0)
        {
            return null;
        }

        using var document = JsonDocument.Parse(json, RecordJson.Options);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        return document
            .RootElement.EnumerateArray()
            .Select(MissionReader.ReadIteration)
            .Where(iteration => iteration is { OverallStatus: "running", Source: not "server" })
            .Select(iteration => After(Earlier(iteration.StartedAt, writtenAt)))
            .Cast<DateTimeOffset?>()
            .Max();
    }

    private static DateTimeOffset Earlier(string? startedAt, DateTimeOffset writtenAt) =>
        startedAt is not null && IsoText.Parse(startedAt) is { } started && started < writtenAt
            ? Cut(started, writtenAt)
            : writtenAt;

    /// <summary>The log's created_at may be as late as an instant can be.</summary>
    private static DateTimeOffset After(DateTimeOffset instant) =>
        instant < DateTimeOffset.MaxValue - DeviceRunMax ? instant + DeviceRunMax : DateTimeOffset.MaxValue;

    /// <summary>A start long ago is as good as none; it must only not leave the range of instants.</summary>
    private static DateTimeOffset Cut(DateTimeOffset started, DateTimeOffset writtenAt) =>
        writtenAt - started > TimeSpan.FromDays(1) ? writtenAt - TimeSpan.FromDays(1) : started;
}

/// <summary>Why a mission is never due for the service, in the words that the projection keeps.</summary>
public static class Obstacles
{
    public const string NewerSchema = "newer-schema";
    public const string Incomplete = "incomplete";
    public const string Ciphertext = "ciphertext";
    public const string UnreadableNextRunAt = "unreadable-next-run-at";
}

/// <summary>How records are parsed: as deep as the fold lets them be.</summary>
internal static class RecordJson
{
    public static JsonDocumentOptions Options { get; } = new() { MaxDepth = ChangeDecoder.JsonDepthMax };
}
