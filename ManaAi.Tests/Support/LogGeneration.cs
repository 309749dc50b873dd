namespace ManaAi.Tests.Support;

/// <summary>The two shapes of the change log; the second has field_meta, origin and space_id.</summary>
public enum LogGeneration
{
    One = 1,
    Two = 2,
}
