using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>Why a run failed for good, in the words that reach the user.</summary>
/// <param name="Name">A short name for the cause, such as `unusable-plan`.</param>
/// <param name="Message">For an operator: what happened. No key, no prompt.</param>
/// <param name="Phase">Where it happened, such as `calling-llm`; null where that says nothing.</param>
/// <param name="Summary">One plain sentence for the user; null takes a general one.</param>
public sealed record IterationFailure(
    string Name,
    string Message,
    string? Phase = null,
    string? Summary = null
);

/// <summary>When an iteration began and ended, as the texts that devices keep (`YYYY-MM-DDTHH:MM:SS.mmmZ`).</summary>
public sealed record IterationTimes(string StartedAt, string FinishedAt);

/// <summary>Writes the iteration object that devices read (PROTOCOL 3 and 4), as UTF-8 JSON.</summary>
/// <remarks>
/// A device's step has no room for a rationale, so it follows the step's summary after a dash: that is what the
/// user reads when judging the step.
/// </remarks>
public static class IterationJson
{
    private const string NothingToDo = "Nothing needs to be done for this mission right now.";
    private const string CouldNotPlan =
        "This time no plan could be made. Nothing was changed, and the mission will be tried again when it is next due.";

    public static byte[] Write(Guid iterationId, Plan plan, IterationTimes times) =>
        Write(iterationId, times, writer => WritePlan(writer, iterationId, plan));

    public static byte[] Write(Guid iterationId, IterationFailure failure, IterationTimes times) =>
        Write(iterationId, times, writer => WriteFailure(writer, failure));

    private static byte[] Write(Guid iterationId, IterationTimes times, Action<Utf8JsonWriter> writeOutcome)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("id", iterationId);
            writer.WriteString("startedAt", times.StartedAt);
            writer.WriteString("finishedAt", times.FinishedAt);
            writeOutcome(writer);
            writer.WriteString("source", "server");
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WritePlan(Utf8JsonWriter writer, Guid iterationId, Plan plan)
    {
        writer.WriteStartArray("plan");
        for (var index = 0; index < plan.Steps.Count; index++)
        {
            WriteStep(
                writer,
                string.Create(CultureInfo.InvariantCulture, $"{iterationId}-{index}"),
                plan.Steps[index]
            );
        }

        writer.WriteEndArray();
        var isEmpty = plan.Steps.Count == 0;
        if ((plan.Summary ?? (isEmpty ? NothingToDo : null)) is { } summary)
        {
            writer.WriteString("summary", summary);
        }

        writer.WriteString("overallStatus", isEmpty ? "approved" : "awaiting-review");
    }

    private static void WriteStep(Utf8JsonWriter writer, string id, PlannedStep step)
    {
        writer.WriteStartObject();
        writer.WriteString("id", id);
        writer.WriteString("summary", $"{step.Summary} — {step.Rationale}");
        writer.WriteStartObject("intent");
        writer.WriteString("kind", "toolCall");
        writer.WriteString("toolName", step.ToolName);
        writer.WritePropertyName("params");
        step.Params.WriteTo(writer);
        writer.WriteEndObject();
        writer.WriteString("status", "planned");
        writer.WriteEndObject();
    }

    private static void WriteFailure(Utf8JsonWriter writer, IterationFailure failure)
    {
        writer.WriteStartArray("plan");
        writer.WriteEndArray();
        writer.WriteString("summary", ForeignText.Clean(failure.Summary ?? CouldNotPlan));
        writer.WriteString("overallStatus", "failed");
        writer.WriteStartObject("errorDetails");
        writer.WriteString("name", ForeignText.Clean(failure.Name));
        writer.WriteString("message", ForeignText.Clean(failure.Message));
        if (failure.Phase is { } phase)
        {
            writer.WriteString("phase", ForeignText.Clean(phase));
        }

        writer.WriteEndObject();
    }
}
