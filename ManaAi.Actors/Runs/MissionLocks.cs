using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>
/// Locks users, missions and runs, in the order that holds everywhere, and folds what is newer in the log. The log is read
/// as each mission's user, so that no row of another can get in.
/// </summary>
/// <param name="waits">
/// False: what somebody else has locked is left. So nobody waits in a circle, and of several none for another's sake.
/// </param>
internal sealed class MissionLocks(
    DatabaseTransaction transaction,
    LogAccess access,
    IReadOnlyList<(MissionKey Mission, RunReference Run)> asked,
    TimeSpan sweepWindow,
    bool waits
)
{
    private readonly Dictionary<MissionKey, StoredRecord> _stored = [];
    private readonly HashSet<UserId> _users = [];
    private readonly Dictionary<int, bool> _runs = []; // By place in what is asked: whether the claim is ours.
    private readonly HashSet<Guid> _folded = [];
    private readonly List<List<ChangeRow>> _fresh = [];
    private long _sweepXmin = 3;
    private DateTimeOffset _now;

    /// <returns>
    /// For each its mission; null where the projection has none, or it was left. Of several also null for those to be taken
    /// alone: their record must be read from nothing, or a row of theirs is ahead of the clock and would take the others'
    /// rows with it.
    /// </returns>
    public async Task<IReadOnlyList<LockedMission?>> TakeAsync(CancellationToken cancellationToken)
    {
        await using (var batch = transaction.Batch())
        {
            Add(batch);
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            await ReadAsync(reader, cancellationToken);
        }

        var taken = new List<LockedMission?>();
        for (var place = 0; place < asked.Count; place++)
        {
            taken.Add(await OneAsync(place, cancellationToken));
        }

        return taken;
    }

    private void Add(NpgsqlBatch batch)
    {
        var users = asked.Select(one => one.Mission.UserId.Value).ToArray();
        var records = asked.Select(one => one.Mission.MissionId.Value).ToArray();
        var wait = waits ? "" : " skip locked";
        batch.Then(KeyedPlans.Select);
        batch.Then(Sql.Get("LockUsersOfMissions") + wait).Add("users", users);
        batch.Then(Sql.Get("LockMissionsOfRuns") + wait).Add("users", users).Add("records", records);
        batch
            .Then(Sql.Get("LockRuns") + wait)
            .Add("runs", asked.Select(one => one.Run.RunId).ToArray())
            .Add("epochs", asked.Select(one => one.Run.Epoch).ToArray())
            .Add("node", asked[0].Run.Owner);
        batch
            .Then(Sql.Get("FoldedOfRecords"))
            .Add("users", users)
            .Add("records", records)
            .Add("window", sweepWindow);
        access.TakeUserRole(batch);
        foreach (var (mission, _) in asked)
        {
            LogAccess.ActAs(batch, mission.UserId);
            batch
                .Then(access.Shape.Statement("ReadRecordSince"))
                .Add("user", mission.UserId.Value)
                .Add("record", mission.MissionId.Value);
        }

        access.BecomeSelf(batch);
        batch.Then(Sql.Get("DatabaseClock"));
    }

    private async Task ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        await reader.NextResultAsync(cancellationToken); // Past how it is planned.
        while (await reader.ReadAsync(cancellationToken))
        {
            _users.Add(new UserId(reader.GetString(0)));
        }

        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var stored = ProjectionStore.Read(reader, RecordKey.MissionsTable);
            _stored.Add(
                new MissionKey(new UserId(stored.Key.UserId), new MissionId(stored.Key.RecordId)),
                stored
            );
        }

        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            _runs.Add((int)reader.GetInt64(0) - 1, reader.GetBoolean(1));
        }

        await reader.NextResultAsync(cancellationToken);
        if (await reader.ReadAsync(cancellationToken))
        {
            _sweepXmin = long.Parse(reader.GetString(0), CultureInfo.InvariantCulture);
            _folded.UnionWith(reader.GetFieldValue<Guid[]>(1));
        }

        foreach (var _ in asked)
        {
            await reader.NextResultAsync(cancellationToken); // Past the setting of the user.
            await reader.NextResultAsync(cancellationToken);
            _fresh.Add(await ReadFreshAsync(reader, cancellationToken));
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        _now = reader.GetInstant(0);
    }

    private async Task<List<ChangeRow>> ReadFreshAsync(
        NpgsqlDataReader reader,
        CancellationToken cancellationToken
    )
    {
        var fresh = new List<ChangeRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = ChangeRowReader.Read(reader, 0);
            if (!_folded.Contains(row.Position.Id))
            {
                fresh.Add(row);
            }
        }

        return fresh;
    }

    private async Task<LockedMission?> OneAsync(int place, CancellationToken cancellationToken)
    {
        var (mission, _) = asked[place];
        if (!_stored.TryGetValue(mission, out var stored) || IsLeft(place))
        {
            return null;
        }

        var isMine = _runs.GetValueOrDefault(place);
        if (!IsBehind(_fresh[place], stored))
        {
            var projection = new RecordProjection(access.Shape.Generation, stored);
            _fresh[place].ForEach(projection.Add);
            return asked.Count == 1 || projection.Position.CreatedAt < _now
                ? new LockedMission(mission, projection, _fresh[place], _now, isMine)
                : null;
        }

        if (asked.Count > 1)
        {
            return null;
        }

        var read = new List<ChangeRow>();
        var whole = await ReadWholeAsync(mission, read, cancellationToken);
        return new LockedMission(mission, whole, read, _now, isMine);
    }

    private bool IsLeft(int place) =>
        !waits && !(_users.Contains(asked[place].Mission.UserId) && _runs.ContainsKey(place));

    /// <summary>A row behind the last folded one: the record from nothing.</summary>
    private static bool IsBehind(List<ChangeRow> fresh, StoredRecord stored) =>
        fresh.Count > 0 && fresh[0].Position <= stored.Position;

    /// <summary>Still as the user.</summary>
    private async Task<RecordProjection> ReadWholeAsync(
        MissionKey mission,
        List<ChangeRow> read,
        CancellationToken cancellationToken
    )
    {
        await using (var become = transaction.Batch())
        {
            access.BecomeUser(become, mission.UserId);
            await become.ExecuteNonQueryAsync(cancellationToken);
        }

        var key = new RecordKey(
            mission.UserId.Value,
            RecordKey.App,
            RecordKey.MissionsTable,
            mission.MissionId.Value
        );
        var projection = await RecordReader.ProjectAsync(
            transaction,
            access.Shape,
            key,
            _sweepXmin,
            read,
            cancellationToken
        );
        await using var back = transaction.Batch();
        access.BecomeSelf(back);
        if (back.BatchCommands.Count > 0)
        {
            await back.ExecuteNonQueryAsync(cancellationToken);
        }

        return projection;
    }
}
