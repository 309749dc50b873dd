using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ManaAi.Actors.Runs;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Commands;

/// <summary>What happened to runs: the last of it, or as it comes.</summary>
internal static class EventsCommand
{
    private static readonly JsonSerializerOptions Form = new(JsonSerializerDefaults.Web);

    public static Command Create(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand("events", "Shows what happened to runs, the newest last.", environment);
        var follow = new Option<bool>("--follow", "-f")
        {
            Description =
                "Goes on with what comes, one line each, until it is ended; with -o json one object each.",
        };
        var user = NodeArguments.Text("--user", "Only events of this user.", "user");
        var mission = NodeArguments.Text("--mission", "Only events of missions with this id.", "mission");
        var (limit, cursor) = (NodeArguments.Limit(), NodeArguments.Cursor());
        foreach (var option in (Option[])[follow, user, mission, limit, cursor])
        {
            node.Command.Add(option);
        }

        // The patience is for an answer to begin: a stream then takes as long as it takes.
        node.Asks(
            NodeArguments.Patience,
            async (client, parsed, cancellationToken) =>
                parsed.GetValue(follow)
                    ? await FollowAsync(
                        client,
                        parsed,
                        one => Matches(one, parsed.GetValue(user), parsed.GetValue(mission)),
                        node.IsJson(parsed),
                        cancellationToken
                    )
                    : await node.ShowAsync<EventPageView>(
                        client,
                        new NodeRequest(
                            HttpMethod.Get,
                            NodeArguments.WithQuery(
                                "/internal/events",
                                ("user", parsed.GetValue(user)),
                                ("mission", parsed.GetValue(mission)),
                                ("limit", parsed.GetValue(limit).ToString(CultureInfo.InvariantCulture)),
                                ("cursor", parsed.GetValue(cursor))
                            )
                        ),
                        parsed,
                        Write,
                        cancellationToken
                    )
        );
        return node.Command.WithExamples(
            "mana-ai events",
            "mana-ai events --follow",
            "mana-ai events --user user-1 --mission mission-1 -o json"
        );
    }

    private static int Write(EventPageView page, TextWriter output, TextWriter error)
    {
        foreach (var one in page.Events.Reverse())
        {
            output.WriteLine(RunText.Line(one));
        }

        NodeArguments.TellMore(error, page.NextCursor);
        return ExitCodes.Ok;
    }

    private static async Task<int> FollowAsync(
        NodeClient client,
        ParseResult parsed,
        Func<RunEvent, bool> isWanted,
        bool isJson,
        CancellationToken cancellationToken
    )
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        try
        {
            var ended = await client.FollowAsync(
                "/internal/events/stream",
                json =>
                {
                    var one = JsonSerializer.Deserialize<RunEvent>(json, Form)!;
                    if (isWanted(one))
                    {
                        output.WriteLine(isJson ? Printable.Json(json) : RunText.Line(one));
                    }
                },
                cancellationToken
            );
            await error.WriteLineAsync(ended.Reason);
            return ended.ExitCode;
        }
        catch (JsonException)
        {
            await error.WriteLineAsync(
                "What answers there is not a mana-ai node, or one of another version."
            );
            return ExitCodes.Failed;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCodes.Ok; // Whoever follows ends it with Ctrl+C.
        }
    }

    private static bool Matches(RunEvent one, string? user, string? mission) =>
        (user is null || one.UserId == user) && (mission is null || one.MissionId == mission);
}
