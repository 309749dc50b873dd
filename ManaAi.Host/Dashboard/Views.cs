using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Cluster;
using ManaAi.Actors.Explanations;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Overviews;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;

namespace ManaAi.Host.Dashboard;

/// <summary>
/// What the dashboard reads with: the same readers that answer under /internal, through a door of their own, so that a
/// page can neither change anything nor keep a tick waiting.
/// </summary>
internal sealed class Views
{
    // Nobody reads a page that takes longer.
    private static readonly TimeSpan QuestionMax = TimeSpan.FromSeconds(3);

    public Views(
        ViewConnections connections,
        FeedOptions feed,
        PlannerOptions asking,
        ScheduleOptions schedule,
        BudgetOptions budgets,
        ILoggerFactory logs
    )
    {
        var database = connections.WithDeadline(QuestionMax);
        Pulse = new PulseReader(database);
        Missions = new MissionList(database);
        Mission = new MissionLookup(database);
        Why = new WhyReader(database, asking, schedule, budgets);
        Runs = new RunList(database);
        Events = new EventList(database);
        Pauses = new Pauses(database, logs.CreateLogger<Pauses>());
        Failures = new FailureCauses(database);
        Nodes = new NodeList(database);
        Log = new LogHealthReader(database, feed);
    }

    public PulseReader Pulse { get; }

    public MissionList Missions { get; }

    public MissionLookup Mission { get; }

    public WhyReader Why { get; }

    public RunList Runs { get; }

    public EventList Events { get; }

    public Pauses Pauses { get; }

    public FailureCauses Failures { get; }

    public NodeList Nodes { get; }

    public LogHealthReader Log { get; }
}
