namespace ManaAi.Actors.ChangeLog;

/// <summary>What names a record in the change log. A record id alone is unique only within its user.</summary>
public readonly record struct RecordKey(string UserId, string AppId, string TableName, string RecordId)
{
    public const string App = "ai";
    public const string MissionsTable = "aiMissions";
    public const string AgentsTable = "agents";

    public override string ToString() => $"{UserId}/{AppId}/{TableName}/{RecordId}";
}
