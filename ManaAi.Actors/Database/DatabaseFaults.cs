using System.Net.Sockets;
using Npgsql;

namespace ManaAi.Actors.Database;

/// <summary>What went wrong with the database, in words that carry no connection string, no SQL and no data.</summary>
public static class DatabaseFaults
{
    /// <summary>Whether an exception is the database's doing: away, refusing, or too slow.</summary>
    public static bool IsDatabaseFault(this Exception exception) =>
        exception
            is NpgsqlException
                or TimeoutException
                or SocketException
                or ObjectDisposedException { ObjectName: BrokenConnector }
        || IsOutOfTurn(exception);

    /// <summary>
    /// What Npgsql throws, with no type of its own, where a connection answers out of turn: it gives the connection up, and
    /// the next one is sound.
    /// </summary>
    private static bool IsOutOfTurn(Exception exception) =>
        exception.GetType() == typeof(Exception)
        && string.Equals(exception.Source, nameof(Npgsql), StringComparison.Ordinal);

    // What Npgsql says of a connection that ends between being taken from the pool and its first command: it resets an
    // event of the connector that it has disposed of just then. Nothing of ours is one.
    private const string BrokenConnector = "System.Threading.ManualResetEventSlim";

    public static string Describe(Exception exception) =>
        exception switch
        {
            PostgresException
            {
                SqlState: PostgresErrorCodes.InvalidPassword
                    or PostgresErrorCodes.InvalidAuthorizationSpecification
            } => "the database refuses the login: check user and password in SYNC_DATABASE_URL",
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } =>
                "the database named in SYNC_DATABASE_URL does not exist",
            PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } =>
                "the database has no connection left",
            PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } =>
                "a query took longer than its deadline",
            PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } =>
                "a lock was not free within its deadline",
            PostgresException postgres => $"the database answered with SQLSTATE {postgres.SqlState}",
            _ when IsOutOfTurn(exception) =>
                "a connection to the database answered out of turn and was given up",
            _ => "the database cannot be reached: check that it runs and that SYNC_DATABASE_URL points to it",
        };
}
