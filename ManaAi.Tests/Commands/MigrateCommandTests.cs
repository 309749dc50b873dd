using System.Text.Json;
using ManaAi.Actors.Database;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Commands;

/// <summary>What `migrate` does, says it did, and refuses.</summary>
public sealed class MigrateCommandTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task It_says_what_it_would_apply_then_applies_it_and_then_has_nothing_to_do()
    {
        var would = await RunAsync("migrate --dry-run");
        would.ExitCode.ShouldBe(0, would.Error);
        would.Output.ShouldContain("0001_projection_and_ledger.sql  would be applied\n");
        would.Error.ShouldBe("Nothing was applied, since this was a dry run.\n");
        (await AppliedAsync()).ShouldBe(0);

        var applied = await RunAsync("migrate -o json");
        applied.ExitCode.ShouldBe(0, applied.Error);
        var body = JsonDocument.Parse(applied.Output).RootElement;
        body.GetProperty("applied")
            .EnumerateArray()
            .Select(name => name.GetString())
            .ShouldBe(Migration.All.Select(one => one.Name));
        (await AppliedAsync()).ShouldBe(Migration.All.Count);

        var again = await RunAsync("migrate");
        again.ExitCode.ShouldBe(0, again.Error);
        again.Output.ShouldContain("0001_projection_and_ledger.sql  was there\n");
        again.Output.ShouldNotContain("  applied");
        again.Error.ShouldBe("There was nothing to apply: the schema is at this version.\n");
    }

    [Fact]
    public async Task One_that_is_missing_is_applied_and_one_of_a_newer_version_is_told_and_left()
    {
        await RunAsync("migrate");
        const string undone = "0008_forgetting.sql";
        await _database.ExecuteAsync(
            $"""
            drop table mana_ai.forgotten_users;
            update mana_ai.migrations set name = '9999_to_come.sql', checksum = 'x' where name = '{undone}'
            """
        );

        var ended = await RunAsync("migrate");

        ended.ExitCode.ShouldBe(0, ended.Error);
        ended.Output.ShouldContain($"{undone}  ");
        ended.Output.ShouldContain("  applied\n");
        ended.Output.ShouldContain("9999_to_come.sql  ");
        ended.Output.ShouldContain("of a newer version\n");
    }

    [Theory]
    [InlineData("migrate")]
    [InlineData("migrate --dry-run")]
    public async Task A_schema_of_another_build_is_left_as_it_is(string line)
    {
        await RunAsync("migrate");
        await _database.ExecuteAsync("update mana_ai.migrations set checksum = 'x' where name like '0002%'");

        (await RunAsync(line)).ShouldFail(1, "Migration 0002_nodes.sql was applied with other content");
    }

    [Fact]
    public async Task What_it_cannot_work_with_has_its_exit_code_and_says_what_to_do()
    {
        (await RunAsync("migrate --harder")).ExitCode.ShouldBe(2);
        await using (var login = await TestLogin.CreateAsync(_database, ""))
        {
            await _database.ExecuteAsync($"grant select on public.sync_changes to {login.Name}");
            (await CommandEnd.OfAsync("migrate", ("SYNC_DATABASE_URL", login.Url))).ShouldFail(
                4,
                "roles.sql"
            );
        }

        await _database.ExecuteAsync("drop table public.sync_changes");
        (await RunAsync("migrate")).ShouldFail(1, "start mana-sync once");
    }

    private Task<CommandEnd> RunAsync(string line) =>
        CommandEnd.OfAsync(line, ("SYNC_DATABASE_URL", _database.ReaderUrl));

    private Task<long> AppliedAsync() =>
        _database.ReadAsync<long>(
            """
            select case when to_regclass('mana_ai.migrations') is null then 0
                        else (xpath('/row/c/text()', query_to_xml('select count(*) as c from mana_ai.migrations',
                                                                  false, true, '')))[1]::text::bigint end
            """
        );
}
