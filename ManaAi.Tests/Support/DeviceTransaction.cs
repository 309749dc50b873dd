using Npgsql;
using NpgsqlTypes;

namespace ManaAi.Tests.Support;

/// <summary>
/// mana-sync writing for one user's device: as its own role and under the policy, since a superuser would get away
/// with rows and rights that no device has.
/// </summary>
public sealed class DeviceTransaction : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;
    private readonly LogGeneration _generation;

    private DeviceTransaction(
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        LogGeneration generation
    )
    {
        _connection = connection;
        _transaction = transaction;
        _generation = generation;
    }

    internal static async Task<DeviceTransaction> BeginAsync(
        NpgsqlDataSource source,
        LogGeneration generation,
        string userId
    )
    {
        var connection = await source.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        await using var bind = new NpgsqlCommand(
            "SELECT set_config('role', 'mana_sync', true), set_config('app.current_user_id', @user, true)",
            connection
        );
        bind.Parameters.AddWithValue("user", userId);
        await bind.ExecuteNonQueryAsync();
        return new DeviceTransaction(connection, transaction, generation);
    }

    /// <summary>Inserts the row and returns its id; nobody else sees it before <see cref="CommitAsync"/>.</summary>
    public async Task<Guid> InsertAsync(DeviceChange change)
    {
        var (columns, values) = _generation switch
        {
            LogGeneration.One => ("field_timestamps", "@times"),
            _ => ("field_meta, origin, space_id", "@times, @origin, @space"),
        };
        await using var insert = new NpgsqlCommand(
            $"""
            INSERT INTO public.sync_changes
              (id, app_id, table_name, record_id, user_id, op, data, client_id, created_at, schema_version, actor, {columns})
            VALUES
              (coalesce(@id, gen_random_uuid()), @app, @table, @record, @user, @op, @data, @client,
               coalesce(@created_at, now()), @schema_version, @actor, {values})
            RETURNING id
            """,
            _connection
        );
        Add(insert, change);
        return (Guid)(await insert.ExecuteScalarAsync())!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        await command.ExecuteNonQueryAsync();
    }

    public Task CommitAsync() => _transaction.CommitAsync();

    /// <summary>Rolls back what was not committed.</summary>
    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private void Add(NpgsqlCommand insert, DeviceChange change)
    {
        AddValue("id", NpgsqlDbType.Uuid, change.Id);
        AddValue("app", NpgsqlDbType.Text, change.AppId);
        AddValue("table", NpgsqlDbType.Text, change.TableName);
        AddValue("record", NpgsqlDbType.Text, change.RecordId);
        AddValue("user", NpgsqlDbType.Text, change.UserId);
        AddValue("op", NpgsqlDbType.Text, change.Op);
        AddValue("data", NpgsqlDbType.Jsonb, change.Data);
        AddValue("client", NpgsqlDbType.Text, change.ClientId);
        AddValue("created_at", NpgsqlDbType.TimestampTz, change.CreatedAt?.ToUniversalTime());
        AddValue("schema_version", NpgsqlDbType.Integer, change.SchemaVersion);
        AddValue("actor", NpgsqlDbType.Jsonb, change.Actor);
        AddValue("times", NpgsqlDbType.Jsonb, change.Times);
        if (_generation is LogGeneration.Two)
        {
            AddValue("origin", NpgsqlDbType.Text, change.Origin);
            AddValue("space", NpgsqlDbType.Text, change.SpaceId);
        }

        void AddValue(string name, NpgsqlDbType type, object? value) =>
            insert.Parameters.Add(new NpgsqlParameter(name, type) { Value = value ?? DBNull.Value });
    }
}
