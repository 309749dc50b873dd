using System.Net;
using System.Net.Sockets;
using ManaAi.Actors.Database;
using ManaAi.Actors.Planning;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Planning;

/// <summary>
/// A node that could not renew (the database was away for longer than a lease) may claim its own run again while the
/// old call still hangs.
/// </summary>
public sealed class LapsedClaimTests
{
    // For a failing test alone: what is waited for comes by itself.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_node_claims_its_own_lapsed_run_anew_and_ends_the_old_call()
    {
        await using var database = await TestDatabase.RentAsync();
        await using var source = NpgsqlDataSource.Create(database.ReaderConnectionString);
        using var gate = new DatabaseGate(
            new SyncDatabase(source),
            TimeProvider.System,
            new KeptLog<DatabaseGate>()
        );
        var access = (await gate.EnterAsync(CancellationToken.None)).Access.ShouldNotBeNull();
        await database.ExecuteAsync(OneDueMission);
        using var llm = new TcpListener(IPAddress.Loopback, 0);
        llm.Start();
        await using var bench = new PoolBench(source, new Uri($"http://{llm.LocalEndpoint}"));
        bench.Pool.Start();

        await bench.Pool.WakeAsync(access, CancellationToken.None);
        using var first = await llm.AcceptTcpClientAsync().WaitAsync(Patience);
        await database.ExecuteAsync(
            """
            update mana_ai.runs set lease_until = now() - interval '1 second';
            update mana_ai.users set ready_at = now();
            """
        );
        await bench.Pool.WakeAsync(access, CancellationToken.None);
        using var second = await llm.AcceptTcpClientAsync().WaitAsync(Patience);

        await Should.NotThrowAsync(ReadToEndAsync(first).WaitAsync(Patience));
        (await database.ReadAsync<long>("select epoch from mana_ai.runs")).ShouldBe(2);
        await bench.Pool.StopAsync(TimeSpan.Zero, new CancellationToken(canceled: true));
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
