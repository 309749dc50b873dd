using System.Globalization;
using ManaAi.Actors.Database;

namespace ManaAi.Actors.Diagnosis;

/// <summary>The server itself: its version, whether it takes writes, and its clock.</summary>
internal static class ServerCheck
{
    private const int VersionMin = 150_000;

    private const int ClockSamples = 3;

    public static async Task<Symptom> ConnectAsync(SyncDatabase database, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("ServerState"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var version = reader.GetString(0).Split(' ')[0]; // Behind it stands whose package it is.
        if (reader.GetInt32(1) < VersionMin)
        {
            return Symptom.Fault(
                Checks.Connection,
                $"PostgreSQL is {version}, and the service needs 15 or newer.",
                "upgrade PostgreSQL"
            );
        }

        return reader.GetBoolean(2) || reader.GetBoolean(3)
            ? Symptom.Fault(
                Checks.Connection,
                "The database takes no writes: it is a standby, or set to be read only.",
                "let SYNC_DATABASE_URL point to the primary; after a failover that is another host"
            )
            : Symptom.Well(Checks.Connection, $"PostgreSQL {version} answers and takes writes.");
    }

    /// <summary>The shortest of a few round trips tells most exactly.</summary>
    /// <param name="max">How far this machine's clock may be off and still be nothing to tell of.</param>
    public static async Task<Symptom> CompareClocksAsync(
        SyncDatabase database,
        TimeProvider time,
        TimeSpan max,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var (best, offset) = (TimeSpan.MaxValue, TimeSpan.Zero);
        for (var sample = 0; sample < ClockSamples; sample++)
        {
            var (asked, started) = (time.GetUtcNow(), time.GetTimestamp());
            await using var command = transaction.Command(Sql.Get("DatabaseClock"));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            var took = time.GetElapsedTime(started);
            if (took < best)
            {
                (best, offset) = (took, reader.GetInstant(0) - asked - (took / 2));
            }
        }

        var seconds = string.Create(CultureInfo.InvariantCulture, $"{Math.Abs(offset.TotalSeconds):0.###} s");
        if (offset.Duration() <= max)
        {
            return Symptom.Well(Checks.Clock, $"This machine's is {seconds} off the database's.");
        }

        return Symptom.Warning(
            Checks.Clock,
            $"This machine's clock is {seconds} {(offset > TimeSpan.Zero ? "behind" : "ahead of")} the database's. The "
                + "database's is the one that decides what is due: where it is wrong, missions run at the wrong time.",
            "see which of the two is wrong (timedatectl), and let NTP set it"
        );
    }
}
