using ManaAi.Actors.ChangeLog;

namespace ManaAi.Actors.Verification;

/// <summary>The order in which PostgreSQL gives keys under the collation "C": bytes of UTF-8, user before record.</summary>
internal static class KeyOrder
{
    /// <summary>The lesser of two keys of one table; null stands for the end of a stream.</summary>
    public static RecordKey? Lesser(RecordKey? left, RecordKey? right) =>
        left is null || (right is not null && Compare(right.Value, left.Value) < 0) ? right : left;

    public static int Compare(RecordKey left, RecordKey right)
    {
        var byUser = Compare(left.UserId, right.UserId);
        return byUser != 0 ? byUser : Compare(left.RecordId, right.RecordId);
    }

    public static int Compare(string left, string right)
    {
        var at = left.AsSpan().CommonPrefixLength(right);
        return at == left.Length || at == right.Length
            ? left.Length.CompareTo(right.Length)
            : Rank(left[at]).CompareTo(Rank(right[at]));
    }

    /// <summary>UTF-16 puts surrogates, which stand for what is beyond U+FFFF, before U+E000; UTF-8 does not.</summary>
    private static int Rank(char unit) => char.IsSurrogate(unit) ? unit + 0x1_0000 : unit;
}
