using System.Text.Json;
using System.Text.Json.Nodes;
using ManaAi.Host.Commands;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;
using ManaAi.Tests.Whole;

namespace ManaAi.Tests.Hostile;

/// <summary>What devices and the model wrote, on its way to whoever looks after the service.</summary>
public sealed class HostileDataTests : WholeTests
{
    private static readonly string[] Commands =
    [
        "missions",
        "mission user-1/mission-1",
        "why user-1/mission-1",
        "runs",
        "run 1",
        "events --limit 100",
        "nodes",
        "usage",
        "top",
        "status",
        "simulate",
        "verify",
        "tick",
    ];

    private static readonly string[] Mistakes =
    [
        "missions --user",
        "why",
        "run",
        "cancel 1 --reason",
        "pause --until",
        "next --cadence",
        "next --zone",
        "simulate --from",
        "fold",
        "status --key-file",
        "no-command",
        "tick",
    ];

    private static readonly string[] Pages =
    [
        "health",
        "health/ready",
        "metrics",
        "internal/status",
        "internal/missions",
        "internal/missions/user-1/mission-1",
        "internal/missions/user-1/mission-1/why",
        "internal/runs",
        "internal/runs/1",
        "internal/events",
        "internal/nodes",
        "internal/usage",
        "internal/pauses",
    ];

    [Fact]
    public async Task No_command_and_no_page_passes_on_what_a_terminal_would_obey()
    {
        var node = await StartAsync();
        await InsertHostileAsync("user-1", "mission-1");
        await InsertHostileAsync(HostileText.Everything, HostileText.Everything);
        Llm.Behave(new StubBehaviour { Content = PlanOf(HostileText.Everything) });
        await node.TickAsync();

        foreach (var line in Commands.Concat(Commands.Select(line => $"{line} {JsonFlag(line)}")))
        {
            HostileText.Find(await RunAsync(node, line.Split(' '))).ShouldBeNull(line);
        }

        foreach (var page in Pages)
        {
            using var answer = await node.GetAsync(page);
            HostileText.Find(await answer.Content.ReadAsStringAsync()).ShouldBeNull(page);
        }
    }

    [Fact]
    public async Task No_mistake_repeats_an_argument_as_it_is()
    {
        var node = await StartAsync();

        foreach (var line in Mistakes)
        {
            var said = await RunAsync(node, [.. line.Split(' '), HostileText.Everything]);

            said.ShouldNotBeEmpty(line);
            HostileText.Find(said).ShouldBeNull(line);
        }
    }

    private async Task InsertHostileAsync(string userId, string missionId)
    {
        var insert = (
            await MissionAsync(userId, missionId) with
            {
                AgentId = HostileText.Everything,
                Cadence = JsonSerializer.Serialize(
                    new { kind = "cron", expression = HostileText.Everything }
                ),
            }
        ).ToInsert();
        var record = JsonNode.Parse(insert.Data!)!.AsObject();
        record["title"] = HostileText.Everything;
        record["timeZone"] = HostileText.Everything;
        record[HostileText.Everything] = HostileText.Everything;
        await Database.InsertChangeAsync(
            insert with
            {
                Data = record.ToJsonString(),
                ClientId = HostileText.Everything,
                Origin = "user",
                Actor = JsonSerializer.Serialize(new { kind = HostileText.Everything }),
            }
        );
        await Database.InsertChangeAsync(
            new DeviceChange(
                HostileText.Everything,
                JsonSerializer.Serialize(
                    new
                    {
                        id = HostileText.Everything,
                        name = HostileText.Everything,
                        state = "active",
                    }
                )
            )
            {
                TableName = "agents",
                UserId = userId,
            }
        );
    }

    /// <summary>A plan that is refused with a sentence which names its tool.</summary>
    private static string PlanOf(string tool) =>
        JsonSerializer.Serialize(
            new
            {
                summary = tool,
                steps = new[]
                {
                    new
                    {
                        summary = tool,
                        toolName = tool,
                        rationale = tool,
                    },
                },
            }
        );

    private async Task<DeviceMission> MissionAsync(string userId, string missionId)
    {
        var now = await Database.ReadAsync<DateTimeOffset>("select date_trunc('milliseconds', now())");
        return new DeviceMission(missionId, now - TimeSpan.FromMinutes(1))
        {
            UserId = userId,
            Objective = HostileText.Everything,
        };
    }

    private static string JsonFlag(string line) => line is "verify" ? "--json" : "-o json";

    /// <summary>What it says on either stream.</summary>
    private async Task<string> RunAsync(WholeNode node, IReadOnlyList<string> arguments)
    {
        await using var output = new StringWriter();
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["MANA_AI_URL"] = node.Address.ToString(),
            ["MANA_SERVICE_KEY"] = WholeNode.Key,
            ["SYNC_DATABASE_URL"] = Database.ReaderUrl,
        };
        await CommandLine.RunAsync(arguments, environment, output, output);
        return output.ToString();
    }
}
