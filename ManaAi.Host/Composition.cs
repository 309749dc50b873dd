using System.Globalization;
using ManaAi.Actors;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Cluster;
using ManaAi.Actors.Database;
using ManaAi.Actors.Explanations;
using ManaAi.Actors.Forgetting;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Actors.Ticking;
using ManaAi.Actors.Upkeep;
using ManaAi.Host.Dashboard;
using ManaAi.Host.Internal;
using ManaAi.Host.Keys;
using ManaAi.Host.Settings;
using NodaTime;
using Npgsql;

namespace ManaAi.Host;

/// <summary>Which actors the host runs, and how the settings become their options.</summary>
internal static class Composition
{
    public static void AddActors(IServiceCollection services, ServiceSettings settings)
    {
        AddOptions(services, settings);
        AddDatabase(services, settings);

        services.AddSingleton(provider => new MissionProjectors(
            Environment.ProcessorCount,
            provider.GetRequiredService<ILogger<MissionProjectors>>()
        ));
        services.AddSingleton<ChangeFeed>();
        services.AddSingleton<RunLedger>();
        services.AddSingleton<CallLedger>();
        services.AddSingleton<LlmGate>();
        services.AddSingleton<OwnRows>();
        services.AddSingleton<IterationWriter>();
        services.AddSingleton<ScheduleWriter>();
        services.AddSingleton<OccurrenceOpener>();
        services.AddSingleton<MissionLookup>();
        services.AddSingleton<MissionList>();
        services.AddSingleton<RunList>();
        services.AddSingleton<EventList>();
        services.AddSingleton<EventListeners>();
        services.AddSingleton<Pauses>();
        services.AddSingleton<RunRequests>();
        services.AddSingleton<WhyReader>();
        services.AddSingleton<PlanPreviews>();
        services.AddSingleton<UserForgetting>();
        services.AddSingleton<UnknownMission>();
        services.AddSingleton(provider => new WhyLimits(
            provider.GetRequiredService<RunOptions>(),
            provider.GetRequiredService<ScheduleOptions>()
        )
        {
            IsTimerOn = settings.Tick.IsEnabled,
            IsDryRun = settings.IsDryRun,
        });
        services.AddSingleton<UsageReader>();
        services.AddSingleton(provider => new NodeProfile(
            provider.GetRequiredService<NodeId>(),
            provider.GetRequiredService<ServiceIdentity>().Version,
            string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}:{settings.Edge.Port}")
        ));
        services.AddSingleton<NodeRegistry>();
        services.AddSingleton<NodeList>();
        services.AddSingleton(provider =>
            CreateLlm(
                settings.Llm,
                () => provider.GetRequiredService<ServiceKeys>().First,
                provider.GetRequiredService<TimeProvider>()
            )
        );
        services.AddSingleton<Preparer>();
        services.AddSingleton<Planner>();
        services.AddSingleton(CreatePool);
        services.AddSingleton<Housekeeper>();
        services.AddSingleton<PoolWake>();
        services.AddSingleton<TickRunner>();
        services.AddSingleton(CreateCoordinator);
        services.AddSingleton(provider =>
            ActivatorUtilities.CreateInstance<WakeUpListener>(
                provider,
                (Action)provider.GetRequiredService<TickCoordinator>().WakeUp
            )
        );
        services.AddSingleton<ITickCoordinator>(provider => provider.GetRequiredService<TickCoordinator>());
        services.AddSingleton<IStatusReader, LedgerStatusReader>();
        if (settings.Traces is { } traces)
        {
            // Before the actors, and so after them when it stops: their last spans are sent too.
            services.AddSingleton(traces);
            services.AddHostedService<TraceExport>();
        }

        services.AddDashboard();
        services.AddHostedService<ActorService>();
    }

    private static void AddOptions(IServiceCollection services, ServiceSettings settings)
    {
        services.AddSingleton(
            new FeedOptions
            {
                Margin = settings.Log.Margin,
                SweepInterval = settings.Log.SweepInterval,
                SweepWindow = settings.Log.SweepWindow,
            }
        );
        services.AddSingleton(
            new LogObjectsOptions
            {
                IsIndexManaged = settings.Log.IsIndexManaged,
                IsTriggerManaged = settings.Log.IsTriggerManaged,
            }
        );
        services.AddSingleton(
            new UpkeepOptions
            {
                KeepRuns =
                    settings.Keep.Runs < settings.Schedule.MissedAfter
                        ? settings.Schedule.MissedAfter
                        : settings.Keep.Runs,
                KeepUsage = settings.Keep.Usage,
                KeepEvents = settings.Keep.Events,
                KeepTicks = settings.Keep.Ticks,
            }
        );
        services.AddSingleton(
            new RunOptions
            {
                ConcurrentMax = settings.Runs.PlansMax,
                ConcurrentPerUserMax = settings.Runs.PlansPerUserMax,
                Lease = settings.Runs.Lease,
                AttemptsMax = settings.Runs.AttemptsMax,
                RetryBase = settings.Runs.RetryBase,
                RateLimitMax = settings.Runs.RateLimitWaitMax,
                IsScheduleAdvanced = settings.Schedule.IsAdvanced,
                UnreviewedMax = settings.Runs.UnreviewedIterationsMax,
            }
        );
        services.AddSingleton(
            new BudgetOptions
            {
                PerMission = settings.Runs.TokensPerMissionPerDay,
                PerUser = settings.Runs.TokensPerUserPerDay,
                Total = settings.Runs.TokensPerDay,
            }
        );
        services.AddSingleton(new LlmGateOptions());
        services.AddSingleton(ScheduleOf(settings.Schedule, settings.Tick));
        services.AddSingleton(
            new PlannerOptions
            {
                Model = settings.Llm.Model,
                Temperature = settings.Llm.Temperature,
                Mode = settings.Llm.Mode switch
                {
                    PlannerMode.Json => PlanMode.Json,
                    PlannerMode.Tools => PlanMode.Tools,
                    _ => null,
                },
                IsDryRun = settings.IsDryRun,
            }
        );
        services.AddSingleton(
            new TickOptions { IsEnabled = settings.Tick.IsEnabled, Interval = settings.Tick.Interval }
        );
        services.AddSingleton(new WakeUpOptions());
        // The only place where chance comes from; everything below takes it as a parameter.
        services.AddSingleton(new Random());
        services.AddSingleton(provider =>
            NodeId.Create(Environment.MachineName, provider.GetRequiredService<Random>())
        );
    }

    /// <summary>The same for the service and for the command that counts ahead.</summary>
    public static ScheduleOptions ScheduleOf(ScheduleSettings schedule, TickSettings tick) =>
        new()
        {
            DefaultZone = DateTimeZoneProviders.Tzdb[schedule.DefaultTimeZone],
            IntervalMinutesMin = (int)schedule.IntervalMin.TotalMinutes,
            IsMissedMadeUpFor = schedule.MissedRuns == MissedRuns.Once,
            LateAfter = tick.Interval,
            MissedAfter = schedule.MissedAfter,
            Spread = schedule.Spread,
        };

    private static void AddDatabase(IServiceCollection services, ServiceSettings settings)
    {
        services.AddSingleton(provider =>
        {
            // By its name its connections are counted.
            var name = provider.GetRequiredService<NodeId>().Value;
            return new NpgsqlDataSourceBuilder(settings.Database.ConnectionString.Reveal())
            {
                Name = name,
            }.Build();
        });
        services.AddSingleton(provider => new PreparingSource(
            settings.Database.ConnectionString.Reveal(),
            provider.GetRequiredService<NodeId>().Value,
            provider.GetRequiredService<ILogger<PreparingSource>>()
        ));
        services.AddSingleton<PoolConnections>();
        services.AddSingleton<SyncDatabase>();
        services.AddSingleton<DatabaseGate>();
        services.AddSingleton<LogIndex>();
        services.AddSingleton<WakeUpTrigger>();
        services.AddSingleton<IReadinessCheck, ServiceReadiness>();
    }

    /// <summary>The same for the service and for the command that looks at what it needs.</summary>
    /// <param name="first">The first service key as it is now.</param>
    public static LlmClient CreateLlm(LlmSettings settings, Func<Secret> first, TimeProvider time) =>
        new(
            settings.Url,
            () => (settings.OwnKey ?? first()).Reveal(),
            new LlmLimits
            {
                Connect = settings.ConnectTimeout,
                FirstByte = settings.FirstByteTimeout,
                Silence = settings.SilenceTimeout,
                Total = settings.TotalTimeout,
                ReplyBytesMax = settings.ReplyBytesMax,
            },
            time
        );

    private static PlannerPool CreatePool(IServiceProvider provider) =>
        new(
            provider.GetRequiredService<RunLedger>(),
            provider.GetRequiredService<RunOptions>(),
            provider.GetRequiredService<PlannerOptions>(),
            provider.GetRequiredService<Preparer>(),
            signals => ActivatorUtilities.CreateInstance<PlannerActor>(provider, signals),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<Metrics>(),
            provider.GetRequiredService<ILogger<PlannerPool>>()
        );

    private static TickCoordinator CreateCoordinator(IServiceProvider provider)
    {
        var time = provider.GetRequiredService<TimeProvider>();
        var watch = new SettlementWatch(
            provider.GetRequiredService<SyncDatabase>(),
            provider.GetRequiredService<NodeId>(),
            provider.GetRequiredService<PlannerPool>().Settled,
            time
        );
        var isDryRun = provider.GetRequiredService<PlannerOptions>().IsDryRun;
        return new TickCoordinator(
            provider.GetRequiredService<TickRunner>().RunAsync,
            (outcome, cancellationToken) =>
                isDryRun ? Task.FromResult(outcome.ToReport()) : watch.WaitAsync(outcome, cancellationToken),
            provider.GetRequiredService<TickOptions>(),
            time,
            provider.GetRequiredService<ILogger<TickCoordinator>>()
        );
    }
}
