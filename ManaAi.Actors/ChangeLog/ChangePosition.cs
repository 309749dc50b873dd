namespace ManaAi.Actors.ChangeLog;

/// <summary>Where a change stands in the order of the fold: (created_at, id), as a new device sees it.</summary>
public readonly record struct ChangePosition(DateTimeOffset CreatedAt, Guid Id) : IComparable<ChangePosition>
{
    public int CompareTo(ChangePosition other)
    {
        var byTime = CreatedAt.CompareTo(other.CreatedAt);
        if (byTime != 0)
        {
            return byTime;
        }

        // PostgreSQL orders uuids by their bytes as written; Guid.CompareTo has an order of its own.
        Span<byte> mine = stackalloc byte[16];
        Span<byte> theirs = stackalloc byte[16];
        Id.TryWriteBytes(mine, bigEndian: true, out _);
        other.Id.TryWriteBytes(theirs, bigEndian: true, out _);
        return mine.SequenceCompareTo(theirs);
    }

    public static bool operator <(ChangePosition left, ChangePosition right) => left.CompareTo(right) < 0;

    public static bool operator >(ChangePosition left, ChangePosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(ChangePosition left, ChangePosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ChangePosition left, ChangePosition right) => left.CompareTo(right) >= 0;
}
