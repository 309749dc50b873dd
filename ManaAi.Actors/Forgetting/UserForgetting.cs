using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Forgetting;

/// <summary>
/// Takes all that a user wrote out of the schema mana_ai, in one transaction: what was folded, what a model answered, and
/// the history. The change log is mana-sync's and is not touched.
/// </summary>
/// <remarks>
/// While the log still holds rows of the user, the projection would only be folded again: so the user is marked, and
/// whatever reads the log passes over marked users. Occurrences keep their rows, without texts, so that none is planned
/// twice should the missions come back. What nodes hold of the user's runs is fenced off by the epoch: a call under way
/// ends with its next renewal, and its answer is neither kept nor written.
/// Locks in the order that holds everywhere: cursor, user, projection, runs.
/// </remarks>
public sealed class UserForgetting(SyncDatabase database)
{
    // What stands in each table, in the order of locks; the history last, since closing a run adds to it.
    private static readonly (string Table, string Statement, string What)[] Steps =
    [
        ("missions", "ForgetUsersMissions", ForgottenRows.Removed),
        ("agents", "ForgetUsersAgents", ForgottenRows.Removed),
        ("budgets", "ForgetUsersBudgets", ForgottenRows.Removed),
        ("runs", "ForgetOpenRuns", "closed unplanned"),
        ("runs", "ForgetTextOfRuns", "kept without answers, errors and details"),
        ("events", "ForgetUsersEvents", ForgottenRows.Removed),
        ("pauses", "ForgetUsersPauses", ForgottenRows.Removed),
        ("users", "ForgetUsersTurn", ForgottenRows.Removed),
        ("token_usage", "CountUsage", "kept: they hold numbers"),
    ];

    /// <param name="isDryRun">Counts what would be done, and takes it back.</param>
    public async Task<ForgetReport> ForgetAsync(
        UserId user,
        bool isDryRun,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await LockAsync(transaction, user, cancellationToken);
        var tables = new List<ForgottenRows>();
        foreach (var (table, statement, what) in Steps)
        {
            tables.Add(
                new ForgottenRows(
                    table,
                    what,
                    await CountAsync(transaction, statement, user, cancellationToken)
                )
            );
        }

        var logRows = await CountAsync(transaction, "CountLogRows", user, cancellationToken);
        var wasMarked = await CountAsync(transaction, "UnmarkForgotten", user, cancellationToken) > 0;
        if (logRows > 0)
        {
            await using var mark = transaction.Command(Sql.Get("MarkForgotten")).Add("user", user.Value);
            await mark.ExecuteNonQueryAsync(cancellationToken);
        }

        if (!isDryRun)
        {
            await transaction.CommitAsync(cancellationToken);
        }

        return new ForgetReport(tables, logRows, wasMarked);
    }

    /// <summary>Folds a forgotten user's missions again from what the log has of them. History and answers stay gone.</summary>
    /// <returns>How many records were folded; null where the user is not forgotten.</returns>
    public async Task<int?> UndoAsync(UserId user, LogShape shape, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await LockAsync(transaction, user, cancellationToken);
        if (await CountAsync(transaction, "UnmarkForgotten", user, cancellationToken) == 0)
        {
            return null;
        }

        var keys = await ReadKeysAsync(transaction, user, cancellationToken);
        var folded = await RecordRefold.FoldAsync(transaction, shape, keys, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return folded;
    }

    /// <summary>Since when a user is forgotten while the log still holds rows of his; null where he is not.</summary>
    public async Task<DateTimeOffset?> FindAsync(UserId user, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var find = transaction.Command(Sql.Get("FindForgotten")).Add("user", user.Value);
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetInstant(0) : null;
    }

    /// <summary>No node folds, and none writes a plan of this user, until the transaction is over.</summary>
    private static async Task LockAsync(
        DatabaseTransaction transaction,
        UserId user,
        CancellationToken cancellationToken
    )
    {
        await using var batch = transaction.Batch();
        batch.Then(Sql.Get("AwaitCursor"));
        batch.Then(Sql.Get("LockUser")).Add("user", user.Value);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<long> CountAsync(
        DatabaseTransaction transaction,
        string statement,
        UserId user,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get(statement)).Add("user", user.Value);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<RecordKey[]> ReadKeysAsync(
        DatabaseTransaction transaction,
        UserId user,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction
            .Command(Sql.Get("RecordsOfUser"))
            .Add("user", user.Value)
            .Add("id_bytes_max", RecordKey.RecordIdBytesMax);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<RecordKey>();
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(new RecordKey(user.Value, RecordKey.App, reader.GetString(0), reader.GetString(1)));
        }

        return [.. keys];
    }
}

/// <summary>What became of a user's rows of one table.</summary>
public sealed record ForgottenRows(string Table, string What, long Rows)
{
    public const string Removed = "removed";
}

/// <param name="LogRows">Rows of the user's missions and agents that the change log still holds.</param>
/// <param name="WasMarked">The user had been forgotten before while the log still held rows.</param>
public sealed record ForgetReport(IReadOnlyList<ForgottenRows> Tables, long LogRows, bool WasMarked)
{
    /// <summary>Nothing here and nothing in the log is of this user.</summary>
    public bool IsOfNobody => LogRows == 0 && !WasMarked && Tables.All(table => table.Rows == 0);
}
