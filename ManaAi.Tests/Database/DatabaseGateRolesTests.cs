using ManaAi.Tests.Support;

namespace ManaAi.Tests.Database;

/// <summary>The gate while roles of the cluster are missing or change.</summary>
[Collection(ClusterWideGroup.Name)]
public sealed class DatabaseGateRolesTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async Task DisposeAsync()
    {
        await RestoreAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_superuser_without_the_roles_works_and_is_warned()
    {
        await _database.ExecuteAsync(
            """
            DROP SCHEMA mana_ai;
            ALTER ROLE mana_ai_user RENAME TO hidden_user;
            ALTER ROLE mana_ai_owner RENAME TO hidden_owner;
            """
        );
        await using var bench = new GateBench(_database.SuperuserConnectionString);

        var answer = await bench.EnterAsync();

        answer.Reasons.ShouldBeEmpty();
        answer.Access!.HasUserRole.ShouldBeFalse();
        var degradations = (await bench.Gate.CheckAsync(CancellationToken.None)).Degradations;
        degradations.ShouldHaveSingleItem().ShouldContain("superuser without the documented roles");
        bench.Log.Of(113).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Running_the_roles_is_all_it_takes_to_recover()
    {
        await _database.ExecuteAsync(
            "ALTER ROLE mana_ai_reader NOBYPASSRLS; REVOKE mana_ai_user FROM mana_ai_reader"
        );
        await using var bench = new GateBench(_database.ReaderConnectionString);
        (await bench.ReasonsAsync()).ShouldHaveSingleItem().ShouldContain("does not see the change log");

        await _database.RunRolesAsync();

        (await bench.EnterAsync()).Access.ShouldNotBeNull();
        bench.Log.Of(112).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_login_that_is_blinded_later_is_noticed_at_the_next_entrance()
    {
        await using var bench = new GateBench(_database.ReaderConnectionString);
        (await bench.EnterAsync()).Access.ShouldNotBeNull();

        await _database.ExecuteAsync("ALTER ROLE mana_ai_reader NOBYPASSRLS");

        (await bench.ReasonsAsync()).ShouldHaveSingleItem().ShouldContain("does not see the change log");
    }

    private async Task RestoreAsync()
    {
        await _database.ExecuteAsync(
            """
            DO $$
            BEGIN
              IF to_regrole('hidden_user') IS NOT NULL THEN ALTER ROLE hidden_user RENAME TO mana_ai_user; END IF;
              IF to_regrole('hidden_owner') IS NOT NULL THEN ALTER ROLE hidden_owner RENAME TO mana_ai_owner; END IF;
            END $$
            """
        );
        (await _database.RunRolesAsync()).ExitCode.ShouldBe(0);
    }
}
