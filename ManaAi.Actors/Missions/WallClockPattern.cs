using System.Numerics;
using NodaTime;

namespace ManaAi.Actors.Missions;

/// <summary>The minutes on the wall at which something runs: five sets, as cron has them, one bit for a value.</summary>
/// <remarks>
/// It knows calendars and no zones: what daylight saving makes of these minutes is the business of
/// <see cref="Schedule"/>. Daily and weekly are patterns too, so there is one engine for all three.
/// </remarks>
internal sealed record WallClockPattern
{
    /// <summary>The last year in which runs are looked for: ISO texts have four digits, and zones lie ahead of UTC.</summary>
    public const int YearMax = 9998;

    public ulong Minutes { get; init; } = Span(0, 59);

    public ulong Hours { get; init; } = Span(0, 23);

    public ulong DaysOfMonth { get; init; } = Span(1, 31);

    public ulong Months { get; init; } = Span(1, 12);

    /// <summary>Bit 0 is Sunday, bit 6 Saturday.</summary>
    public ulong DaysOfWeek { get; init; } = Span(0, 6);

    /// <summary>Vixie's rule: where both day fields are restricted, one that matches is enough.</summary>
    public bool IsEitherDayEnough { get; init; }

    /// <summary>False for days that no calendar has, as 31 February.</summary>
    public bool CanCome =>
        IsEitherDayEnough
        || Enumerable
            .Range(1, 12)
            .Any(month => Has(Months, month) && (DaysOfMonth & Span(1, DaysMax(month))) != 0);

    public int FirstMinuteOfDay =>
        (BitOperations.TrailingZeroCount(Hours) * 60) + BitOperations.TrailingZeroCount(Minutes);

    public static WallClockPattern Daily(int hour, int minute) =>
        new() { Hours = Span(hour, hour), Minutes = Span(minute, minute) };

    public static WallClockPattern Weekly(int dayOfWeek, int hour, int minute) =>
        Daily(hour, minute) with
        {
            DaysOfWeek = Span(dayOfWeek, dayOfWeek),
        };

    /// <summary>The values from <paramref name="first"/> to <paramref name="last"/>, each <paramref name="step"/>th.</summary>
    public static ulong Span(int first, int last, int step = 1)
    {
        var set = 0UL;
        for (var value = first; value <= last; value += step)
        {
            set |= 1UL << value;
        }

        return set;
    }

    public bool MatchesDay(LocalDate day)
    {
        if (!Has(Months, day.Month))
        {
            return false;
        }

        var byMonth = Has(DaysOfMonth, day.Day);
        var byWeek = Has(DaysOfWeek, (int)day.DayOfWeek % 7); // ISO's Sunday is 7.
        return IsEitherDayEnough ? byMonth || byWeek : byMonth && byWeek;
    }

    public bool Matches(LocalDateTime moment) =>
        MatchesDay(moment.Date)
        && Has(Hours, moment.Hour)
        && Has(Minutes, moment.Minute)
        && moment is { Second: 0, NanosecondOfSecond: 0 };

    /// <summary>The first matching minute strictly after the moment; null when the calendar ends before it.</summary>
    public LocalDateTime? NextAfter(LocalDateTime moment)
    {
        if (MatchesDay(moment.Date) && FirstTime((moment.Hour * 60) + moment.Minute + 1) is { } later)
        {
            return moment.Date + later;
        }

        return NextDay(moment.Date) is { } day && FirstTime(0) is { } first ? day + first : null;
    }

    // The rarest pattern that comes at all (29 February on one weekday) lies 40 years ahead at most.
    private LocalDate? NextDay(LocalDate from)
    {
        if (!CanCome)
        {
            return null;
        }

        var day = from.PlusDays(1);
        while (day.Year <= YearMax && !MatchesDay(day))
        {
            day = Has(Months, day.Month)
                ? day.PlusDays(1)
                : day.With(DateAdjusters.StartOfMonth).PlusMonths(1);
        }

        return day.Year <= YearMax ? day : null;
    }

    private LocalTime? FirstTime(int minuteOfDay)
    {
        var (hour, minute) = (minuteOfDay / 60, minuteOfDay % 60);
        if (Has(Hours, hour) && Minutes >> minute != 0)
        {
            return new LocalTime(hour, minute + BitOperations.TrailingZeroCount(Minutes >> minute));
        }

        var hours = Hours >> (hour + 1);
        return hours == 0
            ? null
            : new LocalTime(
                hour + 1 + BitOperations.TrailingZeroCount(hours),
                BitOperations.TrailingZeroCount(Minutes)
            );
    }

    private static bool Has(ulong set, int value) => (set >> value & 1) != 0;

    private static int DaysMax(int month) =>
        month switch
        {
            2 => 29,
            4 or 6 or 9 or 11 => 30,
            _ => 31,
        };
}
