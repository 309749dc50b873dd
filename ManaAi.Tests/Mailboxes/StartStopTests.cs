using ManaAi.Actors;
using ManaAi.Actors.Database;
using ManaAi.Actors.Mailboxes;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using ManaAi.Actors.Ticking;
using ManaAi.Actors.Upkeep;
using ManaAi.Tests.Cluster;
using ManaAi.Tests.Planning;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Mailboxes;

/// <summary>
/// The contract of starting and stopping, for every actor: stop may come twice, at once, before the start, or while
/// messages come in; it returns when the work is done or when patience ends.
/// </summary>
public sealed class StartStopTests
{
    private const int Rounds = 200;

    // For a failing test alone: what is waited for comes by itself.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly Dictionary<string, Func<Subject>> _subjects = new()
    {
        ["Mailbox"] = OfMailbox,
        ["MissionProjectors"] = OfProjectors,
        ["NodeRegistry"] = OfRegistry,
        ["PlannerPool"] = OfPool,
        ["TickCoordinator"] = OfCoordinator,
        ["Housekeeper"] = OfHousekeeper,
        ["WakeUpListener"] = OfListener,
    };

    public static TheoryData<string> Actors => [.. _subjects.Keys];

    [Theory]
    [MemberData(nameof(Actors))]
    public async Task Stop_before_start_returns_and_a_start_after_it_does_no_harm(string actor)
    {
        await using var subject = _subjects[actor]();

        await ShouldReturnAsync(subject.StopAsync(CancellationToken.None));
        subject.Start();
        await ShouldReturnAsync(subject.StopAsync(CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Actors))]
    public async Task Stop_may_come_twice_one_after_the_other_and_at_once(string actor)
    {
        await using var subject = _subjects[actor]();
        subject.Start();
        await subject.TellAsync();

        await ShouldReturnAsync(
            Task.WhenAll(
                Enumerable.Range(0, 4).Select(_ => Task.Run(() => subject.StopAsync(CancellationToken.None)))
            )
        );
        await ShouldReturnAsync(subject.StopAsync(CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Actors))]
    public async Task Stop_returns_also_for_a_host_without_patience(string actor)
    {
        await using var subject = _subjects[actor]();
        subject.Start();
        await subject.TellAsync();

        await ShouldReturnAsync(subject.StopAsync(new CancellationToken(canceled: true)));
    }

    [Theory]
    [MemberData(nameof(Actors))]
    public async Task Starts_stops_and_messages_in_any_order_end(string actor)
    {
        var random = new Random(20260302);
        for (var round = 0; round < Rounds; round++)
        {
            await using var subject = _subjects[actor]();
            Func<Task>[] acts =
            [
                () => Task.Run(subject.Start),
                () => Task.Run(subject.TellAsync),
                () => Task.Run(subject.TellAsync),
                () => Task.Run(() => subject.StopAsync(CancellationToken.None)),
                () => Task.Run(() => subject.StopAsync(new CancellationToken(canceled: true))),
            ];
            random.Shuffle(acts);

            await ShouldReturnAsync(Task.WhenAll(acts.Select(act => act())));
            await ShouldReturnAsync(subject.StopAsync(CancellationToken.None));
        }
    }

    private static Task ShouldReturnAsync(Task stop) => Should.NotThrowAsync(stop.WaitAsync(Patience));

    private static Subject OfMailbox()
    {
        var mailbox = new Mailbox<int>(4, new KeptLog<StartStopTests>());
        var actor = new ScriptedActor((_, _) => Task.CompletedTask);
        return new Subject(
            () => mailbox.Start(actor),
            () => Task.FromResult(mailbox.TryTell(1)),
            mailbox.StopAsync,
            () =>
            {
                mailbox.Dispose();
                return ValueTask.CompletedTask;
            }
        );
    }

    private static Subject OfProjectors()
    {
        var projectors = new MissionProjectors(3, new KeptLog<MissionProjectors>());
        return new Subject(
            projectors.Start,
            async () =>
            {
                using var giveUp = new CancellationTokenSource();
                var fold = projectors.FoldAsync(
                    ManaAi.Actors.ChangeLog.LogGeneration.Two,
                    [new RecordWork(new("u", "ai", "aiMissions", "m"), null, [])],
                    giveUp.Token
                );
                await giveUp.CancelAsync(); // A fold that nobody carries out must not hold its sender.
                await ((Task)fold).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            },
            projectors.StopAsync,
            () =>
            {
                projectors.Dispose();
                return ValueTask.CompletedTask;
            }
        );
    }

    private static Subject OfRegistry()
    {
        // Its database is away: nobody listens on that port.
        var bench = new RegistryBench("Host=127.0.0.1;Port=1;Username=nobody", "n");
        return new Subject(
            bench.Registry.Start,
            () =>
            {
                bench.Time.Advance(TimeSpan.FromSeconds(10));
                return Task.CompletedTask;
            },
            bench.Registry.StopAsync,
            bench.DisposeAsync
        );
    }

    private static Subject OfPool()
    {
        var bench = new PoolBench();
        return new Subject(
            bench.Pool.Start,
            async () =>
            {
                try
                {
                    await bench.WakeAsync();
                }
                catch (System.Threading.Channels.ChannelClosedException)
                {
                    // It is stopping: whoever wakes it is told so.
                }
            },
            cancellationToken => bench.Pool.StopAsync(TimeSpan.FromSeconds(10), cancellationToken),
            bench.DisposeAsync
        );
    }

    private static Subject OfCoordinator()
    {
        var coordinator = new TickCoordinator(
            _ => Task.FromResult(new TickOutcome(default, [], [], default)),
            (outcome, _) => Task.FromResult(outcome.ToReport()),
            new TickOptions(),
            new ManualTime(),
            new KeptLog<TickCoordinator>()
        );
        return new Subject(
            coordinator.Start,
            // Nobody may have started it yet: then the answer comes with the stop.
            () =>
            {
                _ = coordinator.RunTickAsync(CancellationToken.None);
                return Task.CompletedTask;
            },
            coordinator.StopAsync,
            coordinator.DisposeAsync
        );
    }

    private static Subject OfHousekeeper()
    {
        var source = Npgsql.NpgsqlDataSource.Create(Nowhere);
        var metrics = new Metrics();
        var housekeeper = new Housekeeper(
            new SyncDatabase(source),
            new NodeId("node"),
            new UpkeepOptions(),
            TimeProvider.System,
            metrics,
            new KeptLog<Housekeeper>()
        );
        return new Subject(
            housekeeper.Start,
            () =>
            {
                housekeeper.TickEnded(new TickOutcome(default, [], ["a reason"], default));
                return Task.CompletedTask;
            },
            housekeeper.StopAsync,
            async () =>
            {
                housekeeper.Dispose();
                metrics.Dispose();
                await source.DisposeAsync();
            }
        );
    }

    private static Subject OfListener()
    {
        var source = Npgsql.NpgsqlDataSource.Create(Nowhere);
        var database = new SyncDatabase(source);
        var gate = new DatabaseGate(database, TimeProvider.System, new KeptLog<DatabaseGate>());
        var listener = new WakeUpListener(
            database,
            gate,
            new WakeUpTrigger(database, new LogObjectsOptions(), new KeptLog<WakeUpTrigger>()),
            new WakeUpOptions(),
            new NodeId("node"),
            () => { },
            TimeProvider.System,
            new KeptLog<WakeUpListener>()
        );
        return new Subject(
            listener.Start,
            () => Task.CompletedTask,
            listener.StopAsync,
            async () =>
            {
                await listener.DisposeAsync();
                gate.Dispose();
                await source.DisposeAsync();
            }
        );
    }

    // Refused at once: nothing listens there.
    private const string Nowhere = "Host=127.0.0.1;Port=1;Username=nobody;Database=nowhere;Timeout=1";

    private sealed record Subject(
        Action Start,
        Func<Task> TellAsync,
        Func<CancellationToken, Task> StopAsync,
        Func<ValueTask> EndAsync
    ) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => EndAsync();
    }
}
