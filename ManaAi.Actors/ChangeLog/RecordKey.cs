namespace ManaAi.Actors.ChangeLog;

/// <summary>What names a record in the change log. A record id alone is unique only within its user.</summary>
public readonly record struct RecordKey(string UserId, string AppId, string TableName, string RecordId)
{
    public const string App = "ai";
    public const string MissionsTable = "aiMissions";
    public const string AgentsTable = "agents";

    /// <summary>Where it belongs: a fold from nothing reads the log by these.</summary>
    public UserTable UserTable => new(UserId, TableName);

    public override string ToString() => $"{UserId}/{AppId}/{TableName}/{RecordId}";
}

/// <summary>All records that a user has in one table.</summary>
public readonly record struct UserTable(string UserId, string TableName);
