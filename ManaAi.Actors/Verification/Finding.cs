using System.Globalization;
using ManaAi.Actors.ChangeLog;

namespace ManaAi.Actors.Verification;

/// <summary>What a finding means for whoever reads it. Only <see cref="Wrong"/> makes a verification fail.</summary>
public enum Severity
{
    /// <summary>An invariant does not hold.</summary>
    Wrong,

    /// <summary>A device's row took the place of ours, as devices do to each other: known, and nobody's fault.</summary>
    Overwritten,

    /// <summary>The change log no longer has the rows by which it could be told.</summary>
    Lost,

    /// <summary>The log holds rows that the next tick folds.</summary>
    Pending,
}

/// <summary>One thing that was found, with the keys by which its rows are found again.</summary>
/// <param name="Invariant">I1, I2, I5 or I8.</param>
/// <param name="Kind">A word to compare.</param>
/// <param name="Message">One sentence, and what to do. No text of a user.</param>
public sealed record Finding(string Invariant, string Kind, Severity Severity, string Message)
{
    public RecordKey? Record { get; init; }

    public DateTimeOffset? DueAt { get; init; }

    public long? RunId { get; init; }

    public Guid? ChangeId { get; init; }

    /// <summary>Everything in one line.</summary>
    public override string ToString()
    {
        var keys = new List<string>();
        if (Record is { } record)
        {
            keys.Add($"{record.TableName} {record.UserId}/{record.RecordId}");
        }

        if (DueAt is { } dueAt)
        {
            keys.Add($"due {IsoText.Microseconds(dueAt)}");
        }

        if (RunId is { } run)
        {
            keys.Add(string.Create(CultureInfo.InvariantCulture, $"run {run}"));
        }

        if (ChangeId is { } change)
        {
            keys.Add($"change {change}");
        }

        var word = Severity.ToString().ToLowerInvariant();
        return $"{word} {Invariant} {Kind}: {string.Join(", ", keys)}: {Message}";
    }
}
