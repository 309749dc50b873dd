namespace ManaAi.Tests.Planning;

/// <summary>Whatever a real server does is an outcome, in time, and costs one request.</summary>
public sealed class LlmBadBehaviourTests
{
    // A limit ends a call not later than a second after it.
    private const int LateMs = 1000;

    // Timers count in ticks of the kernel and may be some milliseconds early.
    private const int EarlyMs = 30;

    // For calls that end by themselves: far below every limit that they run under.
    private const int SoonMs = 4000;

    public static TheoryData<string> Names => [.. LlmBadBehaviours.All.Select(behaviour => behaviour.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_server_that(string name)
    {
        var behaviour = LlmBadBehaviours.All.Single(one => one.Name == name);
        await using var server = new LlmScriptedServer(behaviour.Script);
        using var client = LlmBench.Client(
            server.Address,
            behaviour.EndsAtMs > 0 ? LlmBench.Short : LlmBench.Patient
        );
        var startedAt = TimeProvider.System.GetTimestamp();

        var outcome = await client.CompleteAsync(LlmBench.Request, CancellationToken.None);

        var took = TimeProvider.System.GetElapsedTime(startedAt).TotalMilliseconds;
        LlmBench.Tell(outcome).ShouldStartWith(behaviour.Expected);
        LlmBench.Tell(outcome).ShouldNotContain(LlmBench.Key);
        took.ShouldBeInRange(
            behaviour.EndsAtMs - EarlyMs,
            behaviour.EndsAtMs > 0 ? behaviour.EndsAtMs + LateMs : SoonMs
        );
        server.Requests.ShouldBe(1);
    }
}
