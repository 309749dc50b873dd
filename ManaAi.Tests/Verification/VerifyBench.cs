using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Runs;
using ManaAi.Actors.Verification;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Verification;

/// <summary>A database with a mission that was planned once, and what a test damages in it.</summary>
internal sealed class VerifyBench : IAsyncDisposable
{
    private VerifyBench(LedgerBench ledger) => (Ledger, Node) = (ledger, ledger.Node());

    public LedgerBench Ledger { get; }

    public BenchNode Node { get; }

    public TestDatabase Database => Ledger.Database;

    public DeviceMission Mission { get; private set; } = null!;

    /// <summary>The claim under which the mission's first plan was written.</summary>
    public Claim Claim { get; private set; } = null!;

    public static async Task<VerifyBench> CreateAsync(
        Support.LogGeneration generation = Support.LogGeneration.Two
    )
    {
        var bench = new VerifyBench(await LedgerBench.CreateAsync(generation));
        bench.Mission = await bench.Ledger.InsertDueAsync();
        bench.Claim = await bench.PlanAsync();
        return bench;
    }

    /// <summary>The one mission that is due is planned and written back.</summary>
    public async Task<Claim> PlanAsync(Verdict? verdict = null)
    {
        var claim = await Node.TickAndClaimAsync();
        (await Node.WriteAsync(claim, verdict)).ShouldBe(WriteBackResult.Written);
        return claim;
    }

    /// <summary>A device makes the mission due a minute ago.</summary>
    public async Task MakeDueAsync()
    {
        var at = IsoText.Milliseconds(await Ledger.NowAsync() - TimeSpan.FromSeconds(30));
        await Ledger.EditAsync(Mission, "nextRunAt", $"\"{at}\"");
    }

    public Task<VerifyReport> VerifyAsync(VerifyOptions? options = null) =>
        Verifier.RunAsync(
            Ledger.Sync,
            Ledger.Access.Shape,
            options ?? new VerifyOptions { SettleFor = TimeSpan.Zero },
            CancellationToken.None
        );

    /// <summary>What is found, as `invariant kind severity`, in the order of words.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(VerifyOptions? options = null) =>
        [
            .. (await VerifyAsync(options))
                .Findings.Select(finding =>
                    $"{finding.Invariant} {finding.Kind} {finding.Severity.ToString().ToLowerInvariant()}"
                )
                .Order(StringComparer.Ordinal),
        ];

    public async Task RefoldAsync()
    {
        var report = await VerifyAsync();
        (
            await RecordRefold.RunAsync(
                Ledger.Sync,
                Ledger.Access.Shape,
                report.ToFoldAgain,
                CancellationToken.None
            )
        ).ShouldBe(report.ToFoldAgain.Count);
    }

    /// <summary>As whoever may do everything, policies and checks apart.</summary>
    public Task DamageAsync(string sql) => Database.ExecuteAsync(sql);

    public ValueTask DisposeAsync() => Ledger.DisposeAsync();
}
