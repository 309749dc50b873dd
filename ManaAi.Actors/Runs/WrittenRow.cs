using System.Text.Json;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Runs;

/// <summary>The row that an occurrence has in the log already, where a second writer collides with it.</summary>
internal static class WrittenRow
{
    /// <summary>Looks for it as the user.</summary>
    /// <returns>planned, empty or failed, as the row says; null where it is not this user's, or has no such iteration.</returns>
    public static async Task<string?> FindVerdictAsync(
        DatabaseTransaction transaction,
        LogAccess access,
        Occurrence occurrence,
        CancellationToken cancellationToken
    )
    {
        await using var batch = transaction.Batch();
        access.BecomeUser(batch, occurrence.Mission.UserId);
        batch
            .Then(Sql.Get("FindOwnRow"))
            .Add("id", occurrence.ChangeId)
            .Add("user", occurrence.Mission.UserId.Value);
        access.BecomeSelf(batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        using var document = JsonDocument.Parse(reader.GetJson(0)!.Value, RecordJson.Options);
        var id = occurrence.IterationId.ToString();
        var written = document
            .RootElement.Array("iterations")
            .Select(MissionReader.ReadIteration)
            .FirstOrDefault(iteration => iteration.Id == id);
        return written?.OverallStatus switch
        {
            null => null,
            "failed" => "failed",
            _ when written.Steps.Count == 0 => "empty",
            _ => "planned",
        };
    }
}
