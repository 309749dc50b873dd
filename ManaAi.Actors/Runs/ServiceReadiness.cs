using ManaAi.Actors.Database;

namespace ManaAi.Actors.Runs;

/// <summary>Whether the service can work: the database decides; what mana-llm does only degrades it.</summary>
public sealed class ServiceReadiness(DatabaseGate database, LlmGate llm) : IReadinessCheck
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
            return readiness with { Degradations = [.. readiness.Degradations, .. reading.Degradations] };
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            return Readiness.NotReady(DatabaseFaults.Describe(exception));
        }
    }
}
