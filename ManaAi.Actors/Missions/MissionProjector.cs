using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Mailboxes;
using Microsoft.Extensions.Logging;

namespace ManaAi.Actors.Missions;

/// <summary>A record, what was stored of it, and the new rows to fold onto that.</summary>
/// <param name="Stored">null where the record is new, or folds from nothing.</param>
public sealed record RecordWork(RecordKey Key, StoredRecord? Stored, IReadOnlyList<ChangeRow> Rows);

/// <summary>A shard's share of a batch; the reply holds one result for each record, in the same order.</summary>
public sealed record ProjectShare(
    LogGeneration Generation,
    IReadOnlyList<RecordWork> Works,
    TaskCompletionSource<IReadOnlyList<FoldedRecord>> Reply
);

/// <summary>A record as it stands now, and those of its rows that did nothing.</summary>
public sealed record FoldedRecord(ProjectedRecord Record, IReadOnlyList<UnfoldedRow> Unfolded);

/// <summary>Folds its share of each batch. It keeps no state of its own: the projection is in the database.</summary>
public sealed class MissionProjector : IActor<ProjectShare>
{
    public Task HandleAsync(ProjectShare message, CancellationToken cancellationToken)
    {
        try
        {
            message.Reply.SetResult([.. message.Works.Select(work => Fold(message.Generation, work))]);
        }
        catch (Exception exception)
        {
            // The sender holds the transaction: it must learn of the failure and roll back.
            message.Reply.SetException(exception);
        }

        return Task.CompletedTask;
    }

    private static FoldedRecord Fold(LogGeneration generation, RecordWork work)
    {
        var projection = work.Stored is { } stored
            ? new RecordProjection(generation, stored)
            : new RecordProjection(generation, work.Key);
        foreach (var row in work.Rows)
        {
            projection.Add(row);
        }

        return new FoldedRecord(projection.ToRecord(), projection.Unfolded);
    }
}

/// <summary>The projectors: N shards by hash of the record's key, so that one record is always one shard's.</summary>
public sealed class MissionProjectors : IDisposable
{
    // A batch is split into one share a shard, and the feed sends one batch at a time.
    private const int MailboxCapacity = 4;

    private readonly Mailbox<ProjectShare>[] _shards;

    public MissionProjectors(int shards, ILogger<MissionProjectors> logger) =>
        _shards = [
            .. Enumerable.Range(0, shards).Select(_ => new Mailbox<ProjectShare>(MailboxCapacity, logger)),
        ];

    /// <summary>How many shares wait.</summary>
    public int Depth => _shards.Sum(shard => shard.Depth);

    public void Start()
    {
        foreach (var shard in _shards)
        {
            shard.Start(new MissionProjector());
        }
    }

    public Task StopAsync(CancellationToken patience) =>
        Task.WhenAll(_shards.Select(shard => shard.StopAsync(patience)));

    public void Dispose()
    {
        foreach (var shard in _shards)
        {
            shard.Dispose();
        }
    }

    /// <summary>Folds each record; the results come in no particular order.</summary>
    public async Task<IReadOnlyList<FoldedRecord>> FoldAsync(
        LogGeneration generation,
        IEnumerable<RecordWork> works,
        CancellationToken cancellationToken
    )
    {
        var replies = new List<Task<IReadOnlyList<FoldedRecord>>>(_shards.Length);
        foreach (var share in works.GroupBy(work => Shard(work.Key)))
        {
            var reply = new TaskCompletionSource<IReadOnlyList<FoldedRecord>>(
                TaskCreationOptions.RunContinuationsAsynchronously
            );
            await _shards[share.Key]
                .TellAsync(new ProjectShare(generation, [.. share], reply), cancellationToken);
            replies.Add(reply.Task.WaitAsync(cancellationToken));
        }

        return [.. (await Task.WhenAll(replies)).SelectMany(folded => folded)];
    }

    private int Shard(RecordKey key) => (int)(unchecked((uint)key.GetHashCode()) % (uint)_shards.Length);
}
