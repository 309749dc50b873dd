using System.Text.Json;

namespace ManaAi.Bench.Chaos;

/// <summary>All that a run found, and whether that is as promised.</summary>
internal sealed record ChaosResult
{
    public required IReadOnlyList<FaultRecord> Faults { get; init; }

    public required IReadOnlyList<string> Surprises { get; init; }

    public required (int Rows, int LateTried, int LateCommitted) Devices { get; init; }

    public required IReadOnlyDictionary<string, long> Verdicts { get; init; }

    /// <summary>Due once more at the end, and without a verdict.</summary>
    public required (int Asked, int Lost) LastRound { get; init; }

    public required (long Stood, IReadOnlyList<string> Lost) Unanswered { get; init; }

    public required long Twice { get; init; }

    /// <summary>Rows of ours in the log that bring an iteration.</summary>
    public required long OwnRows { get; init; }

    public required CallAudit Calls { get; init; }

    /// <summary>What the stand-in counted.</summary>
    public required int CallsPaid { get; init; }

    /// <summary>The most that one occurrence was charged with.</summary>
    public required long MostCalls { get; init; }

    public required IReadOnlyList<Takeover> Takeovers { get; init; }

    /// <summary>Those in whose time nothing else was in the way.</summary>
    public required IReadOnlyList<Takeover> Undisturbed { get; init; }

    /// <summary>Kills that met a node which held a run.</summary>
    public required int KillsWithPlans { get; init; }

    /// <summary>Where there are two: what the nodes of each ended.</summary>
    public required VersionShares? Versions { get; init; }

    public required NodeLogs Logs { get; init; }

    public required TimeSpan? QuietAfter { get; init; }

    public required (int ExitCode, string Output) Verify { get; init; }

    public long RowsExpected =>
        Verdicts.GetValueOrDefault("planned")
        + Verdicts.GetValueOrDefault("empty")
        + Verdicts.GetValueOrDefault("failed");

    public long Lost => LastRound.Lost + Unanswered.Lost.Count + Verdicts.GetValueOrDefault("open");

    /// <summary>What is not as promised; empty where all is.</summary>
    public IEnumerable<string> Faulty()
    {
        (bool IsBroken, string What)[] promises =
        [
            (QuietAfter is null, "it did not come to rest"),
            (Lost > 0, "occurrences are lost"),
            (Twice > 0, "occurrences are there twice"),
            (OwnRows != RowsExpected, "the log's rows are not the ledger's verdicts"),
            (Calls.PaidTwice > 0, "calls were made again though their answer was kept"),
            (CallsPaid > Calls.Asked, "calls were made that nobody had noted"),
            (MostCalls > Node.CallsMax, "an occurrence had more calls than allowed"),
            (
                Versions is { OldBeside: 0 } or { NewBeside: 0 },
                "the two versions did not work beside each other"
            ),
            (Surprises.Count > 0, "nodes ended by themselves, or did not end when told"),
            (Verify.ExitCode != 0, "verify is not clean"),
        ];
        return promises.Where(promise => promise.IsBroken).Select(promise => promise.What);
    }

    /// <summary>The severities that verify counted, as it printed them.</summary>
    public string VerifyCounts()
    {
        try
        {
            using var document = JsonDocument.Parse(Verify.Output);
            return document.RootElement.GetProperty("counts").GetRawText().ReplaceLineEndings("");
        }
        catch (JsonException)
        {
            return Verify.Output;
        }
    }
}
