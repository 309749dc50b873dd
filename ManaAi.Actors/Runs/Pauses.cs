using System.Globalization;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>
/// What operators have stopped: the whole service, a user, or one mission. A pause is a row that every claim looks at, so
/// all nodes obey it with their next claim; what is under way goes on.
/// </summary>
public sealed class Pauses(SyncDatabase database, ILogger<Pauses> logger)
{
    /// <param name="until">null: until someone resumes.</param>
    /// <returns>False: there is no such user or mission.</returns>
    public async Task<bool> PauseAsync(
        PauseScope scope,
        string reason,
        DateTimeOffset? until,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (scope.UserId.Length > 0)
        {
            await using var has = transaction
                .Command(Sql.Get("HasMission"))
                .Add("user", scope.UserId)
                .Add("mission", scope.MissionId);
            if (await has.ExecuteScalarAsync(cancellationToken) is not true)
            {
                return false;
            }
        }

        await using var pause = transaction
            .Command(Sql.Get("Pause"))
            .Add("user", scope.UserId)
            .Add("mission", scope.MissionId)
            .Add("reason", reason)
            .Add("until", until);
        await pause.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Log.Paused(
            logger,
            scope.ToString(),
            until?.ToString("O", CultureInfo.InvariantCulture) ?? "it is resumed"
        );
        return true;
    }

    /// <returns>False: it was not paused.</returns>
    public async Task<bool> ResumeAsync(PauseScope scope, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var resume = transaction
            .Command(Sql.Get("Resume"))
            .Add("user", scope.UserId)
            .Add("mission", scope.MissionId);
        if (await resume.ExecuteScalarAsync(cancellationToken) is null)
        {
            return false;
        }

        await using var wake = transaction.Command(Sql.Get("WakeAfterResume")).Add("user", scope.UserId);
        await wake.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Log.Resumed(logger, scope.ToString());
        return true;
    }

    /// <summary>Pauses each of these missions, all or none.</summary>
    public async Task PauseManyAsync(
        IReadOnlyList<MissionKey> missions,
        string reason,
        DateTimeOffset? until,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var pause = transaction
            .Command(Sql.Get("PauseMany"))
            .Add("users", missions.Select(mission => mission.UserId.Value).ToArray())
            .Add("records", missions.Select(mission => mission.MissionId.Value).ToArray())
            .Add("reason", reason)
            .Add("until", until);
        await pause.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <returns>How many of them were paused.</returns>
    public async Task<long> ResumeManyAsync(
        IReadOnlyList<PauseScope> scopes,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var resume = transaction
            .Command(Sql.Get("ResumeMany"))
            .Add("users", scopes.Select(scope => scope.UserId).ToArray())
            .Add("records", scopes.Select(scope => scope.MissionId).ToArray());
        var ended = (long)(await resume.ExecuteScalarAsync(cancellationToken))!;
        await transaction.CommitAsync(cancellationToken);
        return ended;
    }

    /// <summary>Those in force, the whole service first.</summary>
    public async Task<IReadOnlyList<PauseDetails>> ListAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("Pauses"));
        return await PauseDetails.ReadAllAsync(command, cancellationToken);
    }
}

/// <summary>The whole service where both are empty, a user where only the mission is.</summary>
public sealed record PauseScope(string UserId, string MissionId)
{
    public static PauseScope Service { get; } = new("", "");

    public override string ToString() =>
        (UserId, MissionId) switch
        {
            ("", _) => "The whole service",
            (_, "") => UserId,
            _ => $"{UserId}/{MissionId}",
        };
}

/// <param name="Until">null: until someone resumes.</param>
public sealed record PauseDetails(
    PauseScope Scope,
    string Reason,
    DateTimeOffset PausedAt,
    DateTimeOffset? Until
)
{
    internal static async Task<IReadOnlyList<PauseDetails>> ReadAllAsync(
        NpgsqlCommand command,
        CancellationToken cancellationToken
    )
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var pauses = new List<PauseDetails>();
        while (await reader.ReadAsync(cancellationToken))
        {
            pauses.Add(
                new PauseDetails(
                    new PauseScope(reader.GetString(0), reader.GetString(1)),
                    reader.GetString(2),
                    reader.GetInstant(3),
                    reader.GetNullable<DateTimeOffset>(4)
                )
            );
        }

        return pauses;
    }
}
