using System.Text.Json;
using System.Text.RegularExpressions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using Npgsql;

namespace ManaAi.Tests.Simulation;

/// <summary>The invariants of the design, looked at after each commit and each step, whoever made it.</summary>
/// <remarks>
/// I1 one row for each occurrence that was told, I2 the sums, I3 no device write lost, I4 calls bounded and no kept answer
/// asked again, I5 the projection is what a device shows, I8 nextRunAt never moves back; and what they rest on: a claim
/// that is lost changes nothing, and only a lease that is over is taken.
/// </remarks>
internal sealed class SimulationChecks(NpgsqlDataSource database, RunOptions options, PlanMode mode)
{
    // What concerns neither missions nor runs: there is nothing to look at.
    private static readonly HashSet<string> _aside =
    [
        "NoteCalls",
        "PruneCalls",
        "OpenBreaker",
        "ReopenBreaker",
        "DelayAuthorization",
        "HoldAuthorization",
        "CloseBreakers",
        "HoldModel",
        "ReleaseModel",
        "QueueUsers",
    ];

    private readonly Dictionary<Guid, long> _versions = [];
    private readonly Dictionary<long, int> _kept = [];
    private readonly Dictionary<long, int> _paid = [];
    private readonly List<string> _violations = [];

    /// <summary>Grows with each commit into the log.</summary>
    public long LogVersion { get; private set; }

    /// <summary>Requests that reached the server.</summary>
    public int Requests { get; private set; }

    public SimulationState State { get; private set; } = null!;

    /// <summary>What does not hold, since the start; empty where all does.</summary>
    public IReadOnlyList<string> Violations => _violations;

    /// <summary>A row became visible in the log.</summary>
    public void Appeared(Guid id) => _versions[id] = ++LogVersion;

    /// <summary>What a device shows that has pulled up to a version of the log.</summary>
    public DeviceView View((string UserId, string MissionId) record, long version = long.MaxValue) =>
        new(State.RowsOf[record].Where(row => IsVisible(row, version)));

    /// <summary>After anything that changed the database from outside of the nodes.</summary>
    public async Task LookAsync()
    {
        var before = State;
        State = await SimulationState.ReadAsync(database, before);
        CheckLedger(before);
        CheckLog();
    }

    public async Task CommittedAsync(Flow flow, CommittedWork work)
    {
        if (work.Statements.All(one => _aside.Contains(one.Name)))
        {
            return;
        }

        Guid[] written = [.. work.FindAll("InsertIteration").Select(insert => (Guid)insert["id"]!)];
        foreach (var id in written)
        {
            Appeared(id);
        }

        var before = State;
        await LookAsync();
        foreach (var claim in flow.Claims)
        {
            CheckFencing(flow, claim, work, before);
        }

        if (work.Find("ClaimRuns") is not null)
        {
            CheckClaims(flow, before);
        }

        foreach (var id in written)
        {
            CheckWritten(State.Rows.Single(row => row.Id == id), work.Seen);
        }

        if (work.Find("SaveCursor") is not null)
        {
            CheckProjection(work.Seen, State.Missions.Keys);
        }
    }

    /// <summary>I4: an answer, or a failure, left the server.</summary>
    public void Answered(Flow flow, string body, int status)
    {
        Requests++;
        var run = State.Runs[flow.Claim!.RunId];
        if (status is not (429 or 401))
        {
            _paid[run.Id] = _paid.GetValueOrDefault(run.Id) + 1;
            Check(
                _paid[run.Id] <= options.CallsMaxOf(mode),
                $"{run} was asked {_paid[run.Id]} times, more than {options.CallsMaxOf(mode)}"
            );
            Check(
                _paid[run.Id] <= run.Calls,
                $"{run} was asked {_paid[run.Id]} times, and {run.Calls} calls are counted"
            );
        }

        var said = Regex.Count(body, "\"role\":\"assistant\"");
        Check(
            run.Epoch != flow.Claim.Epoch || said >= _kept.GetValueOrDefault(run.Id),
            $"{run} has {_kept.GetValueOrDefault(run.Id)} kept answers, and is asked with {said} of them"
        );
    }

    /// <summary>I3 and I5 at rest, when all is folded.</summary>
    public void CheckRest() =>
        CheckProjection(long.MaxValue, State.Rows.Select(row => row.Record).Distinct());

    public void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            _violations.Add(otherwise);
        }
    }

    private bool IsVisible(LogRow row, long version) =>
        _versions.GetValueOrDefault(row.Id, long.MaxValue) <= version;

    private void CheckLedger(SimulationState? before)
    {
        var runs = State.Runs.Values.ToList();
        var occurrences = runs.DistinctBy(run => run.Occurrence).Count();
        Check(occurrences == runs.Count, "I2: an occurrence has two runs");
        foreach (var open in runs.Where(run => run.Verdict is null).GroupBy(run => run.Occurrence.Mission))
        {
            Check(open.Count() == 1, $"{open.Key} has {open.Count()} open runs");
        }

        foreach (
            var held in runs.Where(run => run.LeaseUntil > State.Now)
                .GroupBy(run => run.Occurrence.Mission.UserId)
        )
        {
            Check(
                held.Count() <= options.ConcurrentPerUserMax,
                $"{held.Key} has {held.Count()} runs under way"
            );
        }

        foreach (var old in before?.Runs.Values ?? [])
        {
            if (!State.Runs.TryGetValue(old.Id, out var run))
            {
                Check(false, $"I2: {old} is gone");
                continue;
            }

            Check(run.Epoch >= old.Epoch, $"the epoch of {run} went back");
            Check(run.Attempts <= options.AttemptsMax + 1, $"{run} had {run.Attempts} attempts");
            Check(
                old.Verdict is null or "superseded" || old.Verdict == run.Verdict,
                $"I2: {run} was {old.Verdict} and is {run.Verdict ?? "open"}"
            );
        }
    }

    private void CheckLog()
    {
        var told = State
            .Runs.Values.Where(run => run.IsTold)
            .Select(run => run.Occurrence.ChangeId)
            .ToHashSet();
        var rows = State.Rows.Where(row => row.IsOwn && row.HasIterations).Select(row => row.Id).ToHashSet();
        foreach (
            var run in State.Runs.Values.Where(run => run.IsTold && !rows.Contains(run.Occurrence.ChangeId))
        )
        {
            Check(false, $"I1: {run} is {run.Verdict} and has no row");
        }

        foreach (var row in rows.Except(told))
        {
            Check(false, $"I1: row {row} belongs to no run that was told");
        }

        foreach (var row in State.Rows.Where(row => row.IsOwn && !_versions.ContainsKey(row.Id)))
        {
            Check(false, $"row {row.Id} appeared, and no node wrote it");
        }

        foreach (var (key, mission) in State.Missions)
        {
            var ids = DeviceView.IterationIds(mission.GetProperty("record"));
            Check(ids.Distinct().Count() == ids.Count, $"I1: {key} holds an iteration twice");
        }
    }

    /// <summary>A claim that is lost changes nothing about its run; and answers are there as they were kept.</summary>
    private void CheckFencing(Flow flow, Claim claim, CommittedWork work, SimulationState before)
    {
        var (old, run) = (before.Runs[claim.RunId], State.Runs[claim.RunId]);
        var isMine = old.Epoch == claim.Epoch && old.Verdict is null;
        if (!isMine)
        {
            Check(
                ReferenceEquals(old, run)
                    || JsonElement.DeepEquals(old.Row, run.Row)
                    || work.Find("WakeBudgetWaiters") is not null,
                $"{flow} changed {run} at epoch {claim.Epoch}, and the claim is of epoch {old.Epoch}"
            );
            return;
        }

        if (work.Find("KeepAnswer") is { } keep)
        {
            _kept[run.Id] = Math.Max(_kept.GetValueOrDefault(run.Id), (int)keep["place"]! + 1);
        }
        else if (work.Find("ReleaseRun") is { } release && release["keeps_answers"] is false)
        {
            _kept[run.Id] = 0;
        }

        Check(
            run.Answers == _kept.GetValueOrDefault(run.Id),
            $"{run} has {run.Answers} answers, and {_kept.GetValueOrDefault(run.Id)} were kept"
        );
    }

    private void CheckClaims(Flow flow, SimulationState before)
    {
        foreach (var run in State.Runs.Values.Where(run => run.Epoch != before.Runs[run.Id].Epoch))
        {
            var old = before.Runs[run.Id];
            Check(old.Verdict is null, $"{flow} claimed {run}, which is {old.Verdict}");
            Check(
                old.LeaseUntil is null || old.LeaseUntil < State.Now,
                $"{flow} claimed {run}, whose lease runs until {old.LeaseUntil:O}"
            );
            Check(run.LeaseUntil > State.Now, $"{flow} claimed {run} until {run.LeaseUntil:O}");
        }
    }

    /// <summary>A row of ours against what could be seen when it was made.</summary>
    private void CheckWritten(LogRow row, long seen)
    {
        var before = View(row.Record, seen);
        var next = row.Data.Instant("nextRunAt");
        Check(
            next is null || before.NextRunAt is null || next > before.NextRunAt,
            $"I8: {row.Id} moves {row.Record} back"
        );
        foreach (var field in row.Data.EnumerateObject())
        {
            Check(
                string.CompareOrdinal(row.Stamp(field.Name), before.StampOf(field.Name)) >= 0,
                $"row {row.Id} loses to the {field.Name} that it has read"
            );
        }

        Check(before is { State: "active", IsDeleted: false }, $"row {row.Id} is for a mission that rests");
        if (row.HasIterations)
        {
            var run = State.Runs.Values.SingleOrDefault(one => one.Occurrence.ChangeId == row.Id);
            Check(
                run?.Occurrence.DueAt == before.NextRunAt,
                $"row {row.Id} is for {run}, due {before.NextRunAt:O}"
            );
            Check(
                row.IterationIds.SequenceEqual([.. before.IterationIds(), $"{run?.Occurrence.IterationId}"]),
                $"I3: row {row.Id} loses iterations, or has more than its own"
            );
        }

        CheckProjection(Math.Max(seen, _versions[row.Id]), [row.Record], row.Id, seen);
    }

    /// <summary>The projection is what a device shows that has pulled what could be seen.</summary>
    private void CheckProjection(
        long version,
        IEnumerable<(string UserId, string MissionId)> records,
        Guid? own = null,
        long seen = long.MaxValue
    )
    {
        foreach (var record in records)
        {
            var view = new DeviceView(
                State.RowsOf[record].Where(row => row.Id == own || IsVisible(row, Math.Min(version, seen)))
            );
            var isKnown = State.Missions.TryGetValue(record, out var mission);
            string[] differences = isKnown ? [.. view.Differences(mission.GetProperty("record"))] : ["all"];
            Check(
                view.IsEmpty || differences.Length == 0,
                $"I3, I5: the projection of {record} differs from its device in {string.Join(", ", differences)}"
            );
        }
    }
}
