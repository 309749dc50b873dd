using System.CommandLine;
using System.Diagnostics;
using ManaAi.Actors.Database;
using ManaAi.Host.Settings;
using Npgsql;

namespace ManaAi.Host.Commands;

/// <summary>What the commands share that ask the database and no node: address, form of the output, and exit codes.</summary>
internal sealed class DatabaseCommand
{
    private readonly IReadOnlyDictionary<string, string?> _environment;
    private readonly OutputForm _form = new();

    public DatabaseCommand(string name, string description, IReadOnlyDictionary<string, string?> environment)
    {
        _environment = environment;
        Command = new Command(name, $"{description} Works on the database at SYNC_DATABASE_URL.")
        {
            _form.Option,
        };
    }

    public Command Command { get; }

    public bool IsJson(ParseResult parsed) => _form.IsJson(parsed);

    /// <summary>Lets something be done with the database; the exit code is what that says.</summary>
    /// <param name="nothing">How a fault of the database is told, as "Nothing was removed".</param>
    public void Asks(string nothing, Func<SyncDatabase, ParseResult, CancellationToken, Task<int>> ask) =>
        Command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var error = parsed.InvocationConfiguration.Error;
                switch (SettingsReader.ReadDatabase(_environment))
                {
                    case SettingsResult<DatabaseSettings>.Faulty faulty:
                        return SettingFaults.Report(error, faulty.Faults);
                    case SettingsResult<DatabaseSettings>.Ok { Settings: var settings }:
                        await using (var source = NpgsqlDataSource.Create(settings.ConnectionString.Reveal()))
                        {
                            return await GuardAsync(
                                nothing,
                                error,
                                () => ask(new SyncDatabase(source), parsed, cancellationToken)
                            );
                        }

                    default:
                        throw new UnreachableException();
                }
            }
        );

    private static async Task<int> GuardAsync(string nothing, TextWriter error, Func<Task<int>> ask)
    {
        try
        {
            return await ask();
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            await error.WriteLineAsync($"{nothing}: {DatabaseFaults.Describe(exception)}.");
            return ExitCodeOf(exception);
        }
    }

    /// <summary>Refused, failed for good, or not there now.</summary>
    public static int ExitCodeOf(Exception exception) =>
        exception switch
        {
            PostgresException
            {
                SqlState: PostgresErrorCodes.InvalidPassword
                    or PostgresErrorCodes.InvalidAuthorizationSpecification
                    or PostgresErrorCodes.InsufficientPrivilege
            } => ExitCodes.Denied,
            PostgresException
            {
                IsTransient: false,
                SqlState: not (
                    PostgresErrorCodes.InvalidCatalogName
                    or PostgresErrorCodes.QueryCanceled
                    or PostgresErrorCodes.LockNotAvailable
                )
            } => ExitCodes.Failed,
            _ => ExitCodes.Unavailable,
        };
}
