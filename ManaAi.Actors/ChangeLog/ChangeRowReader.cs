using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.ChangeLog;

/// <summary>Reads the columns that every statement over the change log ends with, in this order.</summary>
internal static class ChangeRowReader
{
    /// <param name="first">The ordinal of user_id.</param>
    public static ChangeRow Read(NpgsqlDataReader reader, int first)
    {
        var actorType = reader.GetText(first + 9);
        var id = reader.GetString(first + 2);
        var isIdTooLong = RecordKey.IsTooLong(id);
        return new ChangeRow(
            new RecordKey(
                reader.GetString(first),
                RecordKey.App,
                reader.GetString(first + 1),
                isIdTooLong ? "" : id
            ),
            new ChangePosition(
                NearestInstant(reader.GetFieldValue<long>(first + 3)),
                reader.GetGuid(first + 4)
            ),
            reader.GetString(first + 5),
            reader.GetJson(first + 6),
            reader.GetJson(first + 7),
            reader.GetNullable<int>(first + 8) ?? 1,
            actorType is not (null or "object" or "array")
        )
        {
            Xid = reader.GetInt64(first + 10),
            IsIdTooLong = isIdTooLong,
        };
    }

    /// <summary>
    /// timestamptz reaches from 4713 BC to infinity, an instant from year 1 to 9999: one row beyond that must not stop
    /// all others. A day is left to the end, since a write-back goes behind the record's last position.
    /// </summary>
    public static DateTimeOffset NearestInstant(long microseconds) =>
        InstantZero.AddMicroseconds(Math.Clamp(microseconds, InstantMin, InstantMax));

    // As PostgreSQL counts: microseconds since 2000, infinity being the greatest number there is.
    private static readonly DateTimeOffset InstantZero = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly long InstantMin = -InstantZero.Ticks / TimeSpan.TicksPerMicrosecond;
    private static readonly long InstantMax =
        (DateTimeOffset.MaxValue - InstantZero - TimeSpan.FromDays(1)).Ticks / TimeSpan.TicksPerMicrosecond;
}

/// <summary>32-bit transaction ids, which wrap: the comparison that the statements make, for rows already here.</summary>
internal static class Xid
{
    /// <summary>Whether a row's id is at or after a snapshot's xmin.</summary>
    public static bool IsAtOrAfter(long xid, long xmin) => ((xid - xmin) & 0xFFFF_FFFF) < 0x8000_0000;
}
