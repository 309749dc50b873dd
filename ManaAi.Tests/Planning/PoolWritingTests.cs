using ManaAi.Actors.Database;
using ManaAi.Actors.Planning;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Planning;

/// <summary>What a pool in which one planner may ask does while what was answered is still to be written.</summary>
public sealed class PoolWritingTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private LlmStubServer _llm = null!;
    private PoolBench _bench = null!;
    private LogAccess _access = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.RentAsync();
        _llm = await LlmStubServer.StartAsync();
        (_bench, _access) = await PoolBench.OnAsync(_database, _llm.Address, asking: 1);
        await _database.ExecuteAsync(TwoDueMissions);
        _bench.Pool.Start();
    }

    public async Task DisposeAsync()
    {
        await _bench.Pool.StopAsync(TimeSpan.Zero, new CancellationToken(canceled: true));
        await _bench.DisposeAsync();
        await _llm.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Another_asks_while_an_answer_waits_to_be_written_and_the_lease_of_both_is_kept()
    {
        await using var source = NpgsqlDataSource.Create(_database.SuperuserConnectionString);
        await using var holder = await source.OpenConnectionAsync();
        await using var held = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("select from mana_ai.missions for update", holder, held))
        {
            await hold.ExecuteNonQueryAsync();
        }

        await _bench.Pool.WakeAsync(_access, CancellationToken.None);

        await Eventually.SeesAsync(
            () =>
                _database.ReadAsync<long>(
                    "select count(*) from mana_ai.runs where jsonb_array_length(answers) = 2"
                ),
            answered => answered == 2
        );
        _llm.Calls.Recent.Count.ShouldBe(4, "with tools a plan takes two");
        (await _database.ReadAsync<long>("select count(*) from mana_ai.runs where verdict is null")).ShouldBe(
            2
        );

        await _database.ExecuteAsync("update mana_ai.runs set lease_until = now() + interval '1 second'");
        _bench.Time.Advance(TimeSpan.FromSeconds(10));
        await Eventually.SeesAsync(
            () =>
                _database.ReadAsync<long>(
                    "select count(*) from mana_ai.runs where lease_until > now() + interval '20 seconds'"
                ),
            renewed => renewed == 2
        );

        var settled = _bench.Pool.Settled.Count;
        await held.RollbackAsync();
        await Eventually.SeesAsync(
            () => Task.FromResult(_bench.Pool.Settled.Count),
            count => count == settled + 2
        );
        (await _database.ReadAsync<long>("select count(*) from mana_ai.runs where verdict is null")).ShouldBe(
            0
        );
    }

    private const string TwoDueMissions = """
        insert into mana_ai.users values ('u', now(), now()), ('v', now(), now());
        insert into mana_ai.missions (user_id, mission_id, record, field_times, state, next_run_at, deleted,
                                      position_at, position_id)
        select user_id, 'm', '{"objective": "Rest more", "cadence": {"kind": "manual"}}', '{}', 'active', now(), false,
               now(), gen_random_uuid()
          from mana_ai.users;
        insert into mana_ai.runs (user_id, mission_id, due_at) select user_id, mission_id, next_run_at
          from mana_ai.missions;
        """;
}
