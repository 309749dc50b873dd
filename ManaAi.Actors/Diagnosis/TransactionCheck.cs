using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Diagnosis;

/// <summary>Transactions that others leave open: while one has written, each tick looks again at all rows since.</summary>
internal static class TransactionCheck
{
    private const int RowsMax = 20;

    /// <param name="longest">How long one may be open and still be nothing to tell of.</param>
    public static async Task<IReadOnlyList<Symptom>> RunAsync(
        SyncDatabase database,
        TimeSpan longest,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction
            .Command(Sql.Get("OpenTransactions"))
            .Add("longest", longest)
            .Add("rows_max", (long)RowsMax);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var symptoms = new List<Symptom>();
        while (await reader.ReadAsync(cancellationToken))
        {
            symptoms.Add(Read(reader));
        }

        return symptoms.Count > 0
            ? symptoms
            :
            [
                Symptom.Well(
                    Checks.Transactions,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"None has been open for more than {longest.TotalMinutes:0.#} min."
                    )
                ),
            ];
    }

    private static Symptom Read(NpgsqlDataReader reader)
    {
        var (name, pid) = (reader.GetString(0), reader.GetNullable<int>(1));
        string?[] about =
        [
            reader.GetText(2) is { } owner ? $"of {owner}" : null,
            reader.GetText(3) is { } database ? $"in {database}" : null,
            reader.GetText(4),
            reader.GetText(5),
        ];
        var age = string.Create(
            CultureInfo.InvariantCulture,
            $"{(reader.GetBoolean(6) ? "at least " : "")}{reader.GetDouble(8) / 60:0} min"
        );
        var sentence =
            $"The transaction {name} ({string.Join(", ", about.Where(part => part is not null))}) has been open for "
            + $"{age}, since {IsoText.Milliseconds(reader.GetInstant(7))}: each tick reads again what was written "
            + "since, and after SWEEP_WINDOW_MS its own rows would not be found.";
        return Symptom.Warning(
            Checks.Transactions,
            sentence,
            pid is { } process
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"find out what it is (select * from pg_stat_activity where pid = {process}), and end it: "
                ) + string.Create(CultureInfo.InvariantCulture, $"select pg_terminate_backend({process})")
                : $"commit it or take it back: ROLLBACK {name.ToUpperInvariant()[..8]}{name[8..]}"
        );
    }
}
