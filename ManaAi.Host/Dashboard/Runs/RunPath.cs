using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;

namespace ManaAi.Host.Dashboard.Runs;

/// <summary>A run's way from due to its end: what happened, and which phase lasted how long. Pure.</summary>
/// <param name="Steps">Oldest first; the first is that it was due.</param>
/// <param name="Phases">One after the other, from due to the end, or to now.</param>
public sealed record RunPath(IReadOnlyList<PathStep> Steps, IReadOnlyList<PathPhase> Phases)
{
    public const string Waiting = "waiting";
    public const string Preparing = "preparing";
    public const string Asking = "asking";
    public const string Writing = "writing";

    public TimeSpan Length => Phases.Aggregate(TimeSpan.Zero, (sum, phase) => sum + phase.Took);

    /// <summary>What a run is doing after this has happened to it; null once it has ended.</summary>
    public static string? PhaseAfter(string kind) =>
        kind switch
        {
            "due" or "asked-for" or "reopened" or "waits" or "handed-back" => Waiting,
            "claimed" or "taken-over" => Preparing,
            "asked" or "answer-refused" => Asking,
            "answered" => Writing,
            _ => null,
        };

    public static RunPath Of(RunDetails run, IReadOnlyList<RunEvent> events, DateTimeOffset now)
    {
        var steps = new List<PathStep> { new(run.DueAt, "due-at", null, null) };
        var phases = new List<PathPhase>();
        string? phase = Waiting;
        var since = run.DueAt;
        foreach (var one in events)
        {
            steps.Add(new PathStep(one.At, one.Kind, one.Node, one.Detail));
            var next = PhaseAfter(one.Kind);
            if (next == phase)
            {
                continue;
            }

            End(one.At);
            (phase, since) = (next, one.At);
        }

        End(now);
        return new RunPath(steps, phases);

        // An event is told by the clock of the moment, due by the plan: a run asked for by hand is due as it is asked for.
        void End(DateTimeOffset at)
        {
            if (phase is not null && at > since)
            {
                phases.Add(new PathPhase(phase, since, at - since));
            }
        }
    }
}

/// <param name="Kind">An event's kind, or `due-at` for the instant that it was due.</param>
public sealed record PathStep(DateTimeOffset At, string Kind, string? Node, string? Detail);

/// <param name="Name">waiting, preparing, asking or writing.</param>
public sealed record PathPhase(string Name, DateTimeOffset From, TimeSpan Took);
