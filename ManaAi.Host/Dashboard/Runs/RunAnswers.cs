using System.Diagnostics;
using ManaAi.Actors.Runs;
using ManaAi.Host.Dashboard.Shell;

namespace ManaAi.Host.Dashboard.Runs;

/// <summary>What became of a request, as the next page says it.</summary>
internal static class RunAnswers
{
    /// <param name="what">A word of the group `done`.</param>
    public static Done Of(RunRequestResult result, string what) =>
        result switch
        {
            RunRequestResult.Done done => new Done(
                what == "run-now" && !done.IsNew ? "run-open" : what,
                done.RunId,
                null
            ),
            RunRequestResult.NotFound => new Done("refused", null, "nobody"),
            RunRequestResult.Refused => new Done("refused", null, what),
            _ => throw new UnreachableException(),
        };
}
