using ManaAi.Actors.ChangeLog;
using ManaAi.Tests.Support;
using Npgsql;
using LogGeneration = ManaAi.Tests.Support.LogGeneration;

namespace ManaAi.Tests.Database;

/// <summary>Nothing passes before the view of the log is proven right; what is wrong is said, with what to run.</summary>
public sealed class DatabaseGateTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task The_documented_login_is_ready_and_its_probe_leaves_nothing_behind(
        LogGeneration generation
    )
    {
        await using var database = await TestDatabase.CreateAsync(generation);
        await using var bench = new GateBench(database.ReaderConnectionString);

        var answer = await bench.EnterAsync();

        answer.Reasons.ShouldBeEmpty();
        ((int)answer.Access!.Shape.Generation).ShouldBe((int)generation);
        answer.Access.HasUserRole.ShouldBeTrue();
        (await bench.Gate.CheckAsync(CancellationToken.None)).Degradations.ShouldBeEmpty();
        (await database.ReadAsync<long>("SELECT count(*) FROM public.sync_changes")).ShouldBe(0);
        (
            await database.ReadAsync<long>(
                """
                SELECT count(*) FROM pg_class
                 WHERE relnamespace = 'mana_ai'::regnamespace AND relowner <> 'mana_ai_owner'::regrole
                """
            )
        ).ShouldBe(0, "all of the schema is the owner's");
        bench.Log.Entries.ShouldContain(entry => entry.Line.StartsWith("Ready: change log of generation"));
    }

    [Theory]
    [InlineData("", "does not see the change log")]
    [InlineData("BYPASSRLS", "cannot become mana_ai_user")]
    public async Task A_login_without_the_roles_is_refused_and_makes_nothing(
        string attributes,
        string sentence
    )
    {
        await using var login = await TestLogin.CreateAsync(_database, attributes);
        await _database.ExecuteAsync(
            $"GRANT SELECT ON public.sync_changes TO {login.Name}; GRANT CREATE ON DATABASE {_database.Name} TO {login.Name};"
                + $"GRANT CREATE, USAGE ON SCHEMA mana_ai TO {login.Name}"
        );
        await using var bench = new GateBench(login.ConnectionString);

        var reason = (await bench.ReasonsAsync()).ShouldHaveSingleItem();

        reason.ShouldSatisfyAllConditions(
            () => reason.ShouldContain(sentence),
            () => reason.ShouldContain("roles.sql"),
            () => reason.ShouldContain(login.Name)
        );
        (await TablesAsync()).ShouldBe(0);
        bench.Log.Of(111).ShouldHaveSingleItem();
        await bench.EnterAsync();
        bench.Log.Of(111).ShouldHaveSingleItem("a reason is said once, not at every tick");
    }

    [Fact]
    public async Task A_log_that_lets_a_user_see_anothers_rows_is_refused()
    {
        await _database.ExecuteAsync("ALTER TABLE public.sync_changes DISABLE ROW LEVEL SECURITY");
        await ShouldBeRefusedAsync("As one user, mana_ai_user sees another user's rows");
    }

    [Fact]
    public async Task A_policy_that_lets_a_user_write_anothers_rows_is_refused()
    {
        await _database.ExecuteAsync(
            "CREATE POLICY careless ON public.sync_changes FOR INSERT WITH CHECK (true)"
        );
        await ShouldBeRefusedAsync("As one user, mana_ai_user can write another user's rows");
    }

    [Fact]
    public async Task A_user_role_that_may_not_write_its_own_rows_is_refused()
    {
        await _database.ExecuteAsync("REVOKE INSERT ON public.sync_changes FROM mana_ai_user");
        await ShouldBeRefusedAsync("can neither read nor write the user's own rows");
    }

    [Fact]
    public async Task A_missing_log_is_told_apart_and_nothing_is_made()
    {
        await _database.ExecuteAsync("DROP TABLE public.sync_changes");
        await ShouldBeRefusedAsync("The change log public.sync_changes is not in this database");
    }

    [Fact]
    public async Task A_missing_schema_that_may_not_be_made_is_refused_with_what_to_run()
    {
        await _database.ExecuteAsync("DROP SCHEMA mana_ai");
        await ShouldBeRefusedAsync("roles.sql");
    }

    [Fact]
    public async Task A_missing_database_and_a_wrong_password_are_told_in_words()
    {
        var right = new NpgsqlConnectionStringBuilder(_database.ReaderConnectionString);
        var elsewhere = new NpgsqlConnectionStringBuilder(right.ConnectionString) { Database = "nowhere" };
        var wrong = new NpgsqlConnectionStringBuilder(right.ConnectionString) { Password = "a guess" };
        await using var missing = new GateBench(elsewhere.ConnectionString);
        await using var guessed = new GateBench(wrong.ConnectionString);

        (await missing.ReasonsAsync()).ShouldHaveSingleItem().ShouldContain("does not exist");
        var reason = (await guessed.ReasonsAsync()).ShouldHaveSingleItem();
        reason.ShouldContain("refuses the login");
        reason.ShouldNotContain("a guess");
    }

    [Fact]
    public async Task A_superuser_with_the_roles_is_ready_and_the_schema_is_the_owners()
    {
        await using var bench = new GateBench(_database.SuperuserConnectionString);

        var answer = await bench.EnterAsync();

        answer.Reasons.ShouldBeEmpty();
        answer.Access!.HasUserRole.ShouldBeTrue();
        (
            await _database.ReadAsync<string>(
                "SELECT tableowner FROM pg_tables WHERE schemaname = 'mana_ai' AND tablename = 'runs'"
            )
        ).ShouldBe("mana_ai_owner");
        await using var reader = new GateBench(_database.ReaderConnectionString);
        (await reader.ReasonsAsync()).ShouldBeEmpty("the login may use what the superuser had made");
    }

    [Fact]
    public async Task A_schema_that_somebody_else_made_is_refused_until_roles_takes_it_over()
    {
        await _database.ExecuteAsync(
            "DROP SCHEMA mana_ai; CREATE SCHEMA mana_ai; CREATE TABLE mana_ai.migrations "
                + "(name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        );
        await using var bench = new GateBench(_database.ReaderConnectionString);
        (await bench.ReasonsAsync()).ShouldHaveSingleItem().ShouldContain("roles.sql");

        await _database.RunRolesAsync();

        (await bench.EnterAsync()).Access.ShouldNotBeNull();
    }

    [Fact]
    public async Task Two_nodes_that_start_at_once_migrate_once()
    {
        await using var one = new GateBench(_database.ReaderConnectionString);
        await using var two = new GateBench(_database.ReaderConnectionString);
        await using var three = new GateBench(_database.ReaderConnectionString);

        var answers = await Task.WhenAll(one.EnterAsync(), two.EnterAsync(), three.EnterAsync());

        answers.ShouldAllBe(answer => answer.Access != null);
        new[] { one, two, three }.Sum(bench => bench.Log.Of(110).Count).ShouldBe(1);
    }

    [Fact]
    public async Task A_migration_of_other_content_is_refused_and_left_as_it_is()
    {
        await using (var first = new GateBench(_database.ReaderConnectionString))
        {
            (await first.EnterAsync()).Access.ShouldNotBeNull();
        }

        await _database.ExecuteAsync("UPDATE mana_ai.migrations SET checksum = 'other'");
        await using var bench = new GateBench(_database.ReaderConnectionString);

        (await bench.ReasonsAsync()).ShouldHaveSingleItem().ShouldContain("was applied with other content");
        (await _database.ReadAsync<string>("SELECT min(checksum) FROM mana_ai.migrations")).ShouldBe("other");
    }

    [Fact]
    public async Task Columns_that_change_are_seen_at_the_next_entrance()
    {
        await using var bench = new GateBench(_database.ReaderConnectionString);
        (await bench.EnterAsync()).Access!.Shape.HasOrigin.ShouldBeTrue();

        await _database.ExecuteAsync("ALTER TABLE public.sync_changes DROP COLUMN origin");

        (await bench.EnterAsync()).Access!.Shape.ShouldSatisfyAllConditions(
            shape => shape.HasOrigin.ShouldBeFalse(),
            shape => shape.HasSpaceId.ShouldBeTrue()
        );
    }

    [Fact]
    public async Task A_log_that_vanishes_closes_the_gate_and_one_that_returns_opens_it()
    {
        await using var bench = new GateBench(_database.ReaderConnectionString);
        (await bench.EnterAsync()).Access.ShouldNotBeNull();

        await _database.ExecuteAsync("ALTER TABLE public.sync_changes RENAME TO away");
        (await bench.ReasonsAsync()).ShouldHaveSingleItem().ShouldContain("is not in this database");
        await _database.ExecuteAsync("ALTER TABLE public.away RENAME TO sync_changes");

        (await bench.EnterAsync()).Access.ShouldNotBeNull();
    }

    private async Task ShouldBeRefusedAsync(string sentence)
    {
        await using var bench = new GateBench(_database.ReaderConnectionString);

        var readiness = await bench.Gate.CheckAsync(CancellationToken.None);

        readiness.IsReady.ShouldBeFalse();
        readiness.Reasons.ShouldHaveSingleItem().ShouldContain(sentence);
        (await TablesAsync()).ShouldBe(0);
    }

    private Task<long> TablesAsync() =>
        _database.ReadAsync<long>("SELECT count(*) FROM pg_tables WHERE schemaname = 'mana_ai'");
}
