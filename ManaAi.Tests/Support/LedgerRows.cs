using System.Text.Json;
using System.Text.Json.Serialization;

namespace ManaAi.Tests.Support;

/// <summary>A row of mana_ai.runs as it stands there.</summary>
internal sealed record RunRow
{
    public required long RunId { get; init; }
    public required string UserId { get; init; }
    public required string MissionId { get; init; }
    public required DateTimeOffset DueAt { get; init; }
    public required int Priority { get; init; }
    public required string? Owner { get; init; }
    public required long Epoch { get; init; }
    public required int Attempts { get; init; }
    public required int Calls { get; init; }
    public required DateTimeOffset ClaimableAt { get; init; }
    public required DateTimeOffset? LeaseUntil { get; init; }
    public required DateTimeOffset? RateLimitedSince { get; init; }
    public required string? WaitsFor { get; init; }
    public required string? LastError { get; init; }
    public required JsonElement Answers { get; init; }
    public required string? Verdict { get; init; }
    public required string? Reason { get; init; }
    public required string? Detail { get; init; }
    public required bool HasPlan { get; init; }
    public required Guid? IterationId { get; init; }
}

/// <summary>A row of mana_ai.missions as it stands there.</summary>
internal sealed record MissionRow
{
    public required JsonElement? Record { get; init; }
    public required JsonElement? FieldTimes { get; init; }
    public required string? State { get; init; }
    public required DateTimeOffset? NextRunAt { get; init; }
    public required string? AgentId { get; init; }
    public required bool Deleted { get; init; }
    public required string? Obstacle { get; init; }
    public required DateTimeOffset? RunningUntil { get; init; }
    public required DateTimeOffset? IterationsAt { get; init; }
    public required DateTimeOffset PositionAt { get; init; }
    public required Guid PositionId { get; init; }
}

/// <summary>A row of the change log that the service wrote; <see cref="Columns"/> holds all of it.</summary>
internal sealed record OwnChange
{
    public required Guid Id { get; init; }
    public required string UserId { get; init; }
    public required string RecordId { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required JsonElement Data { get; init; }
    public required JsonElement Actor { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement> Columns { get; init; } = [];

    /// <summary>field_timestamps or field_meta, whichever there is.</summary>
    public JsonElement Stamps =>
        Columns.TryGetValue("field_meta", out var meta) ? meta : Columns["field_timestamps"];

    public IReadOnlyList<JsonElement> Iterations => [.. Data.GetProperty("iterations").EnumerateArray()];
}

internal static class LedgerRows
{
    private static readonly JsonSerializerOptions _options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        MaxDepth = 2000, // As deep as a device may write, and more.
    };

    public static async Task<IReadOnlyList<RunRow>> RunsAsync(this TestDatabase database) =>
        await ReadAsync<RunRow>(database, "select to_jsonb(r)::text from mana_ai.runs r order by run_id");

    public static async Task<RunRow> RunAsync(this TestDatabase database, long runId) =>
        (
            await ReadAsync<RunRow>(
                database,
                $"select to_jsonb(r)::text from mana_ai.runs r where run_id = {runId}"
            )
        ).Single();

    public static async Task<MissionRow> MissionAsync(this TestDatabase database, DeviceMission mission) =>
        (
            await ReadAsync<MissionRow>(
                database,
                $"""
                select to_jsonb(m)::text from mana_ai.missions m
                 where user_id = '{mission.UserId}' and mission_id = '{mission.Id}'
                """
            )
        ).Single();

    /// <summary>What the service has written into the log, oldest first.</summary>
    public static async Task<IReadOnlyList<OwnChange>> OwnChangesAsync(this TestDatabase database) =>
        await ReadAsync<OwnChange>(
            database,
            """
            select to_jsonb(c)::text from public.sync_changes c
             where client_id = 'mana-ai-runner' order by created_at, id
            """
        );

    private static async Task<IReadOnlyList<T>> ReadAsync<T>(TestDatabase database, string sql)
    {
        await using var command = database.Superuser.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(JsonSerializer.Deserialize<T>(reader.GetString(0), _options)!);
        }

        return rows;
    }
}
