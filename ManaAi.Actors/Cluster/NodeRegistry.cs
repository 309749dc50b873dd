using ManaAi.Actors.Database;
using ManaAi.Actors.Mailboxes;
using ManaAi.Actors.Runs;
using Microsoft.Extensions.Logging;

namespace ManaAi.Actors.Cluster;

/// <summary>What the registry is told, by its own timer.</summary>
public abstract record NodeMessage
{
    private NodeMessage() { } // Closed: only the cases below can exist.

    public sealed record BeatDue : NodeMessage;
}

/// <summary>
/// Shows this node in `mana_ai.nodes`: from when it is ready, by regular heartbeats, until it stops.
/// </summary>
/// <remarks>
/// Nothing is decided by that table, so nothing here may keep the service from working: a heartbeat that fails is said
/// once, and the next one comes at its time. The clock is the database's. When the process dies here, another node
/// misses the heartbeat and notes it.
/// </remarks>
public sealed class NodeRegistry : IActor<NodeMessage>, IAsyncDisposable
{
    /// <summary>Often enough that what is shown is of this minute, whatever the lease is.</summary>
    private static readonly TimeSpan BeatMax = TimeSpan.FromSeconds(10);

    /// <summary>Two heartbeats may be lost before a node is taken for gone.</summary>
    private const int BeatsOfSilence = 3;

    private readonly SyncDatabase _database;
    private readonly DatabaseGate _gate;
    private readonly NodeProfile _self;
    private readonly TimeProvider _time;
    private readonly Metrics _metrics;
    private readonly ILogger<NodeRegistry> _logger;
    private readonly Mailbox<NodeMessage> _mailbox;
    private readonly ITimer _timer;
    private readonly TimeSpan _beat;
    private readonly long _startedAt;
    private volatile bool _isShown;
    private bool _isFailing;

    public NodeRegistry(
        SyncDatabase database,
        DatabaseGate gate,
        NodeProfile self,
        RunOptions options,
        TimeProvider time,
        Metrics metrics,
        ILogger<NodeRegistry> logger
    )
    {
        (_database, _gate, _self, _time) = (database, gate, self, time);
        (_metrics, _logger) = (metrics, logger);
        _beat = options.Lease / 3 < BeatMax ? options.Lease / 3 : BeatMax;
        _startedAt = time.GetTimestamp();
        // One: a beat that is owed while another is under way is the same beat.
        _mailbox = new Mailbox<NodeMessage>(1, logger);
        _timer = time.CreateTimer(
            _ => _mailbox.TryTell(new NodeMessage.BeatDue()),
            null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan
        );
    }

    /// <summary>How many messages wait.</summary>
    public int Depth => _mailbox.Depth;

    public void Start()
    {
        _mailbox.Start(this);
        _timer.Change(TimeSpan.Zero, _beat);
    }

    /// <summary>The last thing a node does: from here on it is shown as gone.</summary>
    public async Task StopAsync(CancellationToken patience)
    {
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await _mailbox.StopAsync(patience);
        if (!_isShown)
        {
            return;
        }

        try
        {
            await using var transaction = await _database.BeginAsync(patience, _beat);
            await using var leave = transaction.Command(Sql.Get("Leave")).Add("node", _self.Id.Value);
            await leave.ExecuteNonQueryAsync(patience);
            await transaction.CommitAsync(patience);
            _isShown = false;
        }
        catch (Exception exception)
            when (exception.IsDatabaseFault() || exception is OperationCanceledException)
        {
            // The others will miss the heartbeat; that is only later.
            Log.HeartbeatFailed(_logger, DatabaseFaults.Describe(exception));
        }
    }

    public async Task HandleAsync(NodeMessage message, CancellationToken cancellationToken)
    {
        try
        {
            if (_gate.IsOpen || (await _gate.EnterAsync(cancellationToken)).Access is not null)
            {
                await BeatAsync(cancellationToken);
                _isFailing = false;
            }
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            if (!_isFailing)
            {
                Log.HeartbeatFailed(_logger, DatabaseFaults.Describe(exception));
            }

            _isFailing = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        _mailbox.Dispose();
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        // A beat that takes longer than the next one is away is no use to anybody.
        await using var transaction = await _database.BeginAsync(cancellationToken, _beat);
        await using var batch = transaction.Batch();
        batch
            .Then(Sql.Get("Beat"))
            .Add("node", _self.Id.Value)
            .Add("version", _self.Version)
            .Add("address", _self.Address)
            .Add("up_for", _time.GetElapsedTime(_startedAt))
            .Add("silence_max", _beat * BeatsOfSilence);
        batch.Then(Sql.Get("LookAround")).Add("node", _self.Id.Value);
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            _metrics.Nodes.Record(reader.GetInt64(0));
            foreach (var gone in reader.GetFieldValue<string[]>(1))
            {
                Log.NodeGone(_logger, gone);
            }
        }

        await transaction.CommitAsync(cancellationToken);
        _isShown = true;
    }
}
