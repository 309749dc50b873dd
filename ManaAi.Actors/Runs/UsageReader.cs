using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>What calls have cost, summed by day, user, agent and model.</summary>
public sealed class UsageReader(SyncDatabase database)
{
    /// <summary>Rows of each list: the dearest; a list for an operator, not for a program that sums it up.</summary>
    public const int RowsMax = 1000;

    // Which columns are grouped away, in the order day, user, agent, model: one bit each.
    private const int AllTogether = 0b1111;
    private const int ByDay = 0b0111;
    private const int ByUser = 0b1011;
    private const int ByAgent = 0b1001;
    private const int ByModel = 0b1110;

    /// <param name="from">The first instant that counts.</param>
    /// <param name="to">The first one that does not.</param>
    public async Task<UsageReport> ReadAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var (lastDay, reserved) = await ReadDayAsync(transaction, cancellationToken);
        await using var command = transaction
            .Command(Sql.Get("Usage"))
            .Add("from", from)
            .Add("to", to)
            .Add("rows_max", (long)RowsMax);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<(int Set, UsageRow Row)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add((reader.GetInt32(0), ReadRow(reader)));
        }

        return new UsageReport(
            from,
            to,
            rows.Find(row => row.Set == AllTogether).Row ?? UsageRow.None,
            lastDay,
            reserved,
            [.. Of(ByDay).OrderBy(row => row.Day)],
            [.. Of(ByUser)],
            [.. Of(ByAgent)],
            [.. Of(ByModel)]
        );

        IEnumerable<UsageRow> Of(int set) => rows.Where(row => row.Set == set).Select(row => row.Row);
    }

    private static async Task<(long LastDay, long Reserved)> ReadDayAsync(
        DatabaseTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("UsageOfDay"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    private static UsageRow ReadRow(NpgsqlDataReader reader) =>
        new(
            reader.GetNullable<DateTimeOffset>(1) is { } day ? DateOnly.FromDateTime(day.UtcDateTime) : null,
            reader.GetText(2),
            reader.GetText(3),
            reader.GetText(4),
            reader.GetInt64(5),
            reader.GetInt64(6),
            reader.GetInt64(7),
            reader.GetInt64(8)
        );
}

/// <param name="LastDay">Tokens used in the last 24 hours, whatever the span asked for: what budgets are held against.</param>
/// <param name="Reserved">Tokens reserved for calls under way.</param>
/// <param name="ByUser">The dearest first; so are the others but the days.</param>
public sealed record UsageReport(
    DateTimeOffset From,
    DateTimeOffset To,
    UsageRow Total,
    long LastDay,
    long Reserved,
    IReadOnlyList<UsageRow> ByDay,
    IReadOnlyList<UsageRow> ByUser,
    IReadOnlyList<UsageRow> ByAgent,
    IReadOnlyList<UsageRow> ByModel
);

/// <summary>A sum over calls; what it is not by is null.</summary>
/// <param name="Day">In UTC.</param>
/// <param name="EstimatedTokens">Of all tokens, those that no server counted.</param>
public sealed record UsageRow(
    DateOnly? Day,
    string? UserId,
    string? AgentId,
    string? Model,
    long PromptTokens,
    long CompletionTokens,
    long Calls,
    long EstimatedTokens
)
{
    public static UsageRow None { get; } = new(null, null, null, null, 0, 0, 0, 0);

    public long Tokens => PromptTokens + CompletionTokens;
}
