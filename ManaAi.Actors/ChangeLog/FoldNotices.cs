using ManaAi.Actors.Missions;
using Microsoft.Extensions.Logging;

namespace ManaAi.Actors.ChangeLog;

/// <summary>What an operator should hear of what was folded: rows that did nothing, and missions that never run.</summary>
internal sealed class FoldNotices(FeedOptions options, Metrics metrics, ILogger logger)
{
    public void OfRecords(IReadOnlyList<FoldedRecord> folded)
    {
        foreach (var row in folded.SelectMany(one => one.Unfolded))
        {
            OfUnfolded(row);
        }

        foreach (
            var record in folded.Select(one => one.Record).Where(one => one.Mission is { IsDeleted: false })
        )
        {
            OfObstacle(record.Mission!, record.Stored.Key);
        }
    }

    public void OfUnfolded(UnfoldedRow row)
    {
        if (row.NewerSchema is { } version)
        {
            metrics.NewerSchemaRows.Add(1);
            Log.NewerSchema(logger, row.ChangeId, row.Key.ToString(), version);
        }
        else
        {
            metrics.UndecodableRows.Add(1);
            Log.Undecodable(logger, row.ChangeId, row.Key.ToString(), row.Reason);
        }
    }

    public void OfRow(ChangeRow row, DateTimeOffset now)
    {
        if (row.IsIdTooLong)
        {
            var reason = $"its record_id has more than {RecordKey.RecordIdBytesMax} bytes";
            OfUnfolded(new UnfoldedRow(row.Key, row.Position.Id, reason, NewerSchema: null));
        }

        if (row.Position.CreatedAt > now + options.FutureMax)
        {
            Log.FutureStamp(logger, row.Position.Id, row.Key.ToString(), row.Position.CreatedAt - now);
        }
    }

    private void OfObstacle(MissionState mission, RecordKey key)
    {
        switch (mission.Obstacle)
        {
            case Obstacles.Incomplete:
                Log.IncompleteMission(logger, key.ToString());
                break;
            case Obstacles.UnreadableNextRunAt:
                Log.UnreadableNextRunAt(logger, key.ToString());
                break;
        }
    }
}
