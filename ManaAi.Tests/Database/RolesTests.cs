using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Database;

/// <summary>docker/postgres/roles.sql, run by psql as an operator runs it.</summary>
[Collection(ClusterWideGroup.Name)]
public sealed class RolesTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task Roles_have_exactly_the_attributes_that_the_design_gives_them() =>
        (await AttributesAsync()).ShouldBe(
            """
            mana_ai_owner login=false bypass=false super=false inherit=false in=-
            mana_ai_reader login=true bypass=true super=false inherit=false in=mana_ai_owner,mana_ai_user
            mana_ai_user login=false bypass=false super=false inherit=false in=-
            """
        );

    [Fact]
    public async Task Running_it_again_changes_nothing()
    {
        var before = await FingerprintAsync();

        var result = await _database.RunRolesAsync("log_index=1");

        result.ShouldSatisfyAllConditions(
            () => result.ExitCode.ShouldBe(0, result.Error),
            () => result.Output.ShouldContain("role mana_ai_reader: as it should be"),
            () => result.Output.ShouldNotContain("password")
        );
        (await FingerprintAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task A_role_that_someone_made_otherwise_is_corrected_and_keeps_its_password()
    {
        var right = await AttributesAsync();
        await _database.ExecuteAsync(
            """
            ALTER ROLE mana_ai_reader NOBYPASSRLS INHERIT CREATEDB;
            ALTER ROLE mana_ai_user LOGIN SUPERUSER;
            REVOKE mana_ai_owner FROM mana_ai_reader;
            """
        );

        var result = await _database.RunRolesAsync();

        result.Output.ShouldContain("role mana_ai_user: was there with other attributes; corrected");
        (await AttributesAsync()).ShouldBe(right);
        await using var login = NpgsqlDataSource.Create(_database.ReaderConnectionString);
        await using var connection = await login.OpenConnectionAsync();
        connection.State.ShouldBe(System.Data.ConnectionState.Open);
    }

    [Fact]
    public async Task A_password_is_set_only_when_one_is_given()
    {
        try
        {
            var result = await _database.RunRolesAsync("reader_password=another's pass\\word");

            result.ExitCode.ShouldBe(0, result.Error);
            await using var login = NpgsqlDataSource.Create(
                _database.ConnectionStringOf("mana_ai_reader", "another's pass\\word")
            );
            await using var connection = await login.OpenConnectionAsync();
            connection.State.ShouldBe(System.Data.ConnectionState.Open);
        }
        finally
        {
            await _database.RunRolesAsync($"reader_password={TestCluster.ReaderPassword}");
        }
    }

    [Fact]
    public async Task A_database_without_the_log_is_told_what_to_do_and_gets_nothing()
    {
        await _database.ExecuteAsync("DROP TABLE public.sync_changes; DROP SCHEMA mana_ai");

        var result = await _database.RunRolesAsync();

        result.ExitCode.ShouldBe(3);
        result.Error.ShouldContain("there is no table public.sync_changes in database " + _database.Name);
        result.Error.ShouldContain("mana-sync start once");
        (await _database.ReadAsync<bool>("SELECT to_regnamespace('mana_ai') IS NULL")).ShouldBeTrue();
    }

    [Fact]
    public async Task Whoever_is_no_superuser_is_told_so()
    {
        await using var plain = await TestLogin.CreateAsync(_database, "");

        var result = await plain.RunFileAsync("roles.sql");

        result.ExitCode.ShouldBe(3);
        result.Error.ShouldContain("roles.sql must be run by a superuser");
    }

    [Theory]
    [InlineData("log_index=0", 0)]
    [InlineData("log_index=1", 1)]
    public async Task The_index_is_made_only_when_asked(string variable, int indexes)
    {
        await _database.ExecuteAsync("DROP INDEX public.mana_ai_log_created_at");

        await _database.RunRolesAsync(variable);

        (await _database.ReadAsync<long>(GoodIndexes)).ShouldBe(indexes);
    }

    [Fact]
    public async Task An_index_that_a_failed_build_left_invalid_is_built_again()
    {
        await _database.ExecuteAsync(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'public.mana_ai_log_created_at'::regclass"
        );

        var result = await _database.RunRolesAsync("log_index=1");

        result.Output.ShouldContain("was INVALID; dropped, and built again");
        (await _database.ReadAsync<long>(GoodIndexes)).ShouldBe(1);
    }

    private const string GoodIndexes = """
        SELECT count(*)
          FROM pg_index
         WHERE indexrelid = to_regclass('public.mana_ai_log_created_at')
           AND indisvalid
           AND pg_get_indexdef(indexrelid) LIKE '%(created_at) WHERE%app_id = ''ai''%aiMissions%agents%'
        """;

    private async Task<string> AttributesAsync() =>
        (
            await _database.ReadAsync<string>(
                """
                SELECT string_agg(
                         format('%s login=%s bypass=%s super=%s inherit=%s in=%s', rolname, rolcanlogin::text,
                                rolbypassrls::text, (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication)::text,
                                rolinherit::text,
                                coalesce((SELECT string_agg(roleid::regrole::text, ',' ORDER BY roleid::regrole::text)
                                            FROM pg_auth_members WHERE member = r.oid), '-')),
                         E'\n' ORDER BY rolname)
                  FROM pg_roles AS r
                 WHERE rolname LIKE 'mana\_ai\_%'
                """
            )
        )!;

    /// <summary>Owners, grants and definitions of all that roles.sql touches, in one text.</summary>
    private async Task<string> FingerprintAsync() =>
        await AttributesAsync()
        + await _database.ReadAsync<string>(
            """
            SELECT concat_ws(
                     E'\n',
                     (SELECT string_agg(format('%s %s %s', nspname, nspowner::regrole, nspacl), E'\n' ORDER BY nspname)
                        FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'), -- Other sessions make those.
                     (SELECT string_agg(format('%s %s %s', oid::regclass, relowner::regrole, relacl), E'\n'
                                        ORDER BY oid)
                        FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'mana_ai'::regnamespace)),
                     (SELECT string_agg(format('%s %s %s', defaclrole::regrole, defaclobjtype, defaclacl), E'\n'
                                        ORDER BY oid)
                        FROM pg_default_acl),
                     (SELECT rolpassword FROM pg_authid WHERE rolname = 'mana_ai_reader'))
            """
        );
}
