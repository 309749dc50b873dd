using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Verification;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Verification;

/// <summary>Several connections, one state of the database.</summary>
public sealed class VerifySnapshotTests
{
    [Fact]
    public async Task All_connections_see_what_the_first_one_saw_and_none_can_write()
    {
        await using var bench = await FeedBench.CreateAsync();
        await bench.InsertAsync(DeviceChanges.Insert("before"));
        await using var snapshot = await VerifySnapshot.TakeAsync(bench.Sync, CancellationToken.None);
        await bench.InsertAsync(DeviceChanges.Insert("after"));

        await using var second = await snapshot.BeginAsync(CancellationToken.None);
        await using var count = second.Command("select count(*) from public.sync_changes");
        (await count.ExecuteScalarAsync()).ShouldBe(1L);
        await using var write = second.Command("delete from mana_ai.missions");
        var refusal = await Should.ThrowAsync<PostgresException>(() => write.ExecuteNonQueryAsync());
        refusal.SqlState.ShouldBe(PostgresErrorCodes.ReadOnlySqlTransaction);
    }

    [Fact]
    public async Task A_stream_that_is_given_up_ends_at_once()
    {
        await using var bench = await FeedBench.CreateAsync();
        await using var snapshot = await VerifySnapshot.TakeAsync(bench.Sync, CancellationToken.None);
        // More than anybody would wait for; in the select list, where rows are made as they are asked for.
        var stream = await snapshot.StreamAsync(
            "select generate_series(1, 100000000000)::text",
            _ => { },
            reader => reader.GetString(0),
            id => new RecordKey("user-1", "ai", "aiMissions", id),
            CancellationToken.None
        );
        stream.Key?.RecordId.ShouldBe("1");

        await stream.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
    }
}
