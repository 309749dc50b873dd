namespace ManaAi.Tests.Simulation;

/// <summary>Where a node's work stops until the scheduler says what becomes of it.</summary>
internal enum Moment
{
    /// <summary>Before a transaction begins: no lock is held yet.</summary>
    Begin,

    /// <summary>All statements ran; the locks are held.</summary>
    BeforeCommit,

    /// <summary>Committed, and nothing done about it yet.</summary>
    AfterCommit,

    /// <summary>The call is counted, and its request not sent.</summary>
    BeforeRequest,

    /// <summary>The server has answered, and the node knows nothing of it yet.</summary>
    RequestSent,
}

/// <param name="Statements">The names of what ran in the transaction so far.</param>
internal sealed record StopPoint(Moment Moment, IReadOnlyList<string> Statements)
{
    public const string AnswerKept = "answer kept";

    public static StopPoint Of(Moment moment) => new(moment, []);

    public override string ToString() =>
        Moment switch
        {
            Moment.AfterCommit when Statements.Contains("ClaimRuns") => "after claim",
            Moment.AfterCommit when Statements.Contains("KeepAnswer") => AnswerKept,
            Moment.BeforeCommit or Moment.AfterCommit => $"{Moment} of {string.Join('+', Statements)}",
            _ => Moment.ToString(),
        };
}

/// <summary>What the scheduler lets happen at a point.</summary>
internal enum Fate
{
    GoOn,

    /// <summary>The process is gone: what was not committed is rolled back.</summary>
    Die,

    /// <summary>The connection breaks: what was not committed is rolled back, and the node is told.</summary>
    Break,

    /// <summary>COMMIT is carried out and its acknowledgement lost: the node is told of a broken connection.</summary>
    LoseAcknowledgement,
}

/// <summary>Unwinds the work of a node that was killed; every door is closed to it from then on.</summary>
public sealed class NodeKilledException() : Exception("the node was killed");
