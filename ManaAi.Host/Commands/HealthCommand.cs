using System.CommandLine;
using ManaAi.Host.Settings;

namespace ManaAi.Host.Commands;

/// <summary>The container's health check, which has no curl. It ends with 0 or 1 and nothing else, as Docker wants.</summary>
internal static class HealthCommand
{
    // Below the three seconds after which a check is usually given up.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static Command Create(IReadOnlyDictionary<string, string?> environment)
    {
        var command = new Command(
            "health",
            "Asks this machine's own node whether it lives; ends with 0 or 1."
        );
        command.SetAction((parsed, cancellationToken) => AskAsync(parsed, environment, cancellationToken));
        return command.WithExamples("mana-ai health", "PORT=3067 mana-ai health");
    }

    private static async Task<int> AskAsync(
        ParseResult parsed,
        IReadOnlyDictionary<string, string?> environment,
        CancellationToken cancellationToken
    )
    {
        var error = parsed.InvocationConfiguration.Error;
        if (SettingsReader.ReadPort(environment) is not SettingsResult<int>.Ok { Settings: var port })
        {
            await error.WriteLineAsync("PORT is not a port.");
            return ExitCodes.Failed;
        }

        var self = new ClientSettings(new UriBuilder(Uri.UriSchemeHttp, "127.0.0.1", port).Uri, Key: null);
        using var node = new NodeClient(self, Patience);
        if (
            await node.SendAsync(new NodeRequest(HttpMethod.Get, "/health"), cancellationToken)
            is NodeAnswer.Refused refused
        )
        {
            await error.WriteLineAsync(refused.Reason);
            return ExitCodes.Failed;
        }

        return ExitCodes.Ok;
    }
}
