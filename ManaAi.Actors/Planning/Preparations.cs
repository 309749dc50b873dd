using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Planning;

/// <summary>
/// What the claims of one round are planned from, made while they are still to be committed. Others wait for their users
/// meanwhile, so what takes long is left to the planners.
/// </summary>
internal sealed class Preparations(Preparer preparer, LogGeneration generation)
{
    /// <summary>Of one claim: its records and kept answers.</summary>
    private const int BytesMax = 64 * 1024;

    /// <summary>And of all: some milliseconds.</summary>
    private const int BytesOfAllMax = 1024 * 1024;

    private readonly Dictionary<long, Preparation> _made = [];
    private int _bytes;

    /// <summary>What is certain to be asked first. Never throws.</summary>
    public CallPlan? FirstCallOf(Claim claim)
    {
        var bytes = claim.MissionRecord.Length + (claim.AgentRecord?.Length ?? 0) + claim.Answers.Length;
        if (bytes > BytesMax || _bytes + bytes > BytesOfAllMax)
        {
            return null;
        }

        _bytes += bytes;
        try
        {
            var preparation = preparer.Prepare(claim, generation);
            _made.Add(claim.RunId, preparation);
            return preparation.FirstCall;
        }
        catch (Exception)
        {
            return null; // It throws again where it is planned, and is told there.
        }
    }

    /// <returns>null where its planner has to make it.</returns>
    public Preparation? Of(Claim claim) => _made.GetValueOrDefault(claim.RunId);
}
