using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Verification;

namespace ManaAi.Host.Commands;

/// <summary>How `verify` shows its report: lines for people, one object for programs.</summary>
internal static class VerifyOutput
{
    public static void Write(
        TextWriter output,
        bool isJson,
        VerifyReport report,
        IReadOnlyCollection<RecordKey> refolded
    )
    {
        if (isJson)
        {
            OutputForm.WriteJson(output, View(report, refolded));
            return;
        }

        WriteLooked(output, report.Looked);
        foreach (var key in refolded)
        {
            output.WriteLine(Printable.Text($"folded again: {key.TableName} {key.UserId}/{key.RecordId}"));
        }

        foreach (var finding in report.Findings)
        {
            output.WriteLine(Printable.Text(finding.ToString()));
        }

        foreach (var note in report.Notes)
        {
            output.WriteLine(Printable.Text($"note: {note}"));
        }

        var counts = Enum.GetValues<Severity>()
            .Select(severity =>
                string.Create(CultureInfo.InvariantCulture, $"{report.Count(severity)} {Word(severity)}")
            );
        output.WriteLine($"{(report.IsOk ? "ok" : "NOT OK")}: {string.Join(", ", counts)}");
    }

    private static void WriteLooked(TextWriter output, Looked looked)
    {
        var runs = looked
            .Runs.OrderBy(sum => sum.Key, StringComparer.Ordinal)
            .Select(sum => string.Create(CultureInfo.InvariantCulture, $"{sum.Value} {sum.Key}"));
        Table.Write(
            output,
            ("looked at", $"{IsoText.Milliseconds(looked.At)}, for {looked.Took.TotalSeconds:0.0} s"),
            (
                "change log",
                $"{looked.Changes} rows (generation {(int)looked.Generation}), {looked.OwnChanges} by ManaAi"
            ),
            ("projection", $"{looked.Missions} missions, {looked.Agents} agents"),
            ("occurrences", $"{looked.Runs.Values.Sum()}: {string.Join(", ", runs)}")
        );
    }

    private static object View(VerifyReport report, IReadOnlyCollection<RecordKey> refolded) =>
        new
        {
            ok = report.IsOk,
            looked = new
            {
                report.Looked.At,
                tookMs = (long)report.Looked.Took.TotalMilliseconds,
                generation = (int)report.Looked.Generation,
                report.Looked.Changes,
                report.Looked.OwnChanges,
                report.Looked.Missions,
                report.Looked.Agents,
                report.Looked.Runs,
            },
            counts = Enum.GetValues<Severity>().ToDictionary(Word, report.Count, StringComparer.Ordinal),
            findings = report.Findings.Select(View),
            report.Notes,
            refolded = refolded.Select(key => new
            {
                table = key.TableName,
                key.UserId,
                key.RecordId,
            }),
        };

    private static object View(Finding finding) =>
        new
        {
            finding.Invariant,
            finding.Kind,
            severity = Word(finding.Severity),
            finding.Record?.UserId,
            missionId = IdIn(finding, RecordKey.MissionsTable),
            agentId = IdIn(finding, RecordKey.AgentsTable),
            dueAt = finding.DueAt is { } dueAt ? IsoText.Microseconds(dueAt) : null,
            finding.RunId,
            finding.ChangeId,
            finding.Message,
        };

    private static string? IdIn(Finding finding, string table) =>
        finding.Record is { } record && record.TableName == table ? record.RecordId : null;

    private static string Word(Severity severity) => severity.ToString().ToLowerInvariant();
}
