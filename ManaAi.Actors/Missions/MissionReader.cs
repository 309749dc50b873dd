using System.Runtime.InteropServices;
using System.Text.Json;

namespace ManaAi.Actors.Missions;

/// <summary>Turns a folded record into a <see cref="Mission"/>: the one place where its fields are read for planning.</summary>
public static class MissionReader
{
    /// <returns>null where the record lacks what a mission must have (see <see cref="MissionState"/>).</returns>
    public static Mission? Read(MissionKey key, JsonElement record)
    {
        if (record.Plaintext("objective") is not { } objective || record.Object("cadence") is not { } cadence)
        {
            return null;
        }

        return new Mission(key)
        {
            Title = record.Plaintext("title"),
            Objective = objective,
            ConceptMarkdown = record.Plaintext("conceptMarkdown"),
            Cadence = CadenceJson.Parse(cadence),
            AgentId = record.Text("agentId") is { Length: > 0 } agentId ? new AgentId(agentId) : null,
            TimeZone = record.Text("timeZone"),
            SpaceId = record.Text("spaceId"),
            Iterations = [.. record.Array("iterations").Select(ReadIteration)],
            IterationsBytes = record.TryGetProperty("iterations", out var iterations)
                ? JsonMarshal.GetRawUtf8Value(iterations).Length
                : 0,
        };
    }

    public static Iteration ReadIteration(JsonElement iteration) =>
        new(iteration.Text("id") ?? "")
        {
            StartedAt = iteration.Text("startedAt"),
            FinishedAt = iteration.Text("finishedAt"),
            Summary = iteration.Plaintext("summary"),
            UserFeedback = iteration.Plaintext("userFeedback"),
            OverallStatus = iteration.Text("overallStatus"),
            Source = iteration.Text("source"),
            Steps =
            [
                .. iteration
                    .Array("plan")
                    .Select(step => new IterationStep(
                        step.Plaintext("summary"),
                        step.Object("intent")?.Text("toolName"),
                        step.Text("status")
                    )),
            ],
        };
}
