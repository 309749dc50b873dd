using ManaAi.Actors.Database;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Database;

/// <summary>The index on the change log: told where it is missing, made where that is wanted and allowed.</summary>
public sealed class LogIndexTests : IAsyncLifetime
{
    private readonly List<IndexBench> _benches = [];
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async Task DisposeAsync()
    {
        foreach (var bench in _benches)
        {
            await bench.DisposeAsync();
        }

        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Where_it_is_there_nothing_is_said()
    {
        var bench = AsReader();

        await bench.Index.EnsureAsync(CancellationToken.None);

        bench.Log.Entries.ShouldBeEmpty();
        (await bench.Index.ReadDegradationAsync(CancellationToken.None)).ShouldBeNull();
    }

    [Theory]
    [InlineData("on public.sync_changes (created_at)", true)]
    [InlineData("on public.sync_changes (created_at, id)", true)]
    [InlineData("on public.sync_changes (user_id, created_at)", false)]
    [InlineData("on public.sync_changes (created_at) where app_id = 'ai' and table_name = 'agents'", false)]
    public async Task Any_index_does_that_begins_with_created_at_and_leaves_out_no_row_of_ours(
        string definition,
        bool isEnough
    )
    {
        await DropAsync();
        await _database.ExecuteAsync($"create index another {definition}");

        var sentence = await AsReader().Index.ReadDegradationAsync(CancellationToken.None);

        (sentence is null).ShouldBe(isEnough);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_login_that_may_not_make_it_says_once_what_to_run(bool isManaged)
    {
        await DropAsync();
        var bench = AsReader(new LogObjectsOptions { IsIndexManaged = isManaged });

        await bench.Index.EnsureAsync(CancellationToken.None);
        await bench.Index.EnsureAsync(CancellationToken.None);

        var line = bench.Log.Entries.ShouldHaveSingleItem().Line;
        line.ShouldContain("roles.sql with -v log_index=1");
        line.ShouldContain("CREATE INDEX CONCURRENTLY IF NOT EXISTS mana_ai_log_created_at");
        (await bench.Index.ReadDegradationAsync(CancellationToken.None)).ShouldBe(line);
        (await IndexesAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Nobody_makes_it_unasked() // Not even one who could.
    {
        await DropAsync();
        var bench = AsOwner(new LogObjectsOptions());

        await bench.Index.EnsureAsync(CancellationToken.None);

        bench.Log.Of(114).Count.ShouldBe(1);
        (await IndexesAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Asked_to_the_owner_makes_the_same_one_as_roles_before_it_returns()
    {
        const string definition = "select pg_get_indexdef('public.mana_ai_log_created_at'::regclass)";
        var wanted = await _database.ReadAsync<string>(definition);
        await DropAsync();
        var bench = AsOwner();

        await bench.Index.EnsureAsync(CancellationToken.None);

        (await _database.ReadAsync<string>(definition)).ShouldBe(wanted);
        (await IndexesAsync()).ShouldBe(1);
        bench.Log.Of(115).Count.ShouldBe(1);
        (await AsReader().Index.ReadDegradationAsync(CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task One_that_a_failed_build_left_invalid_is_built_again()
    {
        await _database.ExecuteAsync(
            "update pg_index set indisvalid = false where indexrelid = 'public.mana_ai_log_created_at'::regclass"
        );
        var bench = AsOwner();

        await bench.Index.EnsureAsync(CancellationToken.None);

        bench.Log.Of(117).Count.ShouldBe(1);
        (await IndexesAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task A_transaction_that_stays_open_holds_up_the_build_and_not_the_first_fold()
    {
        await DropAsync();
        var bench = AsOwner(
            new LogObjectsOptions { IsIndexManaged = true, IndexWait = TimeSpan.FromMilliseconds(1) }
        );
        await using (var open = await _database.BeginAsDeviceAsync("user-1"))
        {
            await open.InsertAsync(new DeviceChange("mission-1", "{}"));

            await bench.Index.EnsureAsync(CancellationToken.None);

            bench.Log.Of(116).Count.ShouldBe(1);
            bench.Log.Of(115).ShouldBeEmpty();
            // mana-sync goes on writing meanwhile.
            await _database.InsertChangeAsync(new DeviceChange("mission-2", "{}"));
        }

        await Eventually.SeesAsync(
            () => Task.FromResult(bench.Log.Entries),
            seen => seen.Any(entry => entry.Id == 115)
        );
        (await IndexesAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task A_node_that_stops_leaves_its_build_and_the_next_start_ends_it()
    {
        await DropAsync();
        await using var open = await _database.BeginAsDeviceAsync("user-1");
        await open.InsertAsync(new DeviceChange("mission-1", "{}"));
        var bench = AsOwner(
            new LogObjectsOptions { IsIndexManaged = true, IndexWait = TimeSpan.FromMilliseconds(1) }
        );
        await bench.Index.EnsureAsync(CancellationToken.None);
        await _database.WaitForLockAsync();
        await bench.Index.DisposeAsync();
        await open.CommitAsync();

        await AsOwner().Index.EnsureAsync(CancellationToken.None);

        (await IndexesAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task Nodes_that_start_at_once_do_not_disturb_each_other()
    {
        await DropAsync();
        await using var open = await _database.BeginAsDeviceAsync("user-1");
        await open.InsertAsync(new DeviceChange("mission-1", "{}"));
        var benches = Enumerable.Range(0, 3).Select(_ => AsOwner()).ToArray();
        var builds = benches.Select(bench => bench.Index.EnsureAsync(CancellationToken.None)).ToArray();
        await _database.WaitForLockAsync();

        await open.CommitAsync();
        await Task.WhenAll(builds);

        (await IndexesAsync()).ShouldBe(1);
        benches.SelectMany(bench => bench.Log.Of(114)).ShouldBeEmpty();
        benches.SelectMany(bench => bench.Log.Of(118)).ShouldBeEmpty();
    }

    private IndexBench AsReader(LogObjectsOptions? options = null) =>
        Open(_database.ReaderConnectionString, options ?? new LogObjectsOptions());

    private IndexBench AsOwner(LogObjectsOptions? options = null) =>
        Open(
            _database.SuperuserConnectionString,
            options
                ?? new LogObjectsOptions
                {
                    IsIndexManaged = true,
                    IndexLookAgain = TimeSpan.FromMilliseconds(10),
                }
        );

    private IndexBench Open(string connectionString, LogObjectsOptions options)
    {
        var bench = new IndexBench(connectionString, options);
        _benches.Add(bench);
        return bench;
    }

    private Task DropAsync() => _database.ExecuteAsync("drop index public.mana_ai_log_created_at");

    private Task<long> IndexesAsync() =>
        _database.ReadAsync<long>(
            """
            select count(*) from pg_index
             where indexrelid = to_regclass('public.mana_ai_log_created_at') and indisvalid
            """
        );

    private sealed class IndexBench : IAsyncDisposable
    {
        private readonly NpgsqlDataSource _source;

        public IndexBench(string connectionString, LogObjectsOptions options)
        {
            _source = NpgsqlDataSource.Create(connectionString);
            Index = new LogIndex(new SyncDatabase(_source), options, TimeProvider.System, Log);
        }

        public KeptLog<LogIndex> Log { get; } = new();

        public LogIndex Index { get; }

        public async ValueTask DisposeAsync()
        {
            await Index.DisposeAsync();
            await _source.DisposeAsync();
        }
    }
}
