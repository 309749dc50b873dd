namespace ManaAi.Actors.Ticking;

/// <summary>What a manual tick answers (PROTOCOL 11). Counts are of occurrences.</summary>
/// <param name="ScannedAt">The database's clock when the tick began; ours where there is no database.</param>
/// <param name="DueMissionCount">Occurrences open and claimable at the tick's start.</param>
/// <param name="PlansProduced">Of those, how many got a valid plan on this node.</param>
/// <param name="PlansWrittenBack">Of those, how many were written into the change log by this node.</param>
/// <param name="ParseFailures">Of those, how many failed because no answer was a usable plan.</param>
/// <param name="Errors">What kept the tick itself from working; missions told as failed are not errors.</param>
public sealed record TickReport(
    DateTimeOffset ScannedAt,
    int DueMissionCount,
    int PlansProduced,
    int PlansWrittenBack,
    int ParseFailures,
    IReadOnlyList<string> Errors
)
{
    public static TickReport OverlapSkipped(DateTimeOffset at) => new(at, 0, 0, 0, 0, ["overlap-skipped"]);

    public static TickReport Failed(DateTimeOffset at, params IReadOnlyList<string> errors) =>
        new(at, 0, 0, 0, 0, errors);
}
