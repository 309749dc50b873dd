namespace ManaAi.Tests.Support;

/// <summary>A row that a device writes; what a test does not care about has a plausible value.</summary>
/// <param name="RecordId">Of the mission or agent.</param>
/// <param name="Data">JSON text: the full record, the changed fields, or null.</param>
public sealed record DeviceChange(string RecordId, string? Data)
{
    /// <summary>The row by which a device made an agent.</summary>
    /// <param name="members">More members, as JSON text without braces; they win over what stands before them.</param>
    public static DeviceChange OfAgent(string id, string members = "", string userId = "user-1") =>
        new(
            id,
            $$"""{"id":"{{id}}","name":"Ada","state":"active"{{(members.Length > 0 ? "," : "")}}{{members}}}"""
        )
        {
            TableName = "agents",
            UserId = userId,
        };

    /// <summary>Null: the database draws one, as for a real device.</summary>
    public Guid? Id { get; init; }

    public string UserId { get; init; } = "user-1";

    public string AppId { get; init; } = "ai";

    public string TableName { get; init; } = "aiMissions";

    public string Op { get; init; } = "insert";

    /// <summary>JSON text of field_timestamps or field_meta, whichever the log has.</summary>
    public string Times { get; init; } = "{}";

    public string ClientId { get; init; } = "device-1";

    /// <summary>Null: now(), which is the start of the transaction.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    public int SchemaVersion { get; init; } = 1;

    /// <summary>JSON text.</summary>
    public string? Actor { get; init; }

    /// <summary>Generation 2 only.</summary>
    public string? Origin { get; init; }

    /// <summary>Generation 2 only.</summary>
    public string? SpaceId { get; init; }
}
