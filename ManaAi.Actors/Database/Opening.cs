using System.Security.Cryptography;
using Npgsql;

namespace ManaAi.Actors.Database;

/// <summary>Opens connections within a bound, and says as the database's fault what keeps one from being opened.</summary>
internal static class Opening
{
    // For a connection of the pool to become free, and for one to be made; each has its own deadline, but not TLS: a server
    // that takes up the handshake and says nothing more would be waited for without end.
    private const int Waits = 2;

    private static readonly TimeSpan Beyond = TimeSpan.FromSeconds(1);

    /// <param name="timeoutSeconds">The connection's own; 0 is none.</param>
    /// <exception cref="TimeoutException">It took longer than its waits may.</exception>
    /// <exception cref="NpgsqlException">The database is away, or does not take us, or a certificate cannot be read.</exception>
    public static async Task<NpgsqlConnection> OpenWithinAsync(
        int timeoutSeconds,
        Func<CancellationToken, ValueTask<NpgsqlConnection>> open,
        CancellationToken cancellationToken
    )
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (timeoutSeconds > 0)
        {
            limit.CancelAfter((TimeSpan.FromSeconds(timeoutSeconds) * Waits) + Beyond);
        }

        try
        {
            return await open(limit.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("The connection was not open within its time.", exception);
        }
        catch (Exception exception)
            when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new NpgsqlException("A certificate of the connection cannot be read.", exception);
        }
    }
}
