using System.Globalization;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Commands;

/// <summary>How runs and events look in a table.</summary>
internal static class RunText
{
    private static readonly Column[] RunColumns =
    [
        new("run", IsNumber: true),
        new("user"),
        new("mission"),
        new("due"),
        new("state"),
        new("attempts", IsNumber: true),
        new("calls", IsNumber: true),
        new("tokens", IsNumber: true),
        new("node"),
    ];

    public static void WriteRuns(TextWriter output, IEnumerable<LedgerRunView> runs) =>
        Columns.Write(
            output,
            RunColumns,
            runs.Select(run =>
                (string[])
                    [
                        Number(run.Run.RunId),
                        run.UserId,
                        run.MissionId,
                        Instant(run.Run.DueAt),
                        StateOf(run.Run),
                        Number(run.Run.Attempts),
                        Number(run.Run.Calls),
                        Number(run.Run.PromptTokens + run.Run.CompletionTokens),
                        run.Run.Owner ?? "",
                    ]
            )
        );

    /// <summary>An event in one line, plain enough for grep.</summary>
    public static string Line(RunEvent one)
    {
        var what = string.Create(
            CultureInfo.InvariantCulture,
            $"{Instant(one.At)}  {one.Kind, -14}  {one.UserId}/{one.MissionId}  run {one.RunId}"
        );
        return Printable.Text(
            what + (one.Node is null ? "" : $"  {one.Node}") + (one.Detail is null ? "" : $"  {one.Detail}")
        );
    }

    public static string Ended(string? verdict, string? reason) =>
        reason is null ? verdict ?? "" : $"{verdict} ({reason})";

    public static string StateOf(RunDetails run) =>
        run switch
        {
            { Verdict: { } verdict } => Ended(verdict, run.Reason),
            { LeaseUntil: not null } => "claimed",
            { WaitsFor: { } cause } => $"waits ({cause})",
            _ => "open",
        };

    public static string Instant(DateTimeOffset at) =>
        at.UtcDateTime.ToString("u", CultureInfo.InvariantCulture);

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
