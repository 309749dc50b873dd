using ManaAi.Actors.Database;

namespace ManaAi.Actors.Runs;

/// <summary>Whether the service can work: the database decides; a missing index and what mana-llm does only degrade it.</summary>
public sealed class ServiceReadiness(DatabaseGate database, LogIndex index, LlmGate llm) : IReadinessCheck
{
    public async Task<Readiness> CheckAsync(CancellationToken cancellationToken)
    {
        var readiness = await database.CheckAsync(cancellationToken);
        if (!readiness.IsReady)
        {
            return readiness;
        }

        try
        {
            var reading = await llm.ReadAsync(cancellationToken);
            var ofIndex = await index.ReadDegradationAsync(cancellationToken);
            return readiness with
            {
                Degradations =
                [
                    .. readiness.Degradations,
                    .. ofIndex is null ? [] : (string[])[ofIndex],
                    .. reading.Degradations,
                ],
            };
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            return Readiness.NotReady(DatabaseFaults.Describe(exception));
        }
    }
}
