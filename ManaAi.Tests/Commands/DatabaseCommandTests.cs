using ManaAi.Tests.Support;

namespace ManaAi.Tests.Commands;

/// <summary>What holds for all commands that work on the database: how they end where they cannot.</summary>
public sealed class DatabaseCommandTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Theory]
    [InlineData("migrate")]
    [InlineData("migrate --dry-run")]
    [InlineData("verify")]
    [InlineData("simulate")]
    [InlineData("forget user-1")]
    [InlineData("forget user-1 --dry-run")]
    [InlineData("forget user-1 --undo")]
    public async Task A_wrong_setting_a_refused_login_and_a_database_that_is_away_have_their_exit_codes(
        string line
    )
    {
        var guessed = new UriBuilder(_database.ReaderUrl) { Password = "canary" }
            .Uri
            .AbsoluteUri;
        (string Url, int ExitCode, string Says)[] cases =
        [
            ("canary", 78, "SYNC_DATABASE_URL"),
            (guessed, 4, "the database refuses the login"),
            ("postgresql://nobody:canary@127.0.0.1:1/mana_sync", 6, "the database cannot be reached"),
            (
                _database.ReaderUrl.Replace(_database.Name, "nowhere", StringComparison.Ordinal),
                6,
                "does not exist"
            ),
        ];
        foreach (var (url, exitCode, says) in cases)
        {
            var ended = await CommandEnd.OfAsync(line, ("SYNC_DATABASE_URL", url));
            ended.ShouldFail(exitCode, says);
            ended.Error.ShouldNotContain("canary");
        }

        (await CommandEnd.OfAsync($"{line} --harder", ("SYNC_DATABASE_URL", _database.ReaderUrl))).ShouldFail(
            2,
            "--harder"
        );
        (
            await CommandEnd.OfAsync($"{line} -o xml", ("SYNC_DATABASE_URL", _database.ReaderUrl))
        ).ExitCode.ShouldBe(2);
    }

    [Theory]
    [InlineData("verify", 6, "mana-ai migrate")]
    [InlineData("simulate", 1, "no schema mana_ai")]
    [InlineData("forget user-1", 1, "Nothing was changed: the database answered with SQLSTATE 42P01")]
    public async Task Without_the_schema_it_is_said(string line, int exitCode, string says) =>
        (await CommandEnd.OfAsync(line, ("SYNC_DATABASE_URL", _database.ReaderUrl))).ShouldFail(
            exitCode,
            says
        );
}
