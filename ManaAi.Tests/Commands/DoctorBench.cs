using System.CommandLine;
using System.Text.RegularExpressions;
using ManaAi.Actors.Database;
using ManaAi.Host.Commands.Doctor;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Commands;

/// <summary>A migrated database and a stand-in for mana-llm, in which nothing is wrong until a test makes it so.</summary>
internal sealed class DoctorBench : IAsyncDisposable
{
    public const string Key = "0123456789abcdef0123456789abcdef";

    private DoctorBench(TestDatabase database, LlmStubServer llm) => (Database, Llm) = (database, llm);

    public TestDatabase Database { get; }

    public LlmStubServer Llm { get; }

    public static async Task<DoctorBench> CreateAsync()
    {
        var bench = new DoctorBench(await TestDatabase.CreateAsync(), await LlmStubServer.StartAsync());
        await bench.MigrateAsync();
        return bench;
    }

    public async Task<CommandEnd> RunAsync(
        string arguments = "",
        TimeProvider? time = null,
        params IReadOnlyList<(string Name, string? Value)> changes
    )
    {
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["SYNC_DATABASE_URL"] = Database.ReaderUrl,
            ["MANA_LLM_URL"] = Llm.Address.ToString(),
            ["MANA_SERVICE_KEY"] = Key,
        };
        foreach (var (name, value) in changes)
        {
            environment[name] = value;
        }

        await using var output = new StringWriter { NewLine = "\n" };
        await using var error = new StringWriter { NewLine = "\n" };
        var exitCode = await DoctorCommand
            .Create(environment, time ?? TimeProvider.System)
            .Parse(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = error });
        return new CommandEnd(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>The doctor ends with 1, and says so of one check and no other.</summary>
    public async Task ShouldFindAsync(
        string check,
        string sentence,
        string remedy,
        string arguments = "",
        TimeProvider? time = null,
        params IReadOnlyList<(string Name, string? Value)> changes
    )
    {
        var ended = await RunAsync(arguments, time, changes);
        ended.ExitCode.ShouldBe(1, ended.Output);
        ended.Error.ShouldBeEmpty();
        var lines = ended.Output.Split('\n');
        var at = Array.FindIndex(lines, line => line.Contains($" {check} ") && line.Contains(sentence));
        at.ShouldBeGreaterThan(-1, ended.Output);
        lines[at].ShouldMatch("^(FAULT|warning) ");
        lines[at + 1].ShouldContain("to do: ");
        lines[at + 1].ShouldContain(remedy);
        lines
            .Where(line => Regex.IsMatch(line, "^(FAULT|warning) "))
            .ShouldAllBe(line => line.Contains($" {check} "));
    }

    public async Task MigrateAsync()
    {
        await using var source = NpgsqlDataSource.Create(Database.ReaderConnectionString);
        var database = new SyncDatabase(source);
        var probe = await LogAccessProbe.RunAsync(database, CancellationToken.None);
        await Migrator.RunAsync(database, probe, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await Llm.DisposeAsync();
        await Database.DisposeAsync();
    }
}
