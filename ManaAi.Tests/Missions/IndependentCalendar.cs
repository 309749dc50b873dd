using NodaTime;
using NodaTime.TimeZones;

namespace ManaAi.Tests.Missions;

/// <summary>A zone as .NET's own TimeZoneInfo has it, over the system's tzdata: a second opinion on NodaTime's.</summary>
/// <remarks>Built from nothing but the offsets at instants; the changes between them are found by bisection.</remarks>
internal sealed class IndependentCalendar
{
    private readonly List<(DateTime From, TimeSpan Offset)> _spans = [];

    private IndependentCalendar(TimeZoneInfo zone, string id, DateTime from, DateTime to)
    {
        (Id, From, To) = (id, from, to);
        _spans.Add((from, zone.GetUtcOffset(from)));
        var step = TimeSpan.FromHours(12); // No zone has changed its offset twice within half a day.
        for (var at = from; at < to; at += step)
        {
            if (zone.GetUtcOffset(at + step) != _spans[^1].Offset)
            {
                _spans.Add((Bisect(zone, at, at + step), zone.GetUtcOffset(at + step)));
            }
        }
    }

    public string Id { get; }

    public DateTime From { get; }

    public DateTime To { get; }

    public DateTimeZone Zone => DateTimeZoneProviders.Tzdb[Id];

    public IEnumerable<DateTime> Changes => _spans.Skip(1).Select(span => span.From);

    /// <summary>The same text for zones that have done the same in these years.</summary>
    public string History => string.Join('|', _spans.Select(span => $"{span.From:O} {span.Offset}"));

    /// <summary>All zones of tzdb whose rules the two libraries' data agree on in these years.</summary>
    public static IReadOnlyList<IndependentCalendar> Agreeing(DateTime from, DateTime to) =>
        [.. DateTimeZoneProviders.Tzdb.Ids.Select(id => Find(id, from, to)).OfType<IndependentCalendar>()];

    public static IndependentCalendar? Find(string id, DateTime from, DateTime to)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone))
        {
            return null;
        }

        var calendar = new IndependentCalendar(zone, id, from, to);
        return calendar.IsAgreedOn() ? calendar : null;
    }

    public DateTime ToLocal(DateTime utc) =>
        DateTime.SpecifyKind(utc + Offset(utc), DateTimeKind.Unspecified);

    /// <summary>The first instant that shows this time; where none does, the change that jumped over it.</summary>
    public DateTime Reach(DateTime local)
    {
        DateTime? jumped = null;
        for (var index = 0; index < _spans.Count; index++)
        {
            var (from, offset) = _spans[index];
            var until = index + 1 < _spans.Count ? _spans[index + 1].From : DateTime.MaxValue;
            var utc = DateTime.SpecifyKind(local - offset, DateTimeKind.Utc);
            if (utc >= from && utc < until)
            {
                return utc;
            }

            // Past the end of this span by its own count, before the start of the next by that one's.
            if (index + 1 < _spans.Count && utc >= until && local - _spans[index + 1].Offset < until)
            {
                jumped ??= until;
            }
        }

        return jumped ?? throw new InvalidOperationException($"{local:O} is not in these years of {Id}.");
    }

    /// <summary>The days from one instant to another that the zone has; Apia left out 30 December 2011.</summary>
    public IEnumerable<DateTime> Days(DateTime from, DateTime to)
    {
        for (var day = ToLocal(from).Date; day <= ToLocal(to).Date; day = day.AddDays(1))
        {
            if (Reach(day) < Reach(day.AddDays(1)))
            {
                yield return day;
            }
        }
    }

    private TimeSpan Offset(DateTime utc) => _spans.FindLast(span => span.From <= utc).Offset;

    private bool IsAgreedOn()
    {
        var intervals = Zone.GetZoneIntervals(
                new Interval(Instant.FromDateTimeUtc(From), Instant.FromDateTimeUtc(To)),
                ZoneEqualityComparer.Options.OnlyMatchWallOffset
            )
            .ToList();
        return intervals
                .Select(interval => interval.WallOffset.ToTimeSpan())
                .SequenceEqual(_spans.Select(span => span.Offset))
            && intervals.Skip(1).Select(interval => interval.Start.ToDateTimeUtc()).SequenceEqual(Changes);
    }

    private static DateTime Bisect(TimeZoneInfo zone, DateTime before, DateTime after)
    {
        var offset = zone.GetUtcOffset(after);
        while (after - before > TimeSpan.FromSeconds(1))
        {
            var middle = before + TimeSpan.FromSeconds(Math.Floor((after - before).TotalSeconds / 2));
            (before, after) = zone.GetUtcOffset(middle) == offset ? (before, middle) : (middle, after);
        }

        return after;
    }
}
