using System.Text.Json;
using System.Text.Json.Serialization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

/// <summary>One mission: its record, its schedule and its last runs.</summary>
internal static class MissionEndpoint
{
    public static void MapMission(this IEndpointRouteBuilder asked) =>
        asked
            .MapGet("/missions/{userId}/{missionId}", GetMissionAsync)
            .WithName("GetMission")
            .WithTags("Missions")
            .WithSummary(
                "One mission: its folded record and who wrote each field, its zone and next ten runs, and its last runs."
            )
            .WithExample(
                """
                {"userId":"user-1","missionId":"mission-1","record":{"id":"mission-1","state":"active"},
                "fieldTimes":{"state":"2026-03-01T08:00:00.000Z"},"state":"active","deleted":false,
                "nextRunAt":"2026-03-03T08:00:00.000Z","obstacle":null,"runningUntil":null,
                "schedule":{"cadence":"daily","zone":"Europe/Berlin","zoneReason":"The mission's timeZone is Europe/Berlin.",
                "nextRuns":["2026-03-03T08:00:00.000Z"],"never":null},"slowedDown":null,"runs":[],
                "writers":{"state":{"at":"2026-03-01T08:00:00.000Z","clientId":"device-1","actorKind":"user",
                "origin":"user","createdAt":"2026-03-01T08:00:01+00:00","changeId":"0a4f6f52-7d3d-5a57-8d0e-6d3b2f3c9a10"}}}
                """
            )
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound);

    internal static async Task<Results<Ok<MissionView>, ProblemHttpResult>> GetMissionAsync(
        string userId,
        string missionId,
        [FromServices] MissionLookup missions,
        [FromServices] DatabaseGate gate,
        [FromServices] ScheduleOptions options,
        [FromServices] UnknownMission unknown,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var key = inputs.Key(userId, missionId);
        if (inputs.Problem is { } problem)
        {
            return problem;
        }

        // Where the log cannot be proven, the projection still tells what it has.
        var shape = (await gate.EnterAsync(cancellationToken)).Access?.Shape;
        return await missions.FindAsync(key, shape, cancellationToken) is { } details
            ? TypedResults.Ok(MissionView.Of(details, options))
            : await unknown.AnswerAsync(key, cancellationToken);
    }
}

/// <param name="Record">The record as the device shows it; null where nothing is left.</param>
/// <param name="FieldTimes">When each field was last written, as the fold compares it.</param>
/// <param name="Obstacle">incomplete, ciphertext, newer-schema or unreadable-next-run-at; null where it can be due.</param>
/// <param name="RunningUntil">Until when a device is taken to be running it.</param>
/// <param name="Schedule">Null where the record has no cadence.</param>
/// <param name="SlowedDown">A sentence where it is tried less often since it failed several times in a row.</param>
internal sealed record MissionView(
    string UserId,
    string MissionId,
    JsonElement? Record,
    JsonElement? FieldTimes,
    string? State,
    bool Deleted,
    string? NextRunAt,
    string? Obstacle,
    DateTimeOffset? RunningUntil,
    ScheduleView? Schedule,
    string? SlowedDown,
    IReadOnlyList<RunDetails> Runs
)
{
    /// <summary>The row that wrote each field as it stands; null where that cannot be told.</summary>
    public IReadOnlyDictionary<string, FieldWriter>? Writers { get; init; }

    public static MissionView Of(MissionDetails details, ScheduleOptions options)
    {
        var record = Parse(details.Record);
        return new(
            details.Key.UserId.Value,
            details.Key.MissionId.Value,
            record,
            Parse(details.FieldTimes),
            details.State,
            details.IsDeleted,
            details.NextRunAt is { } next ? IsoText.Milliseconds(next) : null,
            details.Obstacle,
            details.RunningUntil,
            record is { } found ? ScheduleView.Of(found, details, options) : null,
            SlowedDownOf(details.Runs),
            details.Runs
        )
        {
            Writers = details.Writers,
        };
    }

    /// <summary>Says that a mission rests for longer than its cadence, and why.</summary>
    private static string? SlowedDownOf(IReadOnlyList<RunDetails> runs) =>
        runs.FirstOrDefault(run => run.Verdict is "planned" or "empty" or "failed")
            is { Verdict: "failed", Periods: > 1 } failed
            ? string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"It failed several times in a row, the last time as {failed.Reason}, and rests for {failed.Periods} "
                    + $"periods, a week at most. A plan or an edit makes it normal again."
            )
            : null;

    private static JsonElement? Parse(ReadOnlyMemory<byte>? json)
    {
        if (json is not { } bytes)
        {
            return null;
        }

        using var document = JsonDocument.Parse(bytes, RecordJson.Options);
        return document.RootElement.Clone();
    }
}

/// <param name="Cadence">interval, daily, weekly, cron, manual, or unreadable.</param>
/// <param name="Zone">A tzdb name or a fixed offset, and in <paramref name="ZoneReason"/> from what it is known.</param>
/// <param name="NextRuns">Up to ten instants in UTC: nextRunAt where it is ahead, and what follows it.</param>
/// <param name="Never">Why there is no further run; null where there are ten.</param>
internal sealed record ScheduleView(
    string Cadence,
    string Zone,
    string ZoneReason,
    IReadOnlyList<string> NextRuns,
    string? Never
)
{
    private const int RunsMax = 10;

    /// <summary>For the dashboard; endpoints speak English.</summary>
    [JsonIgnore]
    public string ZoneReasonInGerman { get; private init; } = "";

    public static ScheduleView? Of(JsonElement record, MissionDetails details, ScheduleOptions options)
    {
        if (record.Object("cadence") is not { } json)
        {
            return null;
        }

        var cadence = CadenceJson.Parse(json);
        var zone = ZoneInference.Infer(
            record.Text("timeZone"),
            cadence,
            details is { IsCadenceNewer: false, NextRunAt: { } meant }
                ? NodaTime.Instant.FromDateTimeOffset(meant)
                : null,
            options.DefaultZone
        );
        var planned = details.NextRunAt > details.Now ? details.NextRunAt : null;
        var from = NodaTime.Instant.FromDateTimeOffset(planned ?? details.Now);
        var upcoming = Schedule
            .Upcoming(cadence, zone.Zone, from, options.IntervalMinutesMin)
            .Take(planned is null ? RunsMax : RunsMax - 1)
            .ToArray();
        return new ScheduleView(
            cadence.GetType().Name.ToLowerInvariant(),
            zone.Zone.Id,
            zone.Sentence,
            [
                .. planned is { } at ? [IsoText.Milliseconds(at)] : Array.Empty<string>(),
                .. upcoming
                    .OfType<NextRun.At>()
                    .Select(run => IsoText.Milliseconds(run.Instant.ToDateTimeOffset())),
            ],
            upcoming.OfType<NextRun.Never>().FirstOrDefault()?.Reason
        )
        {
            ZoneReasonInGerman = zone.German,
        };
    }
}
