using ManaAi.Actors.Database;

namespace ManaAi.Actors.Overviews;

/// <summary>Why runs failed, over the last hours or days.</summary>
public sealed class FailureCauses(SyncDatabase database)
{
    /// <returns>The cause of most failures first.</returns>
    public async Task<IReadOnlyList<FailureCause>> ReadAsync(
        TimeSpan window,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("FailureCauses")).Add("window", window);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var causes = new List<FailureCause>();
        while (await reader.ReadAsync(cancellationToken))
        {
            causes.Add(
                new FailureCause(
                    reader.GetString(0),
                    reader.GetInt64(1),
                    reader.GetInt64(2),
                    reader.GetInstant(3),
                    reader.GetText(4)
                )
            );
        }

        return causes;
    }
}

/// <param name="Missions">How many different missions it hit.</param>
/// <param name="LastDetail">What was said about it the last time.</param>
public sealed record FailureCause(
    string Reason,
    long Runs,
    long Missions,
    DateTimeOffset LastAt,
    string? LastDetail
);
