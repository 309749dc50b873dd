using System.Text.Json;
using ManaAi.Actors.Missions;
using NodaTime;
using NodaTime.Text;

namespace ManaAi.Host.Commands;

/// <summary>How `next` shows runs: an array for programs, a table for people.</summary>
internal static class NextOutput
{
    private static readonly InstantPattern Iso = InstantPattern.CreateWithInvariantCulture(
        "uuuu'-'MM'-'dd'T'HH':'mm':'ss'.'fff'Z'"
    );

    private static readonly ZonedDateTimePattern Local = ZonedDateTimePattern.CreateWithInvariantCulture(
        "ddd uuuu'-'MM'-'dd HH':'mm':'ss",
        null
    );

    private static readonly OffsetPattern OffsetForm = OffsetPattern.CreateWithInvariantCulture("m");

    private static readonly LocalDateTimePattern Minute = LocalDateTimePattern.CreateWithInvariantCulture(
        "uuuu'-'MM'-'dd HH':'mm"
    );

    public static void Write(
        TextWriter output,
        bool isJson,
        DateTimeZone zone,
        IReadOnlyList<NextRun.At> runs
    )
    {
        if (isJson)
        {
            output.WriteLine(JsonSerializer.Serialize(runs.Select(run => Iso.Format(run.Instant))));
            return;
        }

        string[] head = ["local time", "zone", "offset", "utc", "daylight saving"];
        var rows = runs.Select(run => Row(run, zone)).Prepend(head).ToList();
        var widths = head.Select((_, column) => rows.Max(row => row[column].Length)).ToList();
        foreach (var row in rows)
        {
            output.WriteLine(
                string.Join("  ", row.Zip(widths, (cell, width) => cell.PadRight(width))).TrimEnd()
            );
        }
    }

    private static string[] Row(NextRun.At run, DateTimeZone zone)
    {
        var local = run.Instant.InZone(zone);
        var mark = run switch
        {
            { SkippedWallTime: { } wall } => $"moved: {Minute.Format(wall)} does not exist",
            { IsFirstOfTwo: true } => "the first of two",
            _ => "",
        };
        return [Local.Format(local), zone.Id, OffsetForm.Format(local.Offset), Iso.Format(run.Instant), mark];
    }
}
