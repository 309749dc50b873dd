using System.Text;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Runs;

/// <summary>Calls and answers that come at once are noted in one transaction, each as if it had come alone.</summary>
public sealed class CallsAtOnceTests : BenchTests
{
    private const int Missions = 6;

    [Fact]
    public async Task Calls_are_counted_together_and_each_by_its_own_claim()
    {
        var (calls, claims) = await ClaimAsync();
        await Database.ExecuteAsync(
            $"update mana_ai.runs set epoch = epoch + 1 where run_id = {claims[2].RunId}"
        );
        await Database.ExecuteAsync($"update mana_ai.runs set calls = 6 where run_id = {claims[3].RunId}");

        var admissions = await BehindFirstAsync(
            claims,
            claim => calls.AdmitAsync(claim, PlanOf(claim), CancellationToken.None)
        );

        admissions
            .Select(admission => admission is Admission.Admitted)
            .ShouldBe([true, true, false, false, true, true]);
        foreach (var claim in claims.Where((_, place) => place is not (2 or 3)))
        {
            (await Database.RunAsync(claim.RunId)).Calls.ShouldBe(1);
            (
                await Database.ReadAsync<long>(
                    $"select reserved_tokens from mana_ai.runs where run_id = {claim.RunId}"
                )
            ).ShouldBe(100 + claim.RunId);
        }

        (await Database.RunAsync(claims[2].RunId)).Calls.ShouldBe(0);
        (await Database.RunAsync(claims[3].RunId)).Calls.ShouldBe(6);
        (await TransactionsAsync(claims.Where((_, place) => place is not (2 or 3)))).ShouldBe(2);
        (
            await Database.ReadAsync<long>(
                $"select count(*) from mana_ai.events where kind = 'asked' and run_id <> {claims[3].RunId}"
            )
        ).ShouldBe(4);
    }

    [Fact]
    public async Task Answers_are_kept_together_and_none_is_lost_for_another()
    {
        var (calls, claims) = await ClaimAndCallAsync();
        await KeepAsync(calls, claims[1]);
        await Database.ExecuteAsync(
            $"update mana_ai.runs set epoch = epoch + 1 where run_id = {claims[2].RunId}"
        );

        var kept = await BehindFirstAsync(claims, claim => KeepAsync(calls, claim));

        kept.ShouldBe([true, true, false, true, true, true], "what is said twice is kept once");
        foreach (var claim in claims.Where(claim => claim != claims[2]))
        {
            var run = await Database.RunAsync(claim.RunId);
            KeptAnswer
                .ReadAll(Encoding.UTF8.GetBytes(run.Answers.GetRawText()))
                .ShouldHaveSingleItem()
                .Content.ShouldBe(ContentOf(claim));
        }

        (await TransactionsAsync(claims.Where((_, place) => place is not (1 or 2)))).ShouldBe(2);
        (await Database.ReadAsync<long>("select count(*) from mana_ai.token_usage")).ShouldBe(5);
        (
            await Database.ReadAsync<bool>(
                """
                select bool_and(u.prompt_tokens = u.run_id and u.completion_tokens = 3 and not u.is_estimate
                                and r.prompt_tokens = u.run_id and r.completion_tokens = 3 and r.calls_ms = 5)
                  from mana_ai.token_usage u join mana_ai.runs r using (run_id)
                """
            )
        ).ShouldBeTrue();
    }

    [Fact]
    public async Task An_answer_that_the_database_refuses_is_told_to_its_own_planner_alone()
    {
        var (calls, claims) = await ClaimAndCallAsync();
        Task<bool>? first = null;
        Task<bool>? broken = null;
        Task<bool>? sound = null;
        await HoldAsync(
            claims[0],
            () =>
            {
                first = KeepAsync(calls, claims[0]);
                broken = calls.KeepAnswerAsync(
                    claims[1],
                    0,
                    "no JSON",
                    new LlmUsage(1, 1),
                    100,
                    TimeSpan.Zero,
                    CancellationToken.None
                );
                sound = KeepAsync(calls, claims[2]);
            }
        );

        (await first!).ShouldBeTrue();
        await Should.ThrowAsync<Npgsql.PostgresException>(broken!);
        (await sound!).ShouldBeTrue();
        (await Database.ReadAsync<long>("select count(*) from mana_ai.token_usage")).ShouldBe(2);
    }

    private static string ContentOf(Claim claim) => $"the answer of {claim.RunId}";

    private static CallPlan PlanOf(Claim claim) =>
        new(BenchNode.Model, "prompt", "tools", CallsMax: 6, Estimate: 100 + claim.RunId);

    private static Task<bool> KeepAsync(CallLedger calls, Claim claim) =>
        calls.KeepAnswerAsync(
            claim,
            0,
            new KeptAnswer(ContentOf(claim), "stop", null).ToJson(),
            new LlmUsage(claim.RunId, 3),
            estimate: 100,
            TimeSpan.FromMilliseconds(5),
            CancellationToken.None
        );

    private async Task<(CallLedger Calls, IReadOnlyList<Claim> Claims)> ClaimAsync()
    {
        var node = Bench.Node(options: new RunOptions { ConcurrentPerUserMax = Missions });
        await Bench.InsertManyDueAsync("user-1", Missions);
        await node.TickAsync();
        var claims = await node.ClaimAsync();
        claims.Count.ShouldBe(Missions);
        return (new CallLedger(Bench.Sync, node.Id, new BudgetOptions(), atOnce: 1), claims);
    }

    private async Task<(CallLedger Calls, IReadOnlyList<Claim> Claims)> ClaimAndCallAsync()
    {
        var (calls, claims) = await ClaimAsync();
        foreach (var claim in claims)
        {
            await calls.AdmitAsync(claim, PlanOf(claim), CancellationToken.None);
        }

        return (calls, claims);
    }

    /// <summary>All of them, while the first stands before its row.</summary>
    private async Task<IReadOnlyList<T>> BehindFirstAsync<T>(
        IReadOnlyList<Claim> claims,
        Func<Claim, Task<T>> askAsync
    )
    {
        var all = Task.FromResult<T[]>([]);
        await HoldAsync(claims[0], () => all = Task.WhenAll(claims.Select(askAsync)));
        return await all;
    }

    /// <summary>Begins something while a run is locked, and lets it end.</summary>
    private async Task HoldAsync(Claim claim, Action begin)
    {
        await using var blocker = await Bench.Sync.BeginAsync(CancellationToken.None);
        await using var block = blocker.Command(
            $"select from mana_ai.runs where run_id = {claim.RunId} for update"
        );
        await block.ExecuteNonQueryAsync();
        begin();
        await Database.WaitForLockAsync();
        await blocker.CommitAsync(CancellationToken.None);
    }

    private Task<long> TransactionsAsync(IEnumerable<Claim> claims) =>
        Database.ReadAsync<long>(
            $"""
            select count(distinct xmin::text) from mana_ai.runs
             where run_id in ({string.Join(", ", claims.Select(claim => claim.RunId))})
            """
        );
}
