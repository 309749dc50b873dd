using System.Net;
using System.Net.Sockets;
using ManaAi.Actors.Database;
using ManaAi.Actors.Planning;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Planning;

/// <summary>What a pool claims from a real database by itself, while no time passes.</summary>
public sealed class PoolClaimTests : IAsyncLifetime
{
    // For a failing test alone: what is waited for comes by itself.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpListener _llm = new(IPAddress.Loopback, 0);
    private TestDatabase _database = null!;
    private PoolBench _bench = null!;
    private LogAccess _access = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.RentAsync();
        _llm.Start();
        (_bench, _access) = await PoolBench.OnAsync(_database, new Uri($"http://{_llm.LocalEndpoint}"));
        await _database.ExecuteAsync(OneDueMission);
        _bench.Pool.Start();
    }

    public async Task DisposeAsync()
    {
        await _bench.Pool.StopAsync(TimeSpan.Zero, new CancellationToken(canceled: true));
        await _bench.DisposeAsync();
        _llm.Dispose();
        await _database.DisposeAsync();
    }

    /// <summary>
    /// A node that could not renew (the database was away for longer than a lease) may claim its own run again while the
    /// old call still hangs.
    /// </summary>
    [Fact]
    public async Task A_node_claims_its_own_lapsed_run_anew_and_ends_the_old_call()
    {
        using var first = await NextCallAsync();
        await _database.ExecuteAsync(
            """
            update mana_ai.runs set lease_until = now() - interval '1 second';
            update mana_ai.users set ready_at = now();
            """
        );
        using var second = await NextCallAsync();

        await Should.NotThrowAsync(ReadToEndAsync(first).WaitAsync(Patience));
        (await _database.ReadAsync<long>("select epoch from mana_ai.runs")).ShouldBe(2);
    }

    [Fact]
    public async Task What_is_due_is_not_kept_waiting_by_users_whose_turn_it_is_and_who_have_nothing()
    {
        await _database.ExecuteAsync(
            """
            insert into mana_ai.users
            select 'idle ' || n, now() - interval '1 hour', now() - interval '1 minute' from generate_series(1, 40) n
            """
        );

        using var call = await NextCallAsync();

        (await _database.ReadAsync<long>("select epoch from mana_ai.runs")).ShouldBe(1);
    }

    [Fact]
    public async Task A_pool_that_nobody_woke_stays_asleep_when_it_is_told_to_look_again()
    {
        _bench.Pool.Nudge();
        await _bench.Pool.StopAsync(Patience, CancellationToken.None);

        (await _database.ReadAsync<long>("select epoch from mana_ai.runs")).ShouldBe(0);
    }

    private const string OneDueMission = """
        insert into mana_ai.users values ('u', now(), now());
        insert into mana_ai.missions (user_id, mission_id, record, field_times, state, next_run_at, deleted,
                                      position_at, position_id)
        values ('u', 'm', '{"objective": "Rest more", "cadence": {"kind": "manual"}}', '{}', 'active', now(), false,
                now(), gen_random_uuid());
        insert into mana_ai.runs (user_id, mission_id, due_at) select user_id, mission_id, next_run_at
          from mana_ai.missions;
        """;

    /// <summary>The call that comes of waking the pool once.</summary>
    private async Task<TcpClient> NextCallAsync()
    {
        await _bench.Pool.WakeAsync(_access, CancellationToken.None);
        var call = await _llm.AcceptTcpClientAsync().WaitAsync(Patience);
        // Until the request is on its way: where it is ended before, its connection is left for the next one.
        await call.GetStream().ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(Patience);
        return call;
    }

    /// <summary>Until the caller hangs up.</summary>
    private static async Task ReadToEndAsync(TcpClient call)
    {
        var buffer = new byte[4096];
        try
        {
            while (await call.GetStream().ReadAsync(buffer) > 0)
            {
                // The request itself.
            }
        }
        catch (IOException)
        {
            // A reset is a way to hang up too.
        }
    }
}
