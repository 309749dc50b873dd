namespace ManaAi.Actors.Database;

/// <summary>Whether database, schema and the view of the change log are right, and if not, what to do.</summary>
public interface IReadinessCheck
{
    /// <summary>Asks the database now, within two seconds; it never throws for a database that is away.</summary>
    Task<Readiness> CheckAsync(CancellationToken cancellationToken);
}

/// <param name="Reasons">What keeps the service from working, one sentence each, with what to run. Empty: ready.</param>
/// <param name="Degradations">What works worse than it should though the service is ready.</param>
public sealed record Readiness(IReadOnlyList<string> Reasons, IReadOnlyList<string> Degradations)
{
    public bool IsReady => Reasons.Count == 0;

    public static Readiness Ready { get; } = new([], []);

    public static Readiness NotReady(params IReadOnlyList<string> reasons) => new(reasons, []);
}
