using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Verification;

/// <summary>Whether two records are the same by value, whatever the order of their fields. Pure.</summary>
internal static class RecordComparison
{
    /// <summary>
    /// A write-back takes the database's clock before it takes its row's created_at, and a running iteration without a
    /// start counts from either.
    /// </summary>
    private static readonly TimeSpan RunningUntilTolerance = TimeSpan.FromMinutes(1);

    public static bool IsSame(ProjectedRecord left, ProjectedRecord right) =>
        left.Stored.Position == right.Stored.Position
        && left.Stored.NewerSchema == right.Stored.NewerSchema
        && (left.Mission is null || left.Stored.IterationsAt == right.Stored.IterationsAt)
        && HasSameColumns(left, right)
        && HasSameFields(left.Stored.Record, right.Stored.Record)
        && HasSameTimes(left.Stored.FieldTimes, right.Stored.FieldTimes);

    /// <summary>The columns that are drawn from the record.</summary>
    public static bool HasSameColumns(ProjectedRecord left, ProjectedRecord right) =>
        left.Agent == right.Agent
        && (left.Mission, right.Mission) switch
        {
            (null, null) => true,
            ({ } one, { } other) => one with { RunningUntil = null } == other with { RunningUntil = null }
                && IsNear(one.RunningUntil, other.RunningUntil),
            _ => false,
        };

    public static bool IsSameValue(ReadOnlyMemory<byte> left, ReadOnlyMemory<byte> right)
    {
        // Both come from jsonb, which writes one value in one way; where not, they are compared as values.
        if (left.Span.SequenceEqual(right.Span))
        {
            return true;
        }

        using var one = JsonDocument.Parse(left, RecordJson.Options);
        using var other = JsonDocument.Parse(right, RecordJson.Options);
        return JsonElement.DeepEquals(one.RootElement, other.RootElement);
    }

    private static bool HasSameFields(ReadOnlyMemory<byte>? left, ReadOnlyMemory<byte>? right)
    {
        if (left is null || right is null)
        {
            return left is null && right is null;
        }

        var (ones, others) = (ChangeDecoder.ReadData(left), ChangeDecoder.ReadData(right));
        return ones is not null
            && others is not null
            && ones.Count == others.Count
            && ones.All(one => others.TryGetValue(one.Key, out var other) && IsSameValue(one.Value, other));
    }

    private static bool HasSameTimes(ReadOnlyMemory<byte>? left, ReadOnlyMemory<byte>? right)
    {
        if (left is null || right is null)
        {
            return left is null && right is null;
        }

        var (ones, others) = (ChangeDecoder.ReadTimes(left), ChangeDecoder.ReadTimes(right));
        return ones is not null
            && others is not null
            && ones.Count == others.Count
            && ones.All(one => others.TryGetValue(one.Key, out var other) && one.Value == other);
    }

    private static bool IsNear(DateTimeOffset? left, DateTimeOffset? right) =>
        left == right
        || (left is { } one && right is { } other && (one - other).Duration() < RunningUntilTolerance);
}
