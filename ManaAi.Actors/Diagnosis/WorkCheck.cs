using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Diagnosis;

/// <summary>Whether anyone is at work, and whether something keeps them from it.</summary>
internal static class WorkCheck
{
    /// <param name="readAgeMax">A node that lives has read the log more lately than this.</param>
    public static async Task<Symptom> NodesAsync(
        SyncDatabase database,
        TimeSpan readAgeMax,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("NodeStates"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (alive, all) = (reader.GetInt64(0), reader.GetInt64(1));
        if (all == 0)
        {
            return Symptom.Well(Checks.Nodes, "None has run here yet.");
        }

        if (alive == 0)
        {
            return Symptom.Warning(
                Checks.Nodes,
                $"None has been alive since {IsoText.Milliseconds(reader.GetInstant(2))}, so nothing is planned.",
                "start the service: `mana-ai serve`"
            );
        }

        var age = reader.GetInstant(5) - (reader.GetNullable<DateTimeOffset>(4) ?? DateTimeOffset.UnixEpoch);
        var versions = string.Join(", ", reader.GetFieldValue<string[]>(3));
        if (age <= readAgeMax)
        {
            return Symptom.Well(
                Checks.Nodes,
                string.Create(CultureInfo.InvariantCulture, $"{alive} alive, of version {versions}.")
            );
        }

        return Symptom.Warning(
            Checks.Nodes,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{alive} alive, of version {versions}, and none has read the change log for {age.TotalMinutes:0} min."
            ),
            "see why with `mana-ai status` on each; with TICK_ENABLED=false only `mana-ai tick` reads it"
        );
    }

    public static async Task<IReadOnlyList<Symptom>> ClaimsAsync(
        SyncDatabase database,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("ReadGate")).Add("model", (string?)null);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var reading = await GateReading.ReadAsync(reader, cancellationToken);
        Symptom[] symptoms =
        [
            .. reading.Told.Select(one =>
                Symptom.Warning(Checks.Claims, $"{Capital(one.What)}.", one.Remedy)
            ),
        ];
        return symptoms.Length > 0 ? symptoms : [Symptom.Well(Checks.Claims, "Nothing holds them back.")];
    }

    private static string Capital(string text) => $"{char.ToUpperInvariant(text[0])}{text[1..]}";
}
