using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>The run ledger for an operator: page by page, or one run with what happened to it.</summary>
public sealed class RunList(SyncDatabase database)
{
    /// <summary>A run that was asked for as often as it may be has some dozens of them.</summary>
    private const int EventsMax = 500;

    private const int UserColumn = 25;

    /// <returns>The newest first; one more than asked for where there is a further page.</returns>
    public async Task<IReadOnlyList<LedgerRun>> ReadAsync(
        RunFilter filter,
        int rowsMax,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction
            .Command(Sql.Get("RunsPage"))
            .Add("user", filter.UserId)
            .Add("mission", filter.MissionId)
            .Add("is_open", filter.IsOpen)
            .Add("verdict", filter.Verdict)
            .Add("reason", filter.Reason)
            .Add("before", filter.Before)
            .Add("rows_max", rowsMax + 1L);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var runs = new List<LedgerRun>();
        while (await reader.ReadAsync(cancellationToken))
        {
            runs.Add(Read(reader));
        }

        return runs;
    }

    /// <returns>null where there is no such run.</returns>
    public async Task<(LedgerRun Run, IReadOnlyList<RunEvent> Events)?> FindAsync(
        long runId,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var find = transaction.Command(Sql.Get("FindRun")).Add("run", runId);
        LedgerRun run;
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
            {
                return null;
            }

            run = Read(reader);
        }

        await using var events = transaction
            .Command(Sql.Get("EventsOfRun"))
            .Add("run", runId)
            .Add("rows_max", (long)EventsMax);
        return (run, await RunEvent.ReadAllAsync(events, cancellationToken));
    }

    private static LedgerRun Read(NpgsqlDataReader reader) =>
        new(
            new MissionKey(
                new UserId(reader.GetString(UserColumn)),
                new MissionId(reader.GetString(UserColumn + 1))
            ),
            RunDetails.Read(reader)
        );
}

/// <summary>A run and whose it is.</summary>
public sealed record LedgerRun(MissionKey Mission, RunDetails Details);

/// <summary>Which runs are asked for; null is any.</summary>
public sealed record RunFilter
{
    public string? UserId { get; init; }

    public string? MissionId { get; init; }

    /// <summary>Only those without a verdict.</summary>
    public bool IsOpen { get; init; }

    public string? Verdict { get; init; }

    public string? Reason { get; init; }

    /// <summary>The last run of the page before.</summary>
    public long? Before { get; init; }
}
