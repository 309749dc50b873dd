using ManaAi.Actors.ChangeLog;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.ChangeLog;

/// <summary>A fold transaction is bounded, in rows and in bytes; what was cut off follows at once.</summary>
public sealed class ChangeFeedBatchTests : IAsyncLifetime
{
    private FeedBench _bench = null!;

    public static TheoryData<string, FeedOptions> Limits { get; } =
        new()
        {
            {
                "one row",
                new FeedOptions { RowsMax = 1 }
            },
            {
                "three rows",
                new FeedOptions { RowsMax = 3 }
            },
            {
                "exactly all rows",
                new FeedOptions { RowsMax = 10 }
            },
            {
                "one byte",
                new FeedOptions { BytesMax = 1 }
            },
            {
                "some rows of bytes",
                new FeedOptions { BytesMax = 1000 }
            },
            {
                "both",
                new FeedOptions { RowsMax = 4, BytesMax = 500 }
            },
        };

    public async Task InitializeAsync()
    {
        _bench = await FeedBench.CreateAsync();
        await _bench.FoldAsync();
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Theory]
    [MemberData(nameof(Limits))]
    public async Task However_batches_are_cut_off_each_row_is_folded_once(string name, FeedOptions options)
    {
        await WriteTenRowsAsync();
        _bench.Use(options);

        var report = await _bench.FoldAsync();

        report.ShouldSatisfyAllConditions(
            name,
            () => report.Rows.ShouldBe(10),
            () => report.Refolds.ShouldBe(0),
            () => report.IsCut.ShouldBeFalse()
        );
        await _bench.ShouldBeFoldFromNothingAsync(name);
    }

    [Theory]
    [MemberData(nameof(Limits))]
    public async Task A_sweep_whose_batches_are_cut_off_finds_late_rows_and_repeats_none(
        string name,
        FeedOptions options
    )
    {
        await using var late = await _bench.BeginAsync();
        await late.InsertAsync(
            DeviceChanges.HardDelete with
            {
                CreatedAt = TimeProvider.System.GetUtcNow().AddHours(-1),
            }
        );
        await WriteTenRowsAsync();
        await _bench.FoldAsync();
        await late.CommitAsync();
        _bench.Use(options);

        var sweep = await _bench.SweepAsync();

        sweep.ShouldSatisfyAllConditions(
            name,
            () => sweep.Rows.ShouldBe(1),
            () => sweep.LateRows.ShouldBe(1),
            () => sweep.Refolds.ShouldBe(1)
        );
        await _bench.ShouldBeFoldFromNothingAsync(name);
        (await _bench.FoldAsync()).Rows.ShouldBe(0);
    }

    [Fact]
    public async Task A_row_committed_between_two_batches_of_one_read_is_folded_in_its_place()
    {
        await using var late = await _bench.BeginAsync();
        await late.InsertAsync(DeviceChanges.HardDelete);
        await WriteTenRowsAsync();
        await _bench.FoldAsync();
        await WriteTenRowsAsync();
        _bench.Use(new FeedOptions { RowsMax = 5 });
        // The first batch has read its rows and waits here.
        await using var blocker = await _bench.Sync.BeginAsync(CancellationToken.None);
        await using var block = blocker.Command("SELECT FROM mana_ai.missions FOR UPDATE");
        await block.ExecuteNonQueryAsync();

        var reading = _bench.FoldAsync();
        await _bench.Rows.WaitForLockAsync();
        await late.CommitAsync();
        await blocker.CommitAsync(CancellationToken.None);

        (await reading).Refolds.ShouldBe(1, "the late row is before those of the first batch");
        (await _bench.FoldAsync()).Rows.ShouldBe(0);
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Theory]
    [MemberData(nameof(Limits))]
    public async Task After_several_batches_the_next_read_need_not_look_at_their_rows_again(
        string name,
        FeedOptions options
    )
    {
        await WriteTenRowsAsync();
        var written = await SnapshotAsync("pg_snapshot_xmax(pg_current_snapshot())");
        _bench.Use(options);

        await _bench.FoldAsync();

        (
            await SnapshotAsync("(SELECT pg_snapshot_xmax(snapshot) FROM mana_ai.cursor)")
        ).ShouldBeGreaterThanOrEqualTo(written, name);

        Task<long> SnapshotAsync(string id) => _bench.Rows.ReadAsync<long>($"SELECT {id}::text::bigint");
    }

    [Fact]
    public async Task A_cut_batch_that_fails_afterwards_keeps_what_was_committed_and_the_next_read_goes_on()
    {
        await WriteTenRowsAsync();
        await _bench.Rows.ExecuteAsync(
            """
            CREATE FUNCTION made_to_fail() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF (SELECT count(*) FROM mana_ai.folded_changes) >= 6 THEN RAISE EXCEPTION 'made to fail'; END IF;
              RETURN NULL;
            END $$;
            CREATE TRIGGER fail AFTER INSERT ON mana_ai.folded_changes EXECUTE FUNCTION made_to_fail();
            """
        );
        _bench.Use(new FeedOptions { RowsMax = 3 });
        await Should.ThrowAsync<Npgsql.PostgresException>(() => _bench.FoldAsync());
        (await _bench.FieldAsync("title")).ShouldBe("title 2");
        await _bench.Rows.ExecuteAsync("DROP TRIGGER fail ON mana_ai.folded_changes");

        (await _bench.FoldAsync()).Rows.ShouldBe(7);
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    /// <summary>Rows as a device writes them, by what becomes of them where they are stored.</summary>
    public static TheoryData<string, int> Characters { get; } =
        new() { { "compressed to nearly nothing", 1 }, { "hardly compressed", 64 } };

    [Theory]
    [MemberData(nameof(Characters))]
    public async Task Rows_and_the_records_that_they_change_are_written_in_transactions_of_bounded_bytes(
        string name,
        int characters
    )
    {
        const int Records = 30;
        const int TextBytes = 100_000;
        // Three of them, and all else that they hold.
        const int BytesMax = (3 * TextBytes) + 50_000;
        _bench.Use(new FeedOptions { BytesMax = BytesMax });
        await _bench.Rows.ExecuteAsync(
            """
            CREATE TABLE written (transaction xid8 NOT NULL, bytes bigint NOT NULL);
            CREATE FUNCTION note_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
            BEGIN
              INSERT INTO public.written SELECT pg_current_xact_id(), octet_length(new.record::text);
              RETURN NULL;
            END $$;
            CREATE TRIGGER note AFTER INSERT OR UPDATE ON mana_ai.missions FOR EACH ROW EXECUTE FUNCTION note_written();
            CREATE TRIGGER note AFTER INSERT OR UPDATE ON mana_ai.agents FOR EACH ROW EXECUTE FUNCTION note_written();
            """
        );
        var random = new Random(1);
        for (var record = 0; record < Records; record++)
        {
            var text = new string([
                .. Enumerable.Range(0, TextBytes).Select(_ => (char)('0' + random.Next(characters))),
            ]).Replace('\\', ' ');
            await _bench.InsertAsync(OfRecord(record, "insert", $$"""{"objective":"{{text}}"}"""));
        }

        (await _bench.FoldAsync()).Records.ShouldBe(Records, name);
        (await MostWrittenAsync()).ShouldBeInRange(TextBytes, BytesMax, "of new rows");
        await _bench.Rows.ExecuteAsync("DELETE FROM written");
        for (var row = 0; row < 2 * Records; row++)
        {
            await _bench.InsertAsync(OfRecord(row % Records, "update", $$"""{"title":"{{row}}"}"""));
        }

        var report = await _bench.FoldAsync();

        (report.Rows, report.Records, report.Refolds, report.IsCut).ShouldBe(
            (2 * Records, Records, 0, false)
        );
        (await MostWrittenAsync()).ShouldBeInRange(TextBytes, BytesMax, "of stored records");
        (await _bench.FoldAsync()).Rows.ShouldBe(0);
        await _bench.ShouldBeFoldFromNothingAsync(name);

        Task<long> MostWrittenAsync() =>
            _bench.Rows.ReadAsync<long>(
                "SELECT max(bytes)::bigint FROM (SELECT sum(bytes) AS bytes FROM written GROUP BY transaction) AS one"
            );
    }

    /// <summary>Every third is an agent.</summary>
    private static DeviceChange OfRecord(int record, string op, string data) =>
        new($"record-{record}", data) { Op = op, TableName = record % 3 == 0 ? "agents" : "aiMissions" };

    private async Task WriteTenRowsAsync()
    {
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        for (var row = 1; row < 10; row++)
        {
            await _bench.InsertAsync(DeviceChanges.Title($"title {row}", "2026-01-02T00:00:00.000Z"));
        }
    }
}
