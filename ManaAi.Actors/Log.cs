using Microsoft.Extensions.Logging;

namespace ManaAi.Actors;

/// <summary>
/// Everything the actors can say, one line for each thing that matters. A line names the mission, the occurrence and the
/// epoch; never a prompt, a key, or text of a user, a model or a server: the ledger keeps that. Ids: 1xx mailboxes and
/// database, 2xx change log, 3xx ticks, 4xx runs, 5xx planning, 6xx keys.
/// </summary>
internal static partial class Log
{
    [LoggerMessage(101, LogLevel.Error, "Handling {Message} failed; the actor goes on")]
    public static partial void MessageFailed(ILogger logger, string message, Exception exception);

    [LoggerMessage(
        110,
        LogLevel.Information,
        "Schema mana_ai is at {Migration}; {Applied} migrations were applied now"
    )]
    public static partial void Migrated(ILogger logger, string migration, int applied);

    [LoggerMessage(111, LogLevel.Error, "Not ready: {Reason}")]
    public static partial void NotReady(ILogger logger, string reason);

    [LoggerMessage(112, LogLevel.Information, "Ready: change log of generation {Generation}, as {Login}")]
    public static partial void Ready(ILogger logger, int generation, string login);

    [LoggerMessage(113, LogLevel.Warning, "{Degradation}")]
    public static partial void Degraded(ILogger logger, string degradation);

    [LoggerMessage(
        120,
        LogLevel.Warning,
        "The heartbeat failed ({Reason}); others may show this node as gone. Not said again until it works"
    )]
    public static partial void HeartbeatFailed(ILogger logger, string reason);

    [LoggerMessage(121, LogLevel.Warning, "Node {Node} stopped without a word: its heartbeat is missing")]
    public static partial void NodeGone(ILogger logger, string node);

    [LoggerMessage(114, LogLevel.Warning, "{Sentence}")]
    public static partial void LogIndexMissing(ILogger logger, string sentence);

    [LoggerMessage(115, LogLevel.Information, "The change log has its index for what is new, after {Took}")]
    public static partial void LogIndexThere(ILogger logger, TimeSpan took);

    [LoggerMessage(
        116,
        LogLevel.Warning,
        "The change log's index is not built after {Waited}; ticks go on without it meanwhile"
    )]
    public static partial void LogIndexTakesLong(ILogger logger, TimeSpan waited);

    [LoggerMessage(
        117,
        LogLevel.Warning,
        "The change log's index mana_ai_log_created_at is INVALID, since a build failed; it is built again"
    )]
    public static partial void LogIndexBroken(ILogger logger);

    [LoggerMessage(118, LogLevel.Error, "The change log's index was not built: {Reason}. {Sentence}")]
    public static partial void LogIndexNotBuilt(ILogger logger, string reason, string sentence);

    [LoggerMessage(119, LogLevel.Information, "The wake-up trigger on the change log was made")]
    public static partial void WakeUpTriggerMade(ILogger logger);

    [LoggerMessage(122, LogLevel.Warning, "{Reason}")]
    public static partial void WakeUpTriggerMissing(ILogger logger, string reason);

    [LoggerMessage(
        123,
        LogLevel.Information,
        "A pooler stands before the database: no statement is prepared"
    )]
    public static partial void PoolerFound(ILogger logger);

    [LoggerMessage(201, LogLevel.Warning, "Change {ChangeId} of {Record} does nothing: {Reason}")]
    public static partial void Undecodable(ILogger logger, Guid changeId, string record, string reason);

    [LoggerMessage(
        202,
        LogLevel.Warning,
        "Change {ChangeId} of {Record} has schema_version {Version}, newer than this service understands; "
            + "the record is not run until the service is upgraded"
    )]
    public static partial void NewerSchema(ILogger logger, Guid changeId, string record, int version);

    [LoggerMessage(203, LogLevel.Warning, "Folding the change log from nothing: {Reason}")]
    public static partial void FoldingFromNothing(ILogger logger, string reason);

    [LoggerMessage(
        204,
        LogLevel.Information,
        "Folded {Rows} changes into {Records} records from nothing in {Took}"
    )]
    public static partial void FoldedFromNothing(ILogger logger, long rows, long records, TimeSpan took);

    [LoggerMessage(
        205,
        LogLevel.Warning,
        "{Rows} changes became visible later than the margin and were found by the sweep; "
            + "a transaction stayed open for longer than LOG_MARGIN_MS"
    )]
    public static partial void LateRows(ILogger logger, int rows);

    [LoggerMessage(
        206,
        LogLevel.Warning,
        "Mission {Mission} is never due: its record lacks an objective or a cadence"
    )]
    public static partial void IncompleteMission(ILogger logger, string mission);

    [LoggerMessage(
        207,
        LogLevel.Warning,
        "Mission {Mission} is never due: its nextRunAt does not read as an instant"
    )]
    public static partial void UnreadableNextRunAt(ILogger logger, string mission);

    [LoggerMessage(
        208,
        LogLevel.Warning,
        "Change {ChangeId} of {Record} is stamped {Ahead} ahead of the database's clock"
    )]
    public static partial void FutureStamp(ILogger logger, Guid changeId, string record, TimeSpan ahead);

    [LoggerMessage(209, LogLevel.Warning, "The database's clock was set back by {By}; the log was swept")]
    public static partial void ClockSetBack(ILogger logger, TimeSpan by);

    [LoggerMessage(301, LogLevel.Debug, "Tick: {Rows} changes folded, {Open} occurrences claimable, {Took}")]
    public static partial void Ticked(ILogger logger, long rows, long open, TimeSpan took);

    [LoggerMessage(302, LogLevel.Error, "Tick failed: {Reason}")]
    public static partial void TickFailed(ILogger logger, string reason, Exception? exception);

    [LoggerMessage(
        308,
        LogLevel.Warning,
        "Claiming failed ({Reason}); it is tried again every second, and not said again until it works"
    )]
    public static partial void ClaimingFailed(ILogger logger, string reason);

    [LoggerMessage(309, LogLevel.Warning, "{What} is paused until {Until}; nobody claims its runs")]
    public static partial void Paused(ILogger logger, string what, string until);

    [LoggerMessage(310, LogLevel.Information, "{What} is no longer paused")]
    public static partial void Resumed(ILogger logger, string what);

    [LoggerMessage(303, LogLevel.Information, "Listening for missions that devices make due")]
    public static partial void Listening(ILogger logger);

    [LoggerMessage(
        304,
        LogLevel.Information,
        "This connection hears no notifications (a pooler may stand between); ticks alone find what is due"
    )]
    public static partial void CannotListen(ILogger logger);

    [LoggerMessage(305, LogLevel.Warning, "Wake-ups are not heard: {Reason}; connecting again in {Wait}")]
    public static partial void WakeUpsLost(ILogger logger, string reason, TimeSpan wait);

    [LoggerMessage(307, LogLevel.Debug, "Upkeep was left for a later tick: {Reason}")]
    public static partial void UpkeepFailed(ILogger logger, string reason);

    [LoggerMessage(306, LogLevel.Debug, "Pruned {Rows} rows of {Table}")]
    public static partial void Pruned(ILogger logger, long rows, string table);

    [LoggerMessage(
        401,
        LogLevel.Warning,
        "Claim on {Mission} due {DueAt:O} was lost at epoch {Epoch}; nothing was written"
    )]
    public static partial void ClaimLost(ILogger logger, string mission, DateTimeOffset dueAt, long epoch);

    [LoggerMessage(402, LogLevel.Information, "{Mission} due {DueAt:O} epoch {Epoch}: {Verdict} {Reason}")]
    public static partial void RunClosed(
        ILogger logger,
        string mission,
        DateTimeOffset dueAt,
        long epoch,
        string verdict,
        string reason
    );

    [LoggerMessage(
        403,
        LogLevel.Warning,
        "{Mission} due {DueAt:O} epoch {Epoch}: attempt {Attempt} failed ({Reason}); next in {Wait}"
    )]
    public static partial void AttemptFailed(
        ILogger logger,
        string mission,
        DateTimeOffset dueAt,
        long epoch,
        int attempt,
        string reason,
        TimeSpan wait
    );

    [LoggerMessage(
        404,
        LogLevel.Information,
        "Claimed {Mission} due {DueAt:O} epoch {Epoch} attempt {Attempt}"
    )]
    public static partial void Claimed(
        ILogger logger,
        string mission,
        DateTimeOffset dueAt,
        long epoch,
        int attempt
    );

    [LoggerMessage(
        405,
        LogLevel.Warning,
        "Took over {Mission} due {DueAt:O} at epoch {Epoch}: its lease had run out"
    )]
    public static partial void TookOver(ILogger logger, string mission, DateTimeOffset dueAt, long epoch);

    [LoggerMessage(406, LogLevel.Information, "Handed back {Runs} runs under way")]
    public static partial void HandedBack(ILogger logger, int runs);

    [LoggerMessage(
        407,
        LogLevel.Information,
        "{Mission} due {DueAt:O} was closed before; its schedule is moved on"
    )]
    public static partial void ScheduleRepaired(ILogger logger, string mission, DateTimeOffset dueAt);

    [LoggerMessage(408, LogLevel.Warning, "{Mission} due {DueAt:O}: {Reason} It is not run again by itself")]
    public static partial void UnreadableCadence(
        ILogger logger,
        string mission,
        DateTimeOffset dueAt,
        string reason
    );

    [LoggerMessage(
        409,
        LogLevel.Error,
        "{Mission} due {DueAt:O} epoch {Epoch}: the change log did not take the result ({SqlState})"
    )]
    public static partial void WriteRefused(
        ILogger logger,
        string mission,
        DateTimeOffset dueAt,
        long epoch,
        string sqlState
    );

    [LoggerMessage(
        410,
        LogLevel.Warning,
        "{Count} occurrences were due longer ago than MISSED_AFTER_MS ({MissedAfter}), the oldest at {Oldest:O}; "
            + "they are skipped, and their schedules move on"
    )]
    public static partial void Abandoned(
        ILogger logger,
        long count,
        DateTimeOffset oldest,
        TimeSpan missedAfter
    );

    [LoggerMessage(
        411,
        LogLevel.Information,
        "{Mission} due {DueAt:O} epoch {Epoch} is made up for once; {Missed} later occurrences had passed"
    )]
    public static partial void Missed(
        ILogger logger,
        string mission,
        DateTimeOffset dueAt,
        long epoch,
        int missed
    );

    [LoggerMessage(412, LogLevel.Information, "{Mission} is run by cron and got its first nextRunAt")]
    public static partial void FirstScheduled(ILogger logger, string mission);

    [LoggerMessage(
        413,
        LogLevel.Error,
        "{Mission}: the change log does not let its schedule move on ({SqlState}). Not said again until it does"
    )]
    public static partial void ScheduleRefused(ILogger logger, string mission, string sqlState);

    [LoggerMessage(
        414,
        LogLevel.Error,
        "{Mission} due {DueAt:O} epoch {Epoch}: nothing can be written into it any more. {Detail}"
    )]
    public static partial void TooLarge(
        ILogger logger,
        string mission,
        DateTimeOffset dueAt,
        long epoch,
        string detail
    );

    [LoggerMessage(
        415,
        LogLevel.Warning,
        "{Mission} due {DueAt:O} epoch {Epoch} was interrupted: {Reason}; it goes on when its lease is over"
    )]
    public static partial void RunInterrupted(
        ILogger logger,
        string mission,
        DateTimeOffset dueAt,
        long epoch,
        string reason
    );

    [LoggerMessage(
        416,
        LogLevel.Warning,
        "The leases of {Runs} runs under way were not renewed: {Reason}; while that lasts, others take them over"
    )]
    public static partial void LeasesNotRenewed(ILogger logger, int runs, string reason);

    [LoggerMessage(
        417,
        LogLevel.Warning,
        "Runs under way were not handed back: {Reason}; others take them over when their leases run out"
    )]
    public static partial void NotHandedBack(ILogger logger, string reason);

    [LoggerMessage(
        418,
        LogLevel.Error,
        "{Mission} due {DueAt:O} epoch {Epoch}: attempt {Attempt} met an unexpected fault"
    )]
    public static partial void AttemptThrew(
        ILogger logger,
        string mission,
        DateTimeOffset dueAt,
        long epoch,
        int attempt,
        Exception exception
    );

    [LoggerMessage(
        501,
        LogLevel.Warning,
        "{Mission} due {DueAt:O} epoch {Epoch}: the answer was refused: {Sentence}"
    )]
    public static partial void AnswerRefused(
        ILogger logger,
        string mission,
        DateTimeOffset dueAt,
        long epoch,
        string sentence
    );

    [LoggerMessage(
        502,
        LogLevel.Error,
        "The breaker for mana-llm opens: {Failed} of the last minute's {Calls} calls failed, the last by {Detail}"
    )]
    public static partial void BreakerOpened(ILogger logger, long failed, long calls, string detail);

    [LoggerMessage(503, LogLevel.Information, "mana-llm answers again: the breaker ({Cause}) is closed")]
    public static partial void BreakerClosed(ILogger logger, string cause);

    [LoggerMessage(
        504,
        LogLevel.Error,
        "mana-llm refuses the key ({Status}): check MANA_LLM_KEY, or the first of MANA_SERVICE_KEY; runs wait"
    )]
    public static partial void KeyRefused(ILogger logger, int status);

    [LoggerMessage(505, LogLevel.Warning, "mana-llm answers 429 for {Model}: nobody asks it for {Wait}")]
    public static partial void ModelHeld(ILogger logger, string model, TimeSpan wait);

    [LoggerMessage(506, LogLevel.Information, "mana-llm answers for {Model} again")]
    public static partial void ModelReleased(ILogger logger, string model);

    [LoggerMessage(
        507,
        LogLevel.Warning,
        "{Model} takes no tools ({Status}); for an hour it is asked for plans as JSON"
    )]
    public static partial void ToolsRefused(ILogger logger, string model, int status);

    [LoggerMessage(601, LogLevel.Information, "The service keys were read again: {Keys} hold from now on")]
    public static partial void KeysReplaced(ILogger logger, int keys);

    [LoggerMessage(
        602,
        LogLevel.Error,
        "The service keys stay as they are: MANA_SERVICE_KEY_FILE {Predicate} Not said again until that changes"
    )]
    public static partial void KeysKept(ILogger logger, string predicate);

    [LoggerMessage(
        603,
        LogLevel.Warning,
        "More than {KeysMax} bad service keys came within a minute from {Address}; further ones are answered with 429"
    )]
    public static partial void BadKeysLimited(ILogger logger, int keysMax, string address);
}
