using ManaAi.Actors.Cluster;
using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;
using Npgsql;

namespace ManaAi.Actors.Overviews;

/// <summary>Reads the pulse in one round trip; each question costs what is open or recent, never the ledger's length.</summary>
public sealed class PulseReader(SyncDatabase database)
{
    public const int MinutesShown = 60;

    public async Task<Pulse> ReadAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var batch = transaction.Batch();
        batch.Then(Sql.Get("PulseRuns"));
        batch.Then(Sql.Get("PulseMinutes"));
        batch.Then(Sql.Get("PulseCursor"));
        batch.Then(Sql.Get("UsageOfDay"));
        batch.Then(Sql.Get("ReadGate")).Add("model", (string?)null);
        NodeList.AddTo(batch);

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var pulse = ReadOpen(reader);
        await reader.NextResultAsync(cancellationToken);
        pulse = pulse with { Minutes = await ReadMinutesAsync(reader, pulse.Now, cancellationToken) };
        await reader.NextResultAsync(cancellationToken);
        if (await reader.ReadAsync(cancellationToken))
        {
            pulse = pulse with
            {
                LogReadAt = reader.GetNullable<DateTimeOffset>(0),
                Pauses = reader.GetInt64(2),
            };
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        pulse = pulse with { Tokens = (reader.GetInt64(0), reader.GetInt64(1)) };
        await reader.NextResultAsync(cancellationToken);
        pulse = pulse with { Gate = await GateReading.ReadAsync(reader, cancellationToken) };
        await reader.NextResultAsync(cancellationToken);
        return pulse with { Nodes = await NodeList.ReadAllAsync(reader, cancellationToken) };
    }

    private static Pulse ReadOpen(NpgsqlDataReader reader)
    {
        var (claimed, claimable, all) = (reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
        return new Pulse(reader.GetInstant(0))
        {
            Open = new OpenRuns(
                claimed,
                claimable,
                all - claimed - claimable,
                reader.GetNullable<DateTimeOffset>(4)
            ),
        };
    }

    private static async Task<IReadOnlyList<MinuteOfRuns>> ReadMinutesAsync(
        NpgsqlDataReader reader,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var last = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
        var minutes = Enumerable
            .Range(1 - MinutesShown, MinutesShown)
            .Select(minute => last.AddMinutes(minute))
            .ToDictionary(at => at, at => new MinuteOfRuns(at, 0, 0, 0));
        while (await reader.ReadAsync(cancellationToken))
        {
            var (at, count) = (reader.GetInstant(0), reader.GetInt64(2));
            if (minutes.TryGetValue(at, out var minute))
            {
                minutes[at] = reader.GetString(1) switch
                {
                    "planned" or "empty" => minute with { Planned = minute.Planned + count },
                    "failed" => minute with { Failed = count },
                    _ => minute with { Other = minute.Other + count },
                };
            }
        }

        return [.. minutes.Values.OrderBy(minute => minute.At)];
    }
}
