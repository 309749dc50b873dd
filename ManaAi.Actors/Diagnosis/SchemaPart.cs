using ManaAi.Actors.Database;

namespace ManaAi.Actors.Diagnosis;

/// <summary>A part of a schema in its own words, such as an index and how it is made.</summary>
/// <param name="Kind">table, column, constraint, index, function, trigger, view or sequence.</param>
/// <param name="Name">With its table where the name alone does not tell, as runs.verdict.</param>
internal sealed record SchemaPart(string Kind, string Name, string Definition)
{
    private const string Prefix = "mana_ai.";

    public (string Kind, string Name) Key => (Kind, Name);

    /// <summary>PostgreSQL names a schema or leaves it out, as it is on the search path or not.</summary>
    public bool IsLike(SchemaPart other) => Plain(Definition) == Plain(other.Definition);

    /// <summary>What makes it where it is missing; null where that is not one statement.</summary>
    public string? Statement
    {
        get
        {
            var at = Name.IndexOf('.', StringComparison.Ordinal);
            var (table, name) = at < 0 ? ("", Name) : (Name[..at], Name[(at + 1)..]);
            return Kind switch
            {
                "index" or "trigger" => Definition,
                "constraint" => $"ALTER TABLE {Prefix}{table} ADD CONSTRAINT {name} {Definition}",
                "column" => $"ALTER TABLE {Prefix}{table} ADD COLUMN {name} {Definition}",
                _ => null,
            };
        }
    }

    private static string Plain(string definition) =>
        definition.Replace(Prefix, "", StringComparison.Ordinal);

    public static async Task<IReadOnlyList<SchemaPart>> ReadAllAsync(
        DatabaseTransaction transaction,
        long schema,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("SchemaParts")).Add("schema", schema);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var parts = new List<SchemaPart>();
        while (await reader.ReadAsync(cancellationToken))
        {
            parts.Add(new SchemaPart(reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        }

        return parts;
    }
}

/// <summary>How a schema differs from what the migrations make. Pure.</summary>
internal static class SchemaDrift
{
    private const int DefinitionCharactersMax = 300;

    private const string Restore =
        "put it back as the migrations make it (ManaAi.Actors/Database/Migrations), as role mana_ai_owner";

    public static IEnumerable<Symptom> Compare(
        IReadOnlyList<SchemaPart> expected,
        IReadOnlyList<SchemaPart> found
    )
    {
        var there = found.ToDictionary(part => part.Key);
        foreach (var part in expected)
        {
            if (!there.Remove(part.Key, out var real))
            {
                yield return Symptom.Fault(Checks.Schema, $"The {Name(part)} is missing.", Remedy(part));
            }
            else if (!part.IsLike(real))
            {
                yield return Symptom.Fault(
                    Checks.Schema,
                    $"The {Name(part)} is not as the migrations make it.{Difference(part, real)}",
                    Restore
                );
            }
        }

        // An index more slows writes, and a column more hurts nobody: whoever made it had a reason.
        foreach (var part in found.Where(part => there.ContainsKey(part.Key)))
        {
            yield return Symptom.Warning(
                Checks.Schema,
                $"The {Name(part)} is none of the migrations' making.",
                "take it out of the schema mana_ai if nobody needs it"
            );
        }
    }

    private static string Name(SchemaPart part) => $"{part.Kind} mana_ai.{part.Name}";

    private static string Remedy(SchemaPart part) =>
        part.Statement is { } statement ? $"run as role mana_ai_owner: {statement}" : Restore;

    private static string Difference(SchemaPart expected, SchemaPart real) =>
        expected.Kind == "function" ? "" : $" It is: {Cut(real)}; it should be: {Cut(expected)}";

    private static string Cut(SchemaPart part) =>
        part.Definition.Length <= DefinitionCharactersMax
            ? part.Definition
            : $"{part.Definition[..DefinitionCharactersMax]}…";
}
