using System.Net;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Whole;

/// <summary>A node whose database goes away and comes back.</summary>
public sealed class DatabaseAwayTests : WholeTests
{
    [Fact]
    public async Task Without_a_database_a_node_says_so_and_goes_on_by_itself_when_it_is_back()
    {
        await using var proxy = NewProxy();
        var node = await StartOnAsync(ThroughProxy(proxy));
        await InsertDueAsync("mission-1");
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
        (await node.ReadinessAsync()).Status.ShouldBe(HttpStatusCode.OK);

        proxy.TakeAway();
        var answer = await node.TickAsync();
        answer.Numbers.ShouldBe((0, 0, 0, 0));
        answer.Errors.ShouldHaveSingleItem().ShouldContain("cannot be reached");
        var (status, body) = await node.ReadinessAsync();
        status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        body.GetProperty("reasons").GetArrayLength().ShouldBeGreaterThan(0);
        await InsertDueAsync("mission-2");

        proxy.GiveBack();
        await Eventually.SeesAsync(node.ReadinessAsync, seen => seen.Status == HttpStatusCode.OK);
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
        (await Database.OwnChangesAsync()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_node_that_starts_before_its_database_is_there_works_when_it_comes()
    {
        await using var proxy = NewProxy();
        proxy.TakeAway();
        var node = await StartOnAsync(ThroughProxy(proxy));
        await InsertDueAsync();
        (await node.TickAsync()).Errors.Count.ShouldBe(1);
        (await node.ReadinessAsync()).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);

        proxy.GiveBack();

        await Eventually.SeesAsync(node.ReadinessAsync, seen => seen.Status == HttpStatusCode.OK);
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
    }

    [Fact]
    public async Task Connections_cut_during_a_call_cost_neither_the_mission_nor_a_second_row()
    {
        await using var proxy = NewProxy();
        var node = await StartOnAsync(ThroughProxy(proxy), ("RUN_LEASE_MS", "2000"));
        await InsertDueAsync();
        Llm.Behave(new Host.Commands.LlmStub.StubBehaviour { DelayMs = 200 });
        var tick = node.SendTickAsync();
        await Llm.Calls.WhenAsync(1, CancellationToken.None);

        proxy.Cut();

        (await tick).Dispose();
        var run = await Eventually.SeesAsync(SingleRunAsync, run => run.Verdict is not null);
        run.Verdict.ShouldBe("planned");
        (await IterationAsync()).ShouldBe(("awaiting-review", null));
    }

    private TcpProxy NewProxy()
    {
        var server = new NpgsqlConnectionStringBuilder(Database.SuperuserConnectionString);
        return new TcpProxy(new IPEndPoint(IPAddress.Parse(server.Host!), server.Port));
    }

    private string ThroughProxy(TcpProxy proxy) =>
        new UriBuilder(Database.ReaderUrl) { Host = "127.0.0.1", Port = proxy.Port }
            .Uri
            .AbsoluteUri;
}
