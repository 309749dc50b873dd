namespace ManaAi.Tests.Planning;

/// <summary>Whatever a real server does is an outcome, in time, and costs one request.</summary>
public sealed class LlmBadBehaviourTests
{
    // A limit ends a call not later than a second after it. Timers may be some milliseconds early.
    private static readonly TimeSpan _early = LlmBench.ShortLimit - TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan _late = LlmBench.ShortLimit + TimeSpan.FromSeconds(1);

    // For calls that end by themselves: far below every limit that they run under.
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(5);

    public static TheoryData<string> Names => [.. LlmBadBehaviours.All.Select(behaviour => behaviour.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_server_that(string name)
    {
        var behaviour = LlmBadBehaviours.All.Single(one => one.Name == name);
        await using var server = new LlmScriptedServer(behaviour.Script);
        using var client = LlmBench.Client(server.Address, behaviour.Limits);
        var startedAt = TimeProvider.System.GetTimestamp();

        var outcome = await client.CompleteAsync(LlmBench.Request, CancellationToken.None);

        var took = TimeProvider.System.GetElapsedTime(startedAt);
        LlmBench.Tell(outcome).ShouldStartWith(behaviour.Expected);
        LlmBench.Tell(outcome).ShouldNotContain(LlmBench.Key);
        took.ShouldBeInRange(
            behaviour.Limits is null ? TimeSpan.Zero : _early,
            behaviour.Limits is null ? _soon : _late
        );
        server.Requests.ShouldBe(1);
    }
}
