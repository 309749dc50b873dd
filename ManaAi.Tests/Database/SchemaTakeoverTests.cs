using ManaAi.Tests.Support;

namespace ManaAi.Tests.Database;

/// <summary>A schema mana_ai that a predecessor or a careless hand made becomes the owner's, with all that is in it.</summary>
[Collection(ClusterWideGroup.Name)]
public sealed class SchemaTakeoverTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private TestLogin _stranger = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _stranger = await TestLogin.CreateAsync(_database, "");
        await _database.ExecuteAsync(
            $"""
            DROP SCHEMA mana_ai;
            CREATE SCHEMA mana_ai AUTHORIZATION {_stranger.Name};
            CREATE SCHEMA elsewhere AUTHORIZATION {_stranger.Name};
            SET ROLE {_stranger.Name};
            CREATE TABLE elsewhere.kept (x int);
            CREATE TABLE mana_ai."Odd name" (id serial PRIMARY KEY, number int GENERATED ALWAYS AS IDENTITY);
            CREATE TABLE mana_ai.parts (x int) PARTITION BY RANGE (x);
            CREATE SEQUENCE mana_ai.loose;
            CREATE VIEW mana_ai.seen AS SELECT 1 AS x;
            CREATE MATERIALIZED VIEW mana_ai.kept_view AS SELECT 1 AS x;
            CREATE TYPE mana_ai.mood AS ENUM ('good');
            CREATE TYPE mana_ai.pair AS (a int, b int);
            CREATE DOMAIN mana_ai.positive AS int CHECK (VALUE > 0);
            CREATE FUNCTION mana_ai.twice(x int) RETURNS int LANGUAGE sql AS 'SELECT 2 * x';
            CREATE PROCEDURE mana_ai.nothing() LANGUAGE sql AS '';
            GRANT SELECT ON ALL TABLES IN SCHEMA mana_ai TO PUBLIC;
            GRANT USAGE ON SCHEMA mana_ai TO PUBLIC;
            RESET ROLE;
            """
        );
    }

    public async Task DisposeAsync()
    {
        await _stranger.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task All_of_it_belongs_to_the_owner_afterwards()
    {
        var result = await _database.RunRolesAsync();

        result.ExitCode.ShouldBe(0, result.Error);
        result.Output.ShouldContain($"schema mana_ai: taken over from {_stranger.Name}");
        (await _database.ReadAsync<string>(NotTheOwners)).ShouldBeNull();
    }

    [Fact]
    public async Task What_the_same_role_has_elsewhere_stays_its_own()
    {
        await _database.RunRolesAsync();

        (
            await _database.ReadAsync<string>(
                "SELECT relowner::regrole::text FROM pg_class WHERE oid = 'elsewhere.kept'::regclass"
            )
        ).ShouldBe(_stranger.Name);
    }

    [Fact]
    public async Task The_login_may_use_what_was_there_and_others_may_not()
    {
        await _database.RunRolesAsync();

        (
            await _database.ReadAsync<bool>(
                """
                SELECT has_table_privilege('mana_ai_reader', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
                       AND has_sequence_privilege('mana_ai_reader', 'mana_ai.loose', 'USAGE')
                       AND NOT has_table_privilege('mana_ai_user', c.oid, 'SELECT')
                       AND NOT has_schema_privilege('mana_ai_user', 'mana_ai', 'USAGE')
                  FROM pg_class AS c
                 WHERE relname = 'Odd name'
                """
            )
        ).ShouldBeTrue();
    }

    private const string NotTheOwners = """
        SELECT string_agg(what, ', ')
          FROM (SELECT nspname::text AS what, nspowner AS owner FROM pg_namespace WHERE nspname = 'mana_ai'
                UNION ALL
                SELECT relname, relowner FROM pg_class WHERE relnamespace = to_regnamespace('mana_ai')
                UNION ALL
                SELECT proname, proowner FROM pg_proc WHERE pronamespace = to_regnamespace('mana_ai')
                UNION ALL
                SELECT typname, typowner FROM pg_type WHERE typnamespace = to_regnamespace('mana_ai')) AS object
         WHERE owner <> 'mana_ai_owner'::regrole
        """;
}
