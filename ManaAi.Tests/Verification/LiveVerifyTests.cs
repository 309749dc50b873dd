using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Verification;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;
using ManaAi.Tests.Whole;
using Npgsql;

namespace ManaAi.Tests.Verification;

/// <summary>Verification while nodes fold, plan and write: it never finds wrong what is only under way.</summary>
public sealed class LiveVerifyTests : WholeTests
{
    private const int Missions = 60;

    // Wrong is what is due for longer than this without a run, which the devices' past times make at once.
    private static VerifyOptions Options { get; } = new() { StaleAfter = TimeSpan.Zero };

    [Fact]
    public async Task Nothing_is_found_wrong_while_two_nodes_work_and_devices_write()
    {
        Llm.Behave(new StubBehaviour { DelayMs = 5 });
        (string, string)[] busy =
        [
            ("TICK_ENABLED", "true"),
            ("TICK_INTERVAL_MS", "100"),
            ("SWEEP_INTERVAL_MS", "300"),
        ];
        await using var source = NpgsqlDataSource.Create(Database.ReaderConnectionString);
        var database = new SyncDatabase(source);
        await StartAsync(busy);
        await StartAsync(busy);
        using var stop = new CancellationTokenSource();
        var devices = Task.Run(() => WriteAsync(stop.Token));

        var rounds = 0;
        var written = 0;
        while (rounds < 20 || written < Missions)
        {
            var report = await VerifyAsync(database);
            report
                .Findings.Where(finding => finding.Severity is Severity.Wrong or Severity.Lost)
                .Select(finding => finding.ToString())
                .ShouldBeEmpty($"in round {rounds}");
            (rounds, written) = (rounds + 1, (int)report.Looked.OwnChanges);
            rounds.ShouldBeLessThan(5000, "the nodes should have planned by now");
        }

        await stop.CancelAsync();
        await devices;
    }

    private async Task<VerifyReport> VerifyAsync(SyncDatabase database)
    {
        await using var connection = await database.OpenLastingAsync(CancellationToken.None);
        if (await Database.ReadAsync<bool>("select to_regclass('mana_ai.cursor') is null"))
        {
            return new VerifyReport(new Looked(), [], []); // The nodes are still migrating.
        }

        var shape = (await LogShape.ReadAsync(connection, CancellationToken.None)).ShouldNotBeNull();
        return await Verifier.RunAsync(database, shape, Options, CancellationToken.None);
    }

    /// <summary>New missions, edits, late transactions and deletions, as fast as the database takes them.</summary>
    private async Task WriteAsync(CancellationToken stop)
    {
        var random = new Random(20261124);
        var missions = new List<DeviceMission>();
        var step = 0;
        while (!stop.IsCancellationRequested)
        {
            step++;
            if (missions.Count < Missions)
            {
                var number = missions.Count.ToString(CultureInfo.InvariantCulture);
                missions.Add(await InsertDueAsync($"mission-{number}", $"user-{missions.Count % 7}"));
            }

            await EditAsync(missions[random.Next(missions.Count)], random, step);
        }
    }

    private async Task EditAsync(DeviceMission mission, Random random, int step)
    {
        var now = await Database.ReadAsync<DateTimeOffset>("select clock_timestamp()");
        var stamp = IsoText.Milliseconds(now);
        var (field, json) = random.Next(6) switch
        {
            0 => ("nextRunAt", $"\"{IsoText.Milliseconds(now - TimeSpan.FromSeconds(random.Next(100)))}\""),
            1 => ("iterations", $"[{DeviceIteration.Approved($"device-{step}")}]"),
            2 => ("state", random.Next(3) == 0 ? "\"paused\"" : "\"active\""),
            _ => ("title", $"\"{step}\""),
        };
        await using var transaction = await Database.BeginAsDeviceAsync(mission.UserId);
        await transaction.InsertAsync(mission.ToEdit(Database.Generation, field, json, stamp));
        if (random.Next(4) == 0)
        {
            // Another row comes between, so this one becomes visible behind it.
            await Database.InsertChangeAsync(
                mission.ToEdit(Database.Generation, "title", "\"between\"", stamp)
            );
        }

        await transaction.CommitAsync();
    }
}
