using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ManaAi.Host.Settings;
using Microsoft.AspNetCore.Connections;

namespace ManaAi.Host.Commands;

/// <summary>Runs the service until SIGTERM or Ctrl-C.</summary>
internal static class ServeCommand
{
    public static Command Create(IReadOnlyDictionary<string, string?> environment)
    {
        var command = new Command(
            "serve",
            "Runs the service; the default. Settings come from the environment."
        );
        command.SetAction((parsed, cancellationToken) => ServeAsync(parsed, environment, cancellationToken));
        return command.WithExamples(
            "mana-ai serve",
            "DOTNET_ENVIRONMENT=Development PORT=3067 mana-ai serve"
        );
    }

    public static async Task<int> ServeAsync(
        ParseResult parsed,
        IReadOnlyDictionary<string, string?> environment,
        CancellationToken cancellationToken
    )
    {
        var error = parsed.InvocationConfiguration.Error;
        switch (SettingsReader.Read(environment))
        {
            case SettingsResult<ServiceSettings>.Faulty faulty:
                return SettingFaults.Report(error, faulty.Faults);
            case SettingsResult<ServiceSettings>.Ok ok:
                return await RunAsync(ok.Settings, error, cancellationToken);
            default:
                throw new UnreachableException();
        }
    }

    private static async Task<int> RunAsync(
        ServiceSettings settings,
        TextWriter error,
        CancellationToken cancellationToken
    )
    {
        await using var app = ServiceHost.Build(
            settings,
            services => Composition.AddActors(services, settings)
        );
        // Taken now: a host that has ended has no services that could be asked.
        var stopping = app.Lifetime.ApplicationStopping;
        try
        {
            await app.RunAsync(cancellationToken);
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException)
            when (cancellationToken.IsCancellationRequested || stopping.IsCancellationRequested)
        {
            // Told to stop before it had started: nothing is claimed yet, and it is an orderly end all the same.
            return ExitCodes.Ok;
        }
        catch (IOException exception) when (exception.InnerException is AddressInUseException)
        {
            await error.WriteLineAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"PORT {settings.Edge.Port} is in use by another process; stop it, or set another PORT."
                )
            );
            return ExitCodes.Failed;
        }
    }
}
