using System.Globalization;
using ManaAi.Actors.Missions;
using NodaTime;

namespace ManaAi.Tests.Missions;

/// <summary>Random expressions against someone who stays up and looks at the wall every minute.</summary>
public class CronWalkTests
{
    private const int DaysMax = 400;
    private const int RunsMax = 120;

    private static readonly string[] ZoneIds =
    [
        "Europe/Berlin",
        "America/New_York",
        "America/Santiago",
        "America/Nuuk",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "Asia/Kathmandu",
        "Asia/Beirut",
        "Etc/UTC",
    ];

    private static readonly IReadOnlyList<IndependentCalendar> Calendars =
    [
        .. ZoneIds
            .Select(id => IndependentCalendar.Find(id, Utc(2018), Utc(2026)))
            .OfType<IndependentCalendar>(),
    ];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 10)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_hundred_expressions_come_when_the_wall_says_so(int seed)
    {
        Calendars.Count.ShouldBeGreaterThan(5, "The system's tzdata is missing or old: install tzdata.");
        var random = new Random(seed);
        var runs = 0;
        for (var number = 0; number < 100; number++)
        {
            var expression = RandomCron.Expression(random);
            var calendar = Calendars[random.Next(Calendars.Count)];
            var from = RandomStart(random, calendar);

            var expected = Walk(calendar, new WallWatcher(expression), from);

            var actual = Schedule
                .Upcoming(new Cadence.Cron(expression), calendar.Zone, Instant.FromDateTimeUtc(from), 5)
                .OfType<NextRun.At>()
                .Select(run => run.Instant.ToDateTimeUtc())
                .TakeWhile(at => at < from.AddDays(DaysMax))
                .Take(RunsMax)
                .ToList();
            actual.ShouldBe(expected, $"\"{expression}\" in {calendar.Id} from {from:O}");
            runs += expected.Count;
        }

        runs.ShouldBeGreaterThan(1000);
    }

    // Half of the walks begin shortly before the clock changes, where there is something to get wrong.
    private static DateTime RandomStart(Random random, IndependentCalendar calendar)
    {
        var changes = calendar.Changes.Where(change => change > Utc(2019) && change < Utc(2024)).ToList();
        var near = changes.Count > 0 && random.Next(2) == 0;
        return near
            ? changes[random.Next(changes.Count)].AddMinutes(-random.Next(200))
            : Utc(2019).AddMinutes(random.Next(5 * 365 * 1440));
    }

    private static List<DateTime> Walk(IndependentCalendar calendar, WallWatcher watcher, DateTime from)
    {
        var runs = new List<DateTime>();
        // The wall of the day before tells which times were seen already when the walk begins in autumn.
        var seen = calendar.ToLocal(from.AddDays(-1));
        var (at, offset) = (from.AddDays(-1), TimeSpan.Zero);
        var changes = calendar.Changes.ToHashSet();
        for (
            var minute = 0;
            minute < (DaysMax + 1) * 1440 && runs.Count < RunsMax;
            minute++, at = at.AddMinutes(1)
        )
        {
            if (minute == 0 || changes.Contains(at))
            {
                offset = calendar.ToLocal(at) - at;
            }

            var isSeen = false;
            for (; seen < at + offset; seen = seen.AddMinutes(1))
            {
                isSeen |= watcher.IsWaitingFor(seen.AddMinutes(1));
            }

            if (isSeen && at > from)
            {
                runs.Add(at);
            }
        }

        return runs;
    }

    private static DateTime Utc(int year) => new(year, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Reads an expression naively: a value is in a field when one of its items admits it.</summary>
    private sealed class WallWatcher(string expression)
    {
        private readonly string[] _fields = expression.Split(' ');
        private readonly bool[] _minutes = Admitted(expression.Split(' ')[0], 0, 59);
        private readonly bool[] _hours = Admitted(expression.Split(' ')[1], 0, 23);
        private DateTime _day;
        private bool _isDay;

        public bool IsWaitingFor(DateTime wall)
        {
            if (!_minutes[wall.Minute] || !_hours[wall.Hour])
            {
                return false;
            }

            if (_day != wall.Date)
            {
                (_day, _isDay) = (wall.Date, IsDay(wall.Date));
            }

            return _isDay;
        }

        private bool IsDay(DateTime day)
        {
            var byMonth = Admitted(_fields[2], 1, 31)[day.Day];
            var week = Admitted(_fields[4], 0, 7);
            var byWeek = week[(int)day.DayOfWeek] || (day.DayOfWeek == DayOfWeek.Sunday && week[7]);
            var isNarrowed = _fields[2].StartsWith('*') || _fields[4].StartsWith('*');
            return Admitted(_fields[3], 1, 12)[day.Month]
                && (isNarrowed ? byMonth && byWeek : byMonth || byWeek);
        }

        private static bool[] Admitted(string field, int low, int high) =>
            [
                .. Enumerable
                    .Range(0, high + 1)
                    .Select(value => field.Split(',').Any(item => Admits(item, value, low, high))),
            ];

        private static bool Admits(string item, int value, int low, int high)
        {
            var step = item.Contains('/') ? Parse(item[(item.IndexOf('/') + 1)..]) : 1;
            var ends = item.Split('/')[0].Split('-');
            var first = ends[0] == "*" ? low : Parse(ends[0]);
            var last = ends.Length == 2 ? Parse(ends[1]) : first;
            if (ends.Length == 1 && (ends[0] == "*" || item.Contains('/')))
            {
                last = high == 7 ? Math.Max(first, 6) : high; // A week that is open ends on Saturday.
            }

            return value >= first && value <= last && (value - first) % step == 0;
        }

        private static int Parse(string text)
        {
            var day = Array.IndexOf(RandomCron.DayNames, text.ToUpperInvariant());
            var month = Array.IndexOf(RandomCron.MonthNames, text.ToUpperInvariant()) + 1;
            return char.IsAsciiDigit(text[0])
                ? int.Parse(text, CultureInfo.InvariantCulture)
                : Math.Max(day, month);
        }
    }
}
