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
        return new ChangeRow(
            new RecordKey(
                reader.GetString(first),
                RecordKey.App,
                reader.GetString(first + 1),
                reader.GetString(first + 2)
            ),
            new ChangePosition(reader.GetInstant(first + 3), reader.GetGuid(first + 4)),
            reader.GetString(first + 5),
            reader.GetJson(first + 6),
            reader.GetJson(first + 7),
            reader.GetInt32(first + 8),
            actorType is not (null or "object" or "array")
        )
        {
            Xid = reader.GetInt64(first + 10),
        };
    }
}

/// <summary>32-bit transaction ids, which wrap: the comparison that the statements make, for rows already here.</summary>
internal static class Xid
{
    /// <summary>Whether a row's id is at or after a snapshot's xmin.</summary>
    public static bool IsAtOrAfter(long xid, long xmin) => ((xid - xmin) & 0xFFFF_FFFF) < 0x8000_0000;
}
