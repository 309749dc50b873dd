using System.Globalization;
using System.Net;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>Nothing relies on a session: all of it works through pgbouncer in transaction mode.</summary>
public sealed class PoolerTests : WholeTests
{
    private const int Missions = 12;

    [Fact]
    public async Task Two_nodes_work_through_a_transaction_pooler()
    {
        await using var bouncer = await PgBouncer.StartAsync(Database);
        var url = new UriBuilder(Database.ReaderUrl) { Host = "127.0.0.1", Port = bouncer.Port }
            .Uri
            .AbsoluteUri;
        var nodes = new[] { await StartOnAsync(url), await StartOnAsync(url) };
        var missions = new List<DeviceMission>();
        for (var number = 0; number < Missions; number++)
        {
            var name = number.ToString(CultureInfo.InvariantCulture);
            missions.Add(await InsertDueAsync($"mission-{name}", $"user-{name}"));
        }

        await Task.WhenAll(nodes.Select(node => node.TickAsync()));
        await ShouldBePlannedAsync(Missions);

        var stamp = await Database.ReadAsync<DateTimeOffset>("select clock_timestamp()");
        foreach (var mission in missions)
        {
            var due = ManaAi.Actors.ChangeLog.IsoText.Milliseconds(stamp);
            var edit = mission.ToEdit(Database.Generation, "nextRunAt", $"\"{due}\"", due);
            await Database.InsertChangeAsync(edit);
        }

        await Task.WhenAll(nodes.Select(node => node.TickAsync()));
        await ShouldBePlannedAsync(2 * Missions);
        foreach (var node in nodes)
        {
            (await node.ReadinessAsync()).Status.ShouldBe(HttpStatusCode.OK);
            node.Log.All.Count(line => line.Text.Contains("A pooler stands before", StringComparison.Ordinal))
                .ShouldBe(1);
            await node.StopAsync();
        }
    }

    private async Task ShouldBePlannedAsync(int count)
    {
        var runs = await Eventually.SeesAsync(
            Database.RunsAsync,
            runs => runs.Count == count && runs.All(run => run.Verdict is not null)
        );
        runs.ShouldAllBe(run => run.Verdict == "planned" && run.Attempts == 1);
        Llm.Calls.Total.ShouldBe(count);
        (await Database.OwnChangesAsync()).Count.ShouldBe(count);
    }
}
