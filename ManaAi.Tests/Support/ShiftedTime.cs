namespace ManaAi.Tests.Support;

/// <summary>The clock of a machine that is wrong by so much; its timers are right.</summary>
internal sealed class ShiftedTime(TimeSpan by) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
}
