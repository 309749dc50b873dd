namespace ManaAi.Actors.ChangeLog;

/// <summary>Which shape the change log has; the rules of the fold differ with it.</summary>
public enum LogGeneration
{
    /// <summary>Stamps stand in field_timestamps; `updatedAt` is the floor of fields without a time.</summary>
    One = 1,

    /// <summary>Stamps stand in field_meta; origin and space_id exist.</summary>
    Two = 2,
}
