using ManaAi.Tests.Support;

namespace ManaAi.Tests.Commands;

/// <summary>`doctor` while roles of the cluster are wrong.</summary>
[Collection(ClusterWideGroup.Name)]
public sealed class DoctorRolesTests : IAsyncLifetime
{
    private DoctorBench _bench = null!;

    public async Task InitializeAsync() => _bench = await DoctorBench.CreateAsync();

    public async Task DisposeAsync()
    {
        (await _bench.Database.RunRolesAsync()).ExitCode.ShouldBe(0);
        await _bench.DisposeAsync();
    }

    [Fact]
    public async Task A_login_that_is_blinded_may_too_much_or_is_another_is_found()
    {
        await _bench.Database.ExecuteAsync("alter role mana_ai_reader nobypassrls");
        await _bench.ShouldFindAsync(
            "roles",
            "The login mana_ai_reader does not see the change log",
            "roles.sql"
        );
        await _bench.Database.ExecuteAsync("alter role mana_ai_reader bypassrls createdb inherit");
        await _bench.ShouldFindAsync("roles", "may do more than it needs", "roles.sql");
        await _bench.ShouldFindAsync("roles", "inherits the rights of its roles", "roles.sql");
        await _bench.Database.RunRolesAsync();
        await _bench.Database.ExecuteAsync("alter role mana_ai_user login bypassrls");
        await _bench.ShouldFindAsync(
            "roles",
            "The role mana_ai_user is exempt from row-level security",
            "roles.sql"
        );
        await _bench.Database.RunRolesAsync();
        await _bench.Database.ExecuteAsync(
            "grant insert on public.sync_changes to mana_ai_reader; grant delete on public.sync_changes to mana_ai_user"
        );
        await _bench.ShouldFindAsync(
            "roles",
            "mana_ai_reader may INSERT on public.sync_changes",
            "roles.sql"
        );
        await _bench.ShouldFindAsync("roles", "mana_ai_user may DELETE on public.sync_changes", "roles.sql");
        await _bench.Database.RunRolesAsync();
        await _bench.Database.ExecuteAsync("alter table public.sync_changes disable row level security");
        await _bench.ShouldFindAsync("roles", "mana_ai_user sees another user's rows", "roles.sql");
        await _bench.Database.ExecuteAsync("alter table public.sync_changes enable row level security");
        await _bench.ShouldFindAsync(
            "roles",
            "is a superuser",
            "log in as mana_ai_reader",
            changes: ("SYNC_DATABASE_URL", _bench.Database.AdminUrl)
        );

        (await _bench.RunAsync()).ExitCode.ShouldBe(0, "and all is as it was");
    }

    [Fact]
    public async Task Another_login_is_told_which_one_to_take()
    {
        await using var login = await TestLogin.CreateAsync(_bench.Database, "");
        await _bench.Database.ExecuteAsync($"grant select on public.sync_changes to {login.Name}");

        var ended = await _bench.RunAsync(changes: ("SYNC_DATABASE_URL", login.Url));

        ended.ExitCode.ShouldBe(1);
        ended.Output.ShouldContain($"The login {login.Name} does not see the change log");
        ended.Output.ShouldContain("log in as mana_ai_reader");
        ended.Output.ShouldContain("-        schema           Not looked at, since this login may not.");
    }
}
