using System.Text;

namespace ManaAi.Actors.ChangeLog;

/// <summary>What names a record in the change log. A record id alone is unique only within its user.</summary>
public readonly record struct RecordKey(string UserId, string AppId, string TableName, string RecordId)
{
    public const string App = "ai";
    public const string MissionsTable = "aiMissions";
    public const string AgentsTable = "agents";

    /// <summary>In UTF-8. Beside a user's id, an entry of an index holds 2,704.</summary>
    public const int RecordIdBytesMax = 2000;

    /// <summary>Where it belongs: a fold from nothing reads the log by these.</summary>
    public UserTable UserTable => new(UserId, TableName);

    /// <summary>A row with such an id is taken as one without an id, or it would stop all others.</summary>
    public static bool IsTooLong(string recordId) =>
        recordId.Length > RecordIdBytesMax / 3 && Encoding.UTF8.GetByteCount(recordId) > RecordIdBytesMax;

    public override string ToString() => $"{UserId}/{AppId}/{TableName}/{RecordId}";
}

/// <summary>All records that a user has in one table.</summary>
public readonly record struct UserTable(string UserId, string TableName);
