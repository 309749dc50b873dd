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
        string?[] parts =
        [
            $"{Instant(one.At)}  {one.Kind, -14}",
            ScopeOf(one.UserId, one.MissionId),
            one.RunId is { } run ? $"run {Number(run)}" : null,
            one.Node,
            one.Detail,
        ];
        return Printable.Text(string.Join("  ", parts.Where(part => part is not null)));
    }

    /// <summary>What a pause is for, or whose a run is.</summary>
    public static string ScopeOf(string? user, string? mission) =>
        (user, mission) switch
        {
            (null or "", _) => "the whole service",
            (_, null or "") => $"user {user}",
            _ => $"{user}/{mission}",
        };

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
