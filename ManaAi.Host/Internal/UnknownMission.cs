using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Forgetting;
using ManaAi.Actors.Missions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ManaAi.Host.Internal;

/// <summary>What is said of a mission that is not here: whether the log has none, or its user is forgotten.</summary>
internal sealed class UnknownMission(UserForgetting forgetting)
{
    public async Task<ProblemHttpResult> AnswerAsync(MissionKey key, CancellationToken cancellationToken) =>
        TypedResults.Problem(
            statusCode: StatusCodes.Status404NotFound,
            detail: await forgetting.FindAsync(key.UserId, cancellationToken) is { } at
                ? $"This user was forgotten at {IsoText.Milliseconds(at)}: what the change log still holds is passed over. "
                    + "`mana-ai forget USER --undo` takes that back."
                : "The change log has no mission with this user and this id."
        );
}
