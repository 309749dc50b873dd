using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;
using Npgsql;
using LogGeneration = ManaAi.Tests.Support.LogGeneration;

namespace ManaAi.Tests.Database;

/// <summary>PostgreSQL parses and plans every statement of Database/Sql against the schema that it will meet.</summary>
public sealed partial class StatementTests
{
    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task Every_statement_can_be_prepared_by_the_login(LogGeneration generation)
    {
        await using var bench = await FeedBench.CreateAsync(generation);
        var shape = await bench.ShapeAsync();
        await using var transaction = await bench.Sync.BeginAsync(CancellationToken.None);
        var faults = new List<string>();
        foreach (var name in Sql.All.Keys.Order(StringComparer.Ordinal).Where(name => !IsCopy(name)))
        {
            await ExecuteAsync(transaction, "SAVEPOINT before");
            // Rows of the log are inserted as a user, everything else is the login's own.
            var isUsers = Sql.Get(name).Contains("insert into public.", StringComparison.Ordinal);
            await ExecuteAsync(transaction, isUsers ? "SET LOCAL ROLE mana_ai_user" : "RESET ROLE");
            try
            {
                await ExecuteAsync(transaction, Prepared(shape.Statement(name)));
                await ExecuteAsync(transaction, $"EXPLAIN EXECUTE p{await NullsAsync(transaction)}");
            }
            catch (PostgresException exception)
            {
                faults.Add($"{name}: {exception.MessageText}");
            }

            await ExecuteAsync(transaction, "ROLLBACK TO before; DEALLOCATE ALL");
        }

        faults.ShouldBeEmpty();
    }

    /// <summary>Between two herds no run is open, and a vacuum notes that the indexes of open runs hold nothing.</summary>
    [Theory]
    [InlineData("CountCall")]
    [InlineData("CountCalls")]
    [InlineData("KeepAnswer")]
    [InlineData("KeepAnswers")]
    [InlineData("CloseRuns")]
    [InlineData("HurryRun")]
    [InlineData("CancelRun")]
    [InlineData("RenewLeases")]
    public async Task A_run_that_is_named_is_never_looked_for_among_all_open_ones(string name)
    {
        await using var bench = await FeedBench.CreateAsync();
        await bench.Rows.ExecuteAsync(
            """
            INSERT INTO mana_ai.runs (user_id, mission_id, due_at, verdict, closed_at)
            SELECT 'user', 'mission-' || n, now(), 'superseded', now() FROM generate_series(1, 2000) AS n
            """
        );
        await AnalyzeAsync(bench, "mana_ai.runs");
        var plan = await PlanAsync(bench, name);
        plan.ShouldContain(line => IsFoundBy(line, "runs_pkey"), string.Join('\n', plan));
        plan.ShouldNotContain(line => OpenRunsIndex().IsMatch(line));
    }

    /// <summary>Where no run was open when the planner last looked, to read all that are seems to cost nothing.</summary>
    [Fact]
    public async Task Whether_a_user_has_an_open_run_is_asked_of_him_alone()
    {
        await using var bench = await FeedBench.CreateAsync();
        await bench.Rows.ExecuteAsync(
            """
            INSERT INTO mana_ai.runs (user_id, mission_id, due_at, verdict, closed_at)
            SELECT 'user-' || n, 'mission', now(), 'superseded', now() FROM generate_series(1, 2000) AS n;
            INSERT INTO mana_ai.users (user_id, turn_at) SELECT user_id, now() FROM mana_ai.runs
            """
        );
        await AnalyzeAsync(bench, "mana_ai.runs, mana_ai.users");
        var plan = await PlanAsync(bench, "WakeUsers", KeyedPlans.Select);
        plan.ShouldContain(line => line.Contains("user_id = u.user_id", StringComparison.Ordinal));
        plan.ShouldNotContain(line => line.Contains("hashed", StringComparison.Ordinal));
    }

    /// <summary>
    /// A plan is kept as long as the tables' statistics are, and a herd, or months of runs, may come before they are made
    /// anew.
    /// </summary>
    [Theory]
    [InlineData("IsAnythingToDo")]
    [InlineData("SupersedeStale")]
    [InlineData("ReopenSuperseded")]
    [InlineData("OpenDue")]
    [InlineData("ClaimableRuns")]
    [InlineData("QueueUsers")]
    [InlineData("FindClosedDue")]
    [InlineData("FindUnscheduled")]
    [InlineData("TickGauges")]
    [InlineData("SettledRuns", "runs_pkey")]
    [InlineData("LockUsers")]
    [InlineData("ClaimRuns")]
    [InlineData("PassTurns")]
    [InlineData("CountCalls", "runs_pkey")]
    [InlineData("KeepAnswers", "runs_pkey")]
    [InlineData("LockUsersOfMissions", "users_pkey")]
    [InlineData("LockMissionsOfRuns", "missions_pkey")]
    [InlineData("LockRuns", "runs_pkey")]
    [InlineData("CloseRuns", "runs_pkey")]
    [InlineData("WakeUsers", "users_pkey")]
    [InlineData("SaveWrittenMissions", "missions_pkey")]
    public async Task No_table_is_read_whole_however_few_rows_it_had(string name, string? index = null)
    {
        await using var bench = await FeedBench.CreateAsync();
        await bench.Rows.ExecuteAsync(
            """
            INSERT INTO mana_ai.missions (user_id, mission_id, state, next_run_at, deleted, needs_schedule, position_at, position_id)
            SELECT 'user', 'mission-' || n, 'active', now(), false, true, now(), gen_random_uuid() FROM generate_series(1, 20) AS n;
            INSERT INTO mana_ai.runs (user_id, mission_id, due_at) SELECT user_id, mission_id, now() FROM mana_ai.missions;
            INSERT INTO mana_ai.users (user_id, ready_at, turn_at) VALUES ('user', now(), now())
            """
        );
        await AnalyzeAsync(bench, "mana_ai.runs, mana_ai.missions, mana_ai.users");
        var plan = await PlanAsync(bench, name, KeyedPlans.Select);
        plan.ShouldNotContain(line => WholeTable().IsMatch(line), string.Join('\n', plan));
        if (index is not null)
        {
            // The runs are named: nothing else is right, and no table is read whole that is short for good either.
            plan.ShouldContain(line => IsFoundBy(line, index), string.Join('\n', plan));
            plan.ShouldNotContain(line => line.Contains("Seq Scan", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Whose_turn_it_is_is_found_without_reading_all_who_wait()
    {
        await using var bench = await FeedBench.CreateAsync();
        await bench.Rows.ExecuteAsync(
            """
            INSERT INTO mana_ai.users (user_id, ready_at, turn_at)
            SELECT 'user-' || n, now(), now() FROM generate_series(1, 2000) AS n
            """
        );
        await AnalyzeAsync(bench, "mana_ai.users");
        var plan = await PlanAsync(bench, "LockUsers");
        plan.ShouldContain(line => line.Contains("using users_turn", StringComparison.Ordinal));
        plan.ShouldNotContain(line => line.Contains("Sort", StringComparison.Ordinal));
    }

    /// <summary>An open transaction keeps the dead entries of all leases that were taken since.</summary>
    [Fact]
    public async Task Who_is_served_is_read_once_and_not_for_each_run_of_a_herd()
    {
        const int Herd = 300;
        await using var bench = await FeedBench.CreateAsync();
        await bench.Rows.ExecuteAsync(
            $"""
            INSERT INTO mana_ai.missions (user_id, mission_id, state, next_run_at, deleted, position_at, position_id)
            SELECT 'user-' || n, 'mission', 'active', now(), false, now(), gen_random_uuid() FROM generate_series(1, {Herd}) AS n;
            INSERT INTO mana_ai.runs (user_id, mission_id, due_at, verdict, closed_at)
            SELECT user_id, mission_id, next_run_at - interval '1 day', 'superseded', now() FROM mana_ai.missions
            """
        );
        // Between two herds no run is open, and so the planner expects it to be.
        await AnalyzeAsync(bench, "mana_ai.runs, mana_ai.missions");
        await bench.Rows.ExecuteAsync(
            "INSERT INTO mana_ai.runs (user_id, mission_id, due_at) SELECT user_id, mission_id, next_run_at FROM mana_ai.missions"
        );
        await using var old = await bench.Sync.BeginAsync(CancellationToken.None);
        await ExecuteAsync(
            old,
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM mana_ai.runs"
        );
        for (var turn = 0; turn < 3; turn++)
        {
            await bench.Rows.ExecuteAsync(
                "UPDATE mana_ai.runs SET lease_until = now() WHERE verdict IS NULL"
            );
            await bench.Rows.ExecuteAsync("UPDATE mana_ai.runs SET lease_until = NULL WHERE verdict IS NULL");
        }

        await using var transaction = await bench.Sync.BeginAsync(CancellationToken.None);
        var plan = await ReadPlanAsync(transaction, $"EXPLAIN (ANALYZE, BUFFERS) {Sql.Get("ClaimableRuns")}");
        plan[0].ShouldContain($"rows={Herd} ");
        // The first that is told is of the whole statement.
        var pages = plan.Select(line => PagesRead().Match(line))
            .First(match => match.Success)
            .Groups[1]
            .Value;
        int.Parse(pages, CultureInfo.InvariantCulture).ShouldBeLessThan(40 * Herd);
    }

    [Theory]
    [InlineData("PruneRuns")]
    [InlineData("PruneUsage")]
    [InlineData("PruneEvents")]
    [InlineData("PruneTicks")]
    public async Task What_is_old_is_found_without_looking_at_what_is_kept(string name)
    {
        await using var bench = await FeedBench.CreateAsync();

        (await PlanAsync(bench, name)).ShouldContain(line =>
            line.Contains("Index Cond:", StringComparison.Ordinal)
            && line.Contains("< (statement_timestamp() - ", StringComparison.Ordinal)
        );
    }

    /// <summary>What was changed beside rows is not lent again: statistics would be the next test's too.</summary>
    private static async Task AnalyzeAsync(FeedBench bench, string tables)
    {
        await bench.Rows.ExecuteAsync("CREATE TABLE IF NOT EXISTS analyzed ()");
        await bench.Rows.ExecuteAsync($"VACUUM ANALYZE {tables}");
    }

    /// <summary>By a bitmap, too: a table that other tests emptied is larger than its rows.</summary>
    private static bool IsFoundBy(string line, string index) =>
        line.Contains($"using {index}", StringComparison.Ordinal)
        || line.Contains($"Bitmap Index Scan on {index}", StringComparison.Ordinal);

    /// <returns>The lines of the plan for whatever values come.</returns>
    private static async Task<List<string>> PlanAsync(
        FeedBench bench,
        string name,
        string howPlanned = "SET LOCAL plan_cache_mode TO force_generic_plan"
    )
    {
        await using var transaction = await bench.Sync.BeginAsync(CancellationToken.None);
        await ExecuteAsync(transaction, howPlanned);
        await ExecuteAsync(transaction, Prepared(Sql.Get(name)));
        return await ReadPlanAsync(transaction, $"EXPLAIN EXECUTE p{await NullsAsync(transaction)}");
    }

    private static async Task<List<string>> ReadPlanAsync(DatabaseTransaction transaction, string explain)
    {
        await using var command = transaction.Command(explain);
        await using var reader = await command.ExecuteReaderAsync();
        var plan = new List<string>();
        while (await reader.ReadAsync())
        {
            plan.Add(reader.GetString(0));
        }

        return plan;
    }

    [Fact]
    public async Task Copies_begin()
    {
        await using var bench = await FeedBench.CreateAsync();
        foreach (var name in Sql.All.Keys.Where(IsCopy))
        {
            await using var transaction = await bench.Sync.BeginAsync(CancellationToken.None);
            await using var copy = await transaction.Connection.BeginBinaryImportAsync(Sql.Get(name));
            (await copy.CompleteAsync()).ShouldBe(0UL, name);
        }
    }

    /// <summary>What Npgsql says of a value's type where PostgreSQL cannot tell it from the statement.</summary>
    private static readonly Dictionary<string, string> _types = new(StringComparer.Ordinal)
    {
        ["@ids"] = "uuid[]",
        ["@position_ids"] = "uuid[]",
        ["@xids"] = "bigint[]",
        ["@runs"] = "bigint[]",
        ["@epochs"] = "bigint[]",
        ["@max_tokens"] = "bigint[]",
        ["@max_concurrents"] = "int[]",
        ["@newer_schemas"] = "int[]",
        ["@deleteds"] = "boolean[]",
        ["@needs_schedules"] = "boolean[]",
        ["@next_run_ats"] = "timestamptz[]",
        ["@running_untils"] = "timestamptz[]",
        ["@iterations_ats"] = "timestamptz[]",
        ["@position_ats"] = "timestamptz[]",
        ["@users"] = "text[]",
        ["@tables"] = "text[]",
        ["@records"] = "text[]",
        ["@jsons"] = "text[]",
        ["@times"] = "text[]",
        ["@states"] = "text[]",
        ["@agents"] = "text[]",
        ["@names"] = "text[]",
        ["@verdicts"] = "text[]",
        ["@reasons"] = "text[]",
        ["@details"] = "text[]",
        ["@have_plans"] = "boolean[]",
        ["@iteration_ids"] = "uuid[]",
        ["@misseds"] = "int[]",
        ["@periods"] = "int[]",
        ["@write_iterations"] = "boolean[]",
        ["@obstacles"] = "text[]",
        ["@late_after"] = "interval",
        ["@position_at"] = "timestamptz",
    };

    private static bool IsCopy(string name) => Sql.Get(name).StartsWith("copy ", StringComparison.Ordinal);

    /// <summary>@name becomes $1 as Npgsql does it.</summary>
    private static string Prepared(string sql)
    {
        var names = new List<string>();
        var numbered = Parameter()
            .Replace(
                sql,
                match =>
                {
                    if (!names.Contains(match.Value))
                    {
                        names.Add(match.Value);
                    }

                    return $"${names.IndexOf(match.Value) + 1}";
                }
            );
        if (names.Count == 0)
        {
            return $"PREPARE p AS {numbered}";
        }

        // unnest() takes any array, so it is told which; everywhere else the statement itself tells.
        var isOfMany = numbered.Contains("unnest(", StringComparison.Ordinal);
        var types = names.Select(name =>
            _types.TryGetValue(name, out var type) && (isOfMany || !type.EndsWith(']')) ? type : "unknown"
        );
        return $"PREPARE p ({string.Join(", ", types)}) AS {numbered}";
    }

    private static async Task<string> NullsAsync(DatabaseTransaction transaction)
    {
        await using var command = transaction.Command(
            "SELECT coalesce(cardinality(parameter_types), 0) FROM pg_prepared_statements WHERE name = 'p'"
        );
        var count = (int)(await command.ExecuteScalarAsync())!;
        return count == 0 ? "" : $"({string.Join(", ", Enumerable.Repeat("NULL", count))})";
    }

    private static async Task ExecuteAsync(DatabaseTransaction transaction, string sql)
    {
        await using var command = transaction.Command(sql);
        await command.ExecuteNonQueryAsync();
    }

    [System.Text.RegularExpressions.GeneratedRegex("(using|Index Scan on) runs_(open|waiting|leased)")]
    private static partial System.Text.RegularExpressions.Regex OpenRunsIndex();

    [System.Text.RegularExpressions.GeneratedRegex("Seq Scan on (runs|missions|users|agents|token_usage)")]
    private static partial System.Text.RegularExpressions.Regex WholeTable();

    [System.Text.RegularExpressions.GeneratedRegex(@"Buffers: shared hit=(\d+)")]
    private static partial System.Text.RegularExpressions.Regex PagesRead();

    [System.Text.RegularExpressions.GeneratedRegex("@[a-z_]+")]
    private static partial System.Text.RegularExpressions.Regex Parameter();
}
