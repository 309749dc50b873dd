using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Diagnosis;

/// <summary>How the database is looked at.</summary>
public sealed record DoctorOptions
{
    /// <summary>A transaction that is open for longer is told of.</summary>
    public TimeSpan LongestTransaction { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Machines that keep time by NTP differ by milliseconds.</summary>
    public TimeSpan ClockOffsetMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A node that lives has read the log more lately than this.</summary>
    public TimeSpan ReadAgeMax { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>MANAGE_WAKEUP_TRIGGER: then it is missed where it is not there.</summary>
    public bool IsTriggerWanted { get; init; }
}

/// <summary>
/// Looks at all that the service needs of its database. It changes nothing: what it writes to see whether it may, it rolls
/// back. A look that fails is told and costs only itself.
/// </summary>
public sealed class DatabaseDoctor(SyncDatabase database, DoctorOptions options, TimeProvider time)
{
    public async Task<IReadOnlyList<Symptom>> LookAsync(CancellationToken cancellationToken)
    {
        var symptoms = new List<Symptom>();
        try
        {
            symptoms.Add(await ServerCheck.ConnectAsync(database, cancellationToken));
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            return Unreachable(exception);
        }

        foreach (var (check, look) in Looks)
        {
            symptoms.AddRange(await GuardAsync(check, look, cancellationToken));
        }

        return symptoms;
    }

    private (string Check, Func<CancellationToken, Task<IReadOnlyList<Symptom>>> Look)[] Looks =>
        [
            (Checks.Roles, token => RoleCheck.RunAsync(database, token)),
            (Checks.Schema, token => SchemaCheck.RunAsync(database, token)),
            (Checks.LogIndex, async token => [await LogObjectsCheck.IndexAsync(database, token)]),
            (
                Checks.WakeUpTrigger,
                async token => [await LogObjectsCheck.TriggerAsync(database, options.IsTriggerWanted, token)]
            ),
            (
                Checks.Clock,
                async token =>
                    [await ServerCheck.CompareClocksAsync(database, time, options.ClockOffsetMax, token)]
            ),
            (
                Checks.Transactions,
                token => TransactionCheck.RunAsync(database, options.LongestTransaction, token)
            ),
            (Checks.Nodes, async token => [await WorkCheck.NodesAsync(database, options.ReadAgeMax, token)]),
            (Checks.Claims, token => WorkCheck.ClaimsAsync(database, token)),
        ];

    private static List<Symptom> Unreachable(Exception exception) =>
        [
            Symptom.Fault(
                Checks.Connection,
                $"There is nothing to look at: {DatabaseFaults.Describe(exception).Split(": ")[0]}.",
                DatabaseFaults.Describe(exception).Split(": ") is [_, var remedy]
                    ? remedy
                    : "look at the database's own log"
            ),
            .. Checks
                .OfDatabase.Where(check => check != Checks.Connection)
                .Select(check => Symptom.Unknown(check, "Not looked at, since there is no connection.")),
        ];

    private static async Task<IReadOnlyList<Symptom>> GuardAsync(
        string check,
        Func<CancellationToken, Task<IReadOnlyList<Symptom>>> look,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await look(cancellationToken);
        }
        catch (PostgresException exception) when (WhyNot(exception) is { } reason)
        {
            // Some other look tells what is wrong.
            return [Symptom.Unknown(check, $"Not looked at, since {reason}.")];
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            return
            [
                Symptom.Fault(
                    check,
                    $"It could not be looked at: {DatabaseFaults.Describe(exception)}.",
                    "run `mana-ai doctor` again; if it stays, the database's own log tells more"
                ),
            ];
        }
    }

    private static string? WhyNot(PostgresException exception) =>
        exception.SqlState switch
        {
            PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.UndefinedColumn
            or PostgresErrorCodes.UndefinedFunction
            or PostgresErrorCodes.InvalidSchemaName => "what it needs is not in the database",
            PostgresErrorCodes.InsufficientPrivilege => "this login may not",
            PostgresErrorCodes.ReadOnlySqlTransaction => "the database takes no writes",
            _ => null,
        };
}
