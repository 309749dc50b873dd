using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.ChangeLog;

/// <summary>Which cluster, which table and which rules the cursor's positions belong to.</summary>
internal sealed record LogIdentity(string SystemIdentifier, long DatabaseOid, long TableOid, int Generation);

/// <summary>Where the reading of the change log stands, under the lock that lets one node fold at a time.</summary>
/// <param name="ReadAt">When the log was read last; never ahead of <see cref="Now"/>.</param>
/// <param name="SweptAt">When the last sweep was; never ahead of <see cref="Now"/> either.</param>
internal sealed record FeedCursor(
    LogIdentity? Stored,
    LogIdentity Own,
    DateTimeOffset? ReadAt,
    long Xmin,
    long Xmax,
    DateTimeOffset? SweptAt,
    long SweepXmin
)
{
    /// <summary>The first transaction id that the cluster has not given out yet.</summary>
    public long OwnXmax { get; private init; }

    /// <summary>The database's clock.</summary>
    public DateTimeOffset Now { get; private init; }

    /// <summary>
    /// How far the database's clock is behind what it was at an earlier read: it was set back, as that of a machine which
    /// goes on after a pause, or of a standby that takes over, may be. Zero where it was not.
    /// </summary>
    public TimeSpan SetBack { get; private init; }

    /// <summary>Why nothing of the projection can be trusted; null where it can.</summary>
    public string? ReasonToStartAnew()
    {
        if (ReadAt is null || Stored is null)
        {
            return "there is no projection yet";
        }

        if (Stored != Own)
        {
            return "the cursor belongs to another cluster, table or generation of the log";
        }

        return Xmax > OwnXmax
            ? "the cursor is ahead of the cluster, which was restored from an older state"
            : null;
    }

    /// <returns>null where another node holds the lock.</returns>
    public static Task<FeedCursor?> LockAsync(
        DatabaseTransaction transaction,
        LogShape shape,
        CancellationToken cancellationToken
    ) => ReadAsync(transaction, shape, Sql.Get("LockCursor"), cancellationToken);

    /// <summary>Without the lock, for whoever only looks.</summary>
    /// <returns>null where there is no cursor.</returns>
    public static Task<FeedCursor?> SeeAsync(
        DatabaseTransaction transaction,
        LogShape shape,
        CancellationToken cancellationToken
    ) => ReadAsync(transaction, shape, Sql.Get("SeeCursor"), cancellationToken);

    private static async Task<FeedCursor?> ReadAsync(
        DatabaseTransaction transaction,
        LogShape shape,
        string statement,
        CancellationToken cancellationToken
    )
    {
        await using var batch = transaction.Batch();
        batch.Then(statement);
        batch.Then(Sql.Get("ClusterNow"));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        var generation = (int)shape.Generation;
        var stored = reader.IsDBNull(0)
            ? null
            : new LogIdentity(
                reader.GetString(0),
                reader.GetInt64(1),
                reader.GetInt64(2),
                reader.GetInt32(3)
            );
        var cursor = new FeedCursor(
            stored,
            new LogIdentity(reader.GetString(9), reader.GetInt64(10), reader.GetInt64(11), generation),
            reader.GetNullable<DateTimeOffset>(4),
            reader.GetNullable<long>(5) ?? 0,
            reader.GetNullable<long>(6) ?? 0,
            reader.GetNullable<DateTimeOffset>(7),
            reader.GetNullable<long>(8) ?? 0
        );
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return cursor.AsOf(reader.GetInstant(1)) with { OwnXmax = reader.GetInt64(0) };
    }

    private FeedCursor AsOf(DateTimeOffset now) =>
        this with
        {
            Now = now,
            SetBack = ((TimeSpan?[])[ReadAt - now, SweptAt - now, TimeSpan.Zero]).Max()!.Value,
            ReadAt = ReadAt > now ? now : ReadAt,
            SweptAt = SweptAt > now ? now : SweptAt,
        };
}
