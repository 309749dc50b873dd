namespace ManaAi.Actors.Diagnosis;

/// <summary>How bad it is. Only what is not well asks for something to be done.</summary>
public enum Health
{
    Well,

    /// <summary>It could not be looked at, since something else is wrong.</summary>
    Unknown,

    /// <summary>The service works, and worse than it should.</summary>
    Warning,

    /// <summary>The service does not work, or is not safe.</summary>
    Fault,
}

/// <summary>What one look at the service's surroundings came to.</summary>
/// <param name="Check">Which look it was, in a word of <see cref="Checks"/>.</param>
/// <param name="Sentence">What was found, without secrets and without anything that a user wrote.</param>
/// <param name="Remedy">What to do; null where there is nothing to do.</param>
public sealed record Symptom(string Check, Health Health, string Sentence, string? Remedy)
{
    public static Symptom Well(string check, string sentence) => new(check, Health.Well, sentence, null);

    public static Symptom Unknown(string check, string sentence) =>
        new(check, Health.Unknown, sentence, null);

    public static Symptom Warning(string check, string sentence, string remedy) =>
        new(check, Health.Warning, sentence, remedy);

    public static Symptom Fault(string check, string sentence, string remedy) =>
        new(check, Health.Fault, sentence, remedy);
}

/// <summary>The words by which the checks are known, in the order in which they are made.</summary>
public static class Checks
{
    public const string Settings = "settings";
    public const string Key = "key";
    public const string Connection = "connection";
    public const string Roles = "roles";
    public const string Schema = "schema";
    public const string LogIndex = "log-index";
    public const string WakeUpTrigger = "wake-up-trigger";
    public const string Clock = "clock";
    public const string Transactions = "transactions";
    public const string Nodes = "nodes";
    public const string Claims = "claims";
    public const string Llm = "llm";

    /// <summary>Those that need the database.</summary>
    public static IReadOnlyList<string> OfDatabase { get; } =
    [Connection, Roles, Schema, LogIndex, WakeUpTrigger, Clock, Transactions, Nodes, Claims];

    public static IReadOnlyList<string> All { get; } = [Settings, Key, .. OfDatabase, Llm];
}
