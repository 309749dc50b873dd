using ManaAi.Tests.Support;

namespace ManaAi.Tests.Cluster;

/// <summary>Who is shown as alive, and who as gone.</summary>
public sealed class NodeRegistryTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private RegistryBench _one = null!;
    private RegistryBench _two = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.RentAsync();
        _one = new RegistryBench(_database.ReaderConnectionString, "node-1");
        _two = new RegistryBench(_database.ReaderConnectionString, "node-2");
    }

    public async Task DisposeAsync()
    {
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_node_shows_itself_as_soon_as_it_is_started_and_again_at_every_beat()
    {
        _one.Registry.Start();
        await Eventually.SeesAsync(CountAsync, nodes => nodes == 1);
        await AgeAsync("node-1", "5 seconds");

        _one.Time.Advance(TimeSpan.FromSeconds(10));

        await Eventually.SeesAsync(
            () =>
                _database.ReadAsync<bool>(
                    "select bool_and(heartbeat_at > now() - interval '4 seconds') from mana_ai.nodes"
                ),
            isFresh => isFresh
        );
        var node = (await _one.Nodes.ReadAsync(CancellationToken.None)).ShouldHaveSingleItem();
        (node.Id, node.Version, node.Address, node.Plans).ShouldBe(
            ("node-1", "1.2.3", "node-1.example:3066", 0)
        );
        node.StartedAt.ShouldBeLessThan(node.HeartbeatAt);
    }

    [Fact]
    public async Task A_node_that_stops_is_gone_at_once()
    {
        await _one.BeatAsync();
        await _two.BeatAsync();

        await _one.Registry.StopAsync(CancellationToken.None);

        (await _two.ListAsync()).ShouldBe("node-2 alive, node-1 gone");
        (await GoneInTableAsync()).ShouldBe("node-1");
    }

    [Fact]
    public async Task A_node_that_was_killed_is_gone_by_the_beat_of_another_and_for_whoever_looks_before()
    {
        await _one.BeatAsync();
        await _two.BeatAsync();
        await AgeAsync("node-1", "31 seconds");

        (await _two.ListAsync()).ShouldBe("node-2 alive, node-1 gone", "nobody has noted it yet");
        (await GoneInTableAsync()).ShouldBeNull();
        await _two.BeatAsync();

        (await GoneInTableAsync()).ShouldBe("node-1");
        _two.Log.Of(121).ShouldHaveSingleItem().ShouldContain("node-1");
        await _two.BeatAsync();
        _two.Log.Of(121).Count.ShouldBe(1, "it is noted once");
    }

    [Fact]
    public async Task A_node_that_only_missed_two_beats_is_alive_and_a_paused_one_that_comes_back_is_again()
    {
        await _one.BeatAsync();
        await _two.BeatAsync();
        await AgeAsync("node-1", "25 seconds");
        await _two.BeatAsync();
        (await _two.ListAsync()).ShouldBe("node-1 alive, node-2 alive");

        await AgeAsync("node-1", "31 seconds");
        await _two.BeatAsync();
        await _one.BeatAsync();

        (await _two.ListAsync()).ShouldBe("node-1 alive, node-2 alive");
        (await GoneInTableAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task A_node_gone_for_a_week_is_forgotten()
    {
        await _one.BeatAsync();
        await _one.Registry.StopAsync(CancellationToken.None);
        await _database.ExecuteAsync("update mana_ai.nodes set gone_at = now() - interval '6 days'");
        await _two.BeatAsync();
        (await CountAsync()).ShouldBe(2);

        await _database.ExecuteAsync(
            "update mana_ai.nodes set gone_at = now() - interval '8 days' where gone_at is not null"
        );
        await _two.BeatAsync();

        (await _two.ListAsync()).ShouldBe("node-2 alive");
    }

    [Fact]
    public async Task Plans_under_way_are_counted_for_the_node_that_has_them()
    {
        await using var bench = await LedgerBench.OnAsync(_database);
        await bench.InsertDueAsync("mission-1");
        await bench.InsertDueAsync("mission-2");
        var node = bench.Node("node-1");
        await node.TickAsync();
        (await node.ClaimAsync()).Count.ShouldBe(2);

        await _one.BeatAsync();
        await _two.BeatAsync();

        (await _database.ReadAsync<int>("select plans from mana_ai.nodes where node_id = 'node-1'")).ShouldBe(
            2
        );
        (await _one.Nodes.ReadAsync(CancellationToken.None))
            .Select(one => (one.Id, one.Plans))
            .ShouldBe([("node-1", 2), ("node-2", 0)]);
        await bench.AgeLeasesAsync();
        await _one.BeatAsync();
        (await _database.ReadAsync<int>("select plans from mana_ai.nodes where node_id = 'node-1'")).ShouldBe(
            0
        );
    }

    [Fact]
    public async Task A_heartbeat_that_fails_is_said_once_and_the_next_one_works()
    {
        await _one.BeatAsync();
        await _database.ExecuteAsync("alter table mana_ai.nodes rename to away");

        await _one.BeatAsync();
        await _one.BeatAsync();

        _one.Log.Of(120).ShouldHaveSingleItem().ShouldContain("42P01");
        await _database.ExecuteAsync("alter table mana_ai.away rename to nodes");
        await _one.BeatAsync();
        (await _one.ListAsync()).ShouldBe("node-1 alive");
    }

    [Fact]
    public async Task Nodes_that_come_back_at_once_do_not_wait_for_each_other()
    {
        await _one.BeatAsync();
        await _two.BeatAsync();
        for (var round = 0; round < 20; round++)
        {
            await AgeAsync("node-1", "31 seconds");
            await AgeAsync("node-2", "31 seconds");

            await Task.WhenAll(_one.BeatAsync(), _two.BeatAsync());
        }

        _one.Log.Of(120).ShouldBeEmpty();
        _two.Log.Of(120).ShouldBeEmpty();
    }

    /// <summary>None before the first node has migrated.</summary>
    private async Task<long> CountAsync() =>
        await _database.ReadAsync<bool>("select to_regclass('mana_ai.nodes') is not null")
            ? await _database.ReadAsync<long>("select count(*) from mana_ai.nodes")
            : 0;

    private Task<string?> GoneInTableAsync() =>
        _database.ReadAsync<string>("select node_id from mana_ai.nodes where gone_at is not null");

    private Task AgeAsync(string node, string age) =>
        _database.ExecuteAsync(
            $"update mana_ai.nodes set heartbeat_at = clock_timestamp() - interval '{age}' where node_id = '{node}'"
        );
}
