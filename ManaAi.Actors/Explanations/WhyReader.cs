using System.Data;
using System.Text.Json;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using NodaTime;
using Npgsql;

namespace ManaAi.Actors.Explanations;

/// <summary>Reads what decides about one mission, all of it as it stood at one moment.</summary>
public sealed class WhyReader(
    SyncDatabase database,
    PlannerOptions asking,
    ScheduleOptions schedule,
    BudgetOptions budgets
)
{
    private const int RateLimitedSinceColumn = 25;
    private const int IsHurriedColumn = 26;

    /// <param name="generation">Of the log, for the model that would be asked.</param>
    /// <returns>null where no row of the change log ever named this mission.</returns>
    public async Task<WhyFacts?> ReadAsync(
        MissionKey key,
        ChangeLog.LogGeneration generation,
        CancellationToken cancellationToken
    )
    {
        // One snapshot for all statements, or a run that is claimed meanwhile would be told as nobody's and as running.
        await using var transaction = await database.BeginAsync(
            cancellationToken,
            isolation: IsolationLevel.RepeatableRead
        );
        if (await ReadMissionAsync(transaction, key, cancellationToken) is not var (facts, agentTokens))
        {
            return null;
        }

        facts = await WithRunsAsync(transaction, facts, cancellationToken);
        facts = facts with
        {
            Pauses = await ReadPausesAsync(transaction, key, cancellationToken),
            Gate = await ReadGateAsync(transaction, asking.ModelFor(generation), cancellationToken),
        };
        var use = new BudgetUse(key, facts.Open?.RunId ?? 0, facts.Agent?.Id, agentTokens);
        return facts with { Spendings = await ReadSpendingsAsync(transaction, use, cancellationToken) };
    }

    private async Task<(WhyFacts Facts, long? AgentTokens)?> ReadMissionAsync(
        DatabaseTransaction transaction,
        MissionKey key,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction
            .Command(Sql.Get("WhyMission"))
            .Add("user", key.UserId.Value)
            .Add("mission", key.MissionId.Value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        var facts = new WhyFacts(key, reader.GetInstant(14))
        {
            State = reader.GetText(1),
            NextRunAt = reader.GetNullable<DateTimeOffset>(2),
            Obstacle = reader.GetText(3),
            RunningUntil = reader.GetNullable<DateTimeOffset>(4),
            IsDeleted = reader.GetBoolean(5),
            NeedsSchedule = reader.GetBoolean(6),
            NewerSchema = reader.GetNullable<int>(7),
            Agent = reader.GetText(8) is { } agent
                ? new WhyAgent(agent, reader.GetText(9) ?? "active", reader.GetInt32(10), reader.GetInt64(13))
                : null,
            UserRunning = reader.GetInt64(12),
        };
        // A cadence that is newer than nextRunAt says nothing of the hour at which that one was meant to be.
        var meant = reader.GetBoolean(15) ? null : facts.NextRunAt;
        return (WithRecord(facts, reader.GetJson(0), meant), reader.GetNullable<long>(11));
    }

    /// <param name="meant">The nextRunAt that tells the zone; null where none does.</param>
    private WhyFacts WithRecord(WhyFacts facts, ReadOnlyMemory<byte>? json, DateTimeOffset? meant)
    {
        if (json is not { } bytes)
        {
            return facts with { IsDeleted = true };
        }

        using var document = JsonDocument.Parse(bytes, RecordJson.Options);
        var record = document.RootElement;
        var cadence = record.Object("cadence") is { } found ? CadenceJson.Parse(found) : null;
        return facts with
        {
            Cadence = cadence,
            Zone = cadence is null ? null : ZoneOf(RecordText.Text(record, "timeZone"), cadence, meant),
            Unreviewed = record
                .Array("iterations")
                .Count(one => SkipRule.IsUnreviewed(MissionReader.ReadIteration(one))),
        };
    }

    /// <summary>A zone that is no tzdb name is a user's text: it is told that there is one, and not what it says.</summary>
    private MissionZone ZoneOf(string? name, Cadence cadence, DateTimeOffset? meant)
    {
        var isUsable =
            string.IsNullOrWhiteSpace(name)
            || DateTimeZoneProviders.Tzdb.GetZoneOrNull(name.Trim()) is not null;
        var zone = ZoneInference.Infer(
            isUsable ? name : null,
            cadence,
            meant is { } at ? Instant.FromDateTimeOffset(at) : null,
            schedule.DefaultZone
        );
        return isUsable
            ? zone
            : zone with
            {
                Sentence = $"The mission's timeZone is no tzdb name. {zone.Sentence}",
                German = $"Die timeZone der Mission ist kein Name der tzdb. {zone.German}",
            };
    }

    private static async Task<WhyFacts> WithRunsAsync(
        DatabaseTransaction transaction,
        WhyFacts facts,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction
            .Command(Sql.Get("WhyRuns"))
            .Add("user", facts.Key.UserId.Value)
            .Add("mission", facts.Key.MissionId.Value)
            .Add("next_run_at", facts.NextRunAt);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var closed = new List<RunDetails>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var run = RunDetails.Read(reader);
            if (run.Verdict is null)
            {
                facts = facts with
                {
                    Open = run,
                    RateLimitedSince = reader.GetNullable<DateTimeOffset>(RateLimitedSinceColumn),
                    IsHurried = reader.GetBoolean(IsHurriedColumn),
                };
            }
            else
            {
                closed.Add(run);
            }
        }

        closed.Sort((one, other) => Nullable.Compare(one.ClosedAt, other.ClosedAt));
        return facts with
        {
            Last = closed.LastOrDefault(),
            LastPlanned = closed.LastOrDefault(run => run.Verdict is "planned" or "empty" or "failed"),
            AtNextRun = closed.Find(run => run.DueAt == facts.NextRunAt),
        };
    }

    private static async Task<IReadOnlyList<PauseDetails>> ReadPausesAsync(
        DatabaseTransaction transaction,
        MissionKey key,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction
            .Command(Sql.Get("WhyPauses"))
            .Add("user", key.UserId.Value)
            .Add("mission", key.MissionId.Value);
        return await PauseDetails.ReadAllAsync(command, cancellationToken);
    }

    private static async Task<GateReading> ReadGateAsync(
        DatabaseTransaction transaction,
        string model,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("ReadGate")).Add("model", model);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await GateReading.ReadAsync(reader, cancellationToken);
    }

    private async Task<IReadOnlyList<Spending>> ReadSpendingsAsync(
        DatabaseTransaction transaction,
        BudgetUse use,
        CancellationToken cancellationToken
    )
    {
        var limits = Budget.Of(use, budgets);
        var spendings = new List<Spending>();
        if (limits.Count == 0)
        {
            return spendings;
        }

        await using var batch = transaction.Batch();
        foreach (var budget in limits)
        {
            budget.AddReading(batch, use);
        }

        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        foreach (var budget in limits)
        {
            await reader.ReadAsync(cancellationToken);
            spendings.Add(new Spending(budget.Kind, budget.Limit, reader.GetInt64(0), reader.GetInt64(1)));
            await reader.NextResultAsync(cancellationToken);
        }

        return spendings;
    }
}
