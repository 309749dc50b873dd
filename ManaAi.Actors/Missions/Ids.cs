namespace ManaAi.Actors.Missions;

/// <summary>The user who owns a record; the row-level policy of the change log is about this id.</summary>
public readonly record struct UserId(string Value)
{
    public override string ToString() => Value;
}

/// <summary>A mission's record id. It is unique within its user only: see <see cref="MissionKey"/>.</summary>
public readonly record struct MissionId(string Value)
{
    public override string ToString() => Value;
}

/// <summary>An agent's record id. It is unique within its user only.</summary>
public readonly record struct AgentId(string Value)
{
    public override string ToString() => Value;
}

/// <summary>What names a mission among all: its user and its record id.</summary>
public readonly record struct MissionKey(UserId UserId, MissionId MissionId)
{
    public override string ToString() => $"{UserId}/{MissionId}";
}
