using System.Text.Json.Nodes;
using ManaAi.Actors.ChangeLog;
using Npgsql;
using NpgsqlTypes;

namespace ManaAi.Bench.Chaos;

/// <summary>A row that a device writes.</summary>
/// <param name="Id">Drawn by the device, so that it may send the row again when it does not know whether it arrived.</param>
internal sealed record DeviceRow(
    Guid Id,
    string Table,
    string RecordId,
    string UserId,
    string Op,
    JsonObject Data
)
{
    /// <summary>Of all its fields: the device's clock.</summary>
    public required DateTimeOffset WrittenAt { get; init; }
}

/// <summary>mana-sync's side of the log: its role, under the policy, one user a transaction.</summary>
internal sealed class DeviceLog(NpgsqlDataSource admin, TimeProvider time)
{
    private static readonly TimeSpan RetryWait = TimeSpan.FromMilliseconds(200);

    /// <summary>Until it has arrived: a device keeps what it could not send.</summary>
    public async Task WriteAsync(DeviceRow row, CancellationToken cancellationToken)
    {
        while (!await TryWriteAsync([row], TimeSpan.Zero, cancellationToken))
        {
            await Task.Delay(RetryWait, time, cancellationToken);
        }
    }

    /// <summary>Rows that become visible only when the transaction has been open for so long.</summary>
    /// <returns>False: PostgreSQL went away; what it kept of them nobody here knows.</returns>
    public async Task<bool> TryWriteAsync(
        IReadOnlyList<DeviceRow> rows,
        TimeSpan openFor,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await using var connection = await admin.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await BindAsync(connection, rows[0].UserId, cancellationToken);
            foreach (var row in rows)
            {
                await InsertAsync(connection, row, cancellationToken);
            }

            if (openFor > TimeSpan.Zero)
            {
                await Task.Delay(openFor, time, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            return true;
        }
        catch (Exception exception) when (IsAway(exception))
        {
            return false;
        }
    }

    /// <summary>The iterations that stand in the log last; what a device would have pulled.</summary>
    public async Task<JsonArray?> ReadIterationsAsync(
        string userId,
        string missionId,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await using var connection = await admin.OpenConnectionAsync(cancellationToken);
            await using var command = connection.CreateCommand();
            command.CommandText =
                "select data -> 'iterations' from public.sync_changes where (app_id, user_id, table_name, record_id) "
                + "= ('ai', @user, 'aiMissions', @mission) and data ? 'iterations' order by created_at desc, id desc limit 1";
            command.Parameters.AddWithValue("user", userId);
            command.Parameters.AddWithValue("mission", missionId);
            return await command.ExecuteScalarAsync(cancellationToken) is string json
                ? JsonNode.Parse(json) as JsonArray
                : null;
        }
        catch (Exception exception) when (IsAway(exception))
        {
            return null;
        }
    }

    // A connection that ended between two statements says so by an InvalidOperationException.
    private static bool IsAway(Exception exception) =>
        exception is NpgsqlException or IOException or InvalidOperationException;

    private static async Task BindAsync(
        NpgsqlConnection connection,
        string userId,
        CancellationToken cancellationToken
    )
    {
        await using var command = connection.CreateCommand();
        command.CommandText =
            "select set_config('role', 'mana_sync', true), set_config('app.current_user_id', @user, true)";
        command.Parameters.AddWithValue("user", userId);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task InsertAsync(
        NpgsqlConnection connection,
        DeviceRow row,
        CancellationToken cancellationToken
    )
    {
        await using var command = connection.CreateCommand();
        command.CommandText = """
            insert into public.sync_changes
              (id, app_id, table_name, record_id, user_id, op, data, field_meta, client_id, actor, origin)
            values (@id, 'ai', @table, @record, @user, @op, @data, @meta, 'device-of-' || @user, @actor, 'user')
                on conflict (id) do nothing
            """;
        command.Parameters.AddWithValue("id", row.Id);
        command.Parameters.AddWithValue("table", row.Table);
        command.Parameters.AddWithValue("record", row.RecordId);
        command.Parameters.AddWithValue("user", row.UserId);
        command.Parameters.AddWithValue("op", row.Op);
        command.Parameters.AddWithValue("data", NpgsqlDbType.Jsonb, row.Data.ToJsonString());
        command.Parameters.AddWithValue("meta", NpgsqlDbType.Jsonb, Meta(row).ToJsonString());
        command.Parameters.AddWithValue("actor", NpgsqlDbType.Jsonb, Actor(row).ToJsonString());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static JsonObject Meta(DeviceRow row)
    {
        var meta = new JsonObject();
        foreach (var (name, _) in row.Data)
        {
            meta[name] = new JsonObject
            {
                ["at"] = IsoText.Milliseconds(row.WrittenAt),
                ["actor"] = Actor(row),
                ["origin"] = "user",
            };
        }

        return meta;
    }

    private static JsonObject Actor(DeviceRow row) =>
        new()
        {
            ["kind"] = "user",
            ["principalId"] = row.UserId,
            ["displayName"] = row.UserId,
        };
}
