using System.Data;
using System.Text.Json;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Npgsql;

namespace ManaAi.Actors.Forecasts;

/// <summary>
/// Counts ahead over the projection as it stands, in one read-only transaction under one snapshot: missions are
/// streamed, and nothing waits for it or is changed by it.
/// </summary>
public sealed class ForecastReader(SyncDatabase database)
{
    // A statement lasts as long as its rows are taken, which a schedule of every minute makes long.
    private static readonly TimeSpan StatementMax = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan History = TimeSpan.FromDays(ForecastHistory.Days);

    /// <exception cref="NpgsqlException">The database is away, or was never migrated.</exception>
    public async Task<Forecast> ReadAsync(
        ForecastWindow window,
        ForecastOptions options,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(
            cancellationToken,
            StatementMax,
            IsolationLevel.RepeatableRead
        );
        await using (var begin = transaction.Command(Sql.Get("BeginForecast")))
        {
            await begin.ExecuteNonQueryAsync(cancellationToken);
        }

        var (history, isGenerationOne) = await ReadHistoryAsync(transaction, cancellationToken);
        var counter = new ForecastCounter(window, options, history);
        await using var command = transaction
            .Command(Sql.Get("ForecastMissions"))
            .Add("history", History)
            .Add("begin", window.Begin)
            .Add("is_generation_one", isGenerationOne);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            counter.Add(ReadMission(reader));
        }

        return counter.Finish();
    }

    private static async Task<(ForecastHistory History, bool IsGenerationOne)> ReadHistoryAsync(
        DatabaseTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("ForecastHistory")).Add("history", History);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var history = new ForecastHistory(
            reader.GetInt64(0),
            reader.GetInt64(1),
            reader.GetInt64(2),
            reader.GetDouble(3)
        )
        {
            LogReadAt = reader.GetNullable<DateTimeOffset>(4),
        };
        return (history, reader.GetNullable<int>(5) == 1);
    }

    private static ForecastMission ReadMission(NpgsqlDataReader reader) =>
        new(new UserId(reader.GetString(0)))
        {
            Cadence = ReadCadence(reader.GetJson(1)),
            TimeZone = reader.GetText(2),
            NextRunAt = reader.GetNullable<DateTimeOffset>(3),
            IsCadenceNewer = reader.GetBoolean(4),
            IsSettled = reader.GetBoolean(5),
            IsBegun = reader.GetBoolean(6),
            IsHurried = reader.GetBoolean(7),
            PausedUntil = reader.GetNullable<DateTimeOffset>(8),
            SpreadShare = reader.GetDouble(9),
            Agent = reader.GetText(10) is { } agent
                ? new ForecastAgent(new AgentId(agent), reader.GetText(11), reader.GetNullable<long>(12))
                : null,
            Tokens =
                Estimate(reader, TokenBasis.Mission, 13)
                ?? Estimate(reader, TokenBasis.Agent, 15)
                ?? Estimate(reader, TokenBasis.User, 17),
        };

    private static Cadence ReadCadence(ReadOnlyMemory<byte>? json)
    {
        if (json is not { } bytes)
        {
            return CadenceJson.Parse(null);
        }

        using var document = JsonDocument.Parse(bytes, RecordJson.Options);
        return CadenceJson.Parse(document.RootElement);
    }

    private static TokenEstimate? Estimate(NpgsqlDataReader reader, TokenBasis basis, int column) =>
        reader.GetNullable<long>(column) is { } runs
            ? new TokenEstimate(basis, reader.GetDouble(column + 1) / runs, runs)
            : null;
}
