using Npgsql;
using NpgsqlTypes;

namespace ManaAi.Tests.Support;

/// <summary>
/// mana-sync writing for one user's device: as its own role and under the policy, since a superuser would get away
/// with rows and rights that no device has.
/// </summary>
public sealed class DeviceTransaction : IAsyncDisposable
{
    private const string Bind =
        "SELECT set_config('role', 'mana_sync', true), set_config('app.current_user_id', @user, true)";

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
        await using var bind = new NpgsqlCommand(Bind, connection);
        bind.Parameters.AddWithValue("user", userId);
        await bind.ExecuteNonQueryAsync();
        return new DeviceTransaction(connection, transaction, generation);
    }

    /// <summary>A transaction of one row, in one round trip: a batch is a transaction by itself.</summary>
    internal static async Task<Guid> InsertAloneAsync(
        NpgsqlDataSource source,
        LogGeneration generation,
        DeviceChange change
    )
    {
        await using var batch = source.CreateBatch();
        var bind = new NpgsqlBatchCommand(Bind);
        bind.Parameters.AddWithValue("user", change.UserId);
        batch.BatchCommands.Add(bind);
        var insert = new NpgsqlBatchCommand(Insert(generation));
        Add(insert.Parameters, generation, change);
        batch.BatchCommands.Add(insert);
        await using var reader = await batch.ExecuteReaderAsync();
        await reader.NextResultAsync();
        await reader.ReadAsync();
        return reader.GetGuid(0);
    }

    /// <summary>Inserts the row and returns its id; nobody else sees it before <see cref="CommitAsync"/>.</summary>
    public async Task<Guid> InsertAsync(DeviceChange change)
    {
        await using var insert = new NpgsqlCommand(Insert(_generation), _connection);
        Add(insert.Parameters, _generation, change);
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

    private static string Insert(LogGeneration generation)
    {
        var (columns, values) = generation switch
        {
            LogGeneration.One => ("field_timestamps", "@times"),
            _ => ("field_meta, origin, space_id", "@times, @origin, @space"),
        };
        return $"""
            INSERT INTO public.sync_changes
              (id, app_id, table_name, record_id, user_id, op, data, client_id, created_at, schema_version, actor, {columns})
            VALUES
              (coalesce(@id, gen_random_uuid()), @app, @table, @record, @user, @op, @data, @client,
               coalesce(@created_at, now()), @schema_version, @actor, {values})
            RETURNING id
            """;
    }

    private static void Add(
        NpgsqlParameterCollection parameters,
        LogGeneration generation,
        DeviceChange change
    )
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
        if (generation is LogGeneration.Two)
        {
            AddValue("origin", NpgsqlDbType.Text, change.Origin);
            AddValue("space", NpgsqlDbType.Text, change.SpaceId);
        }

        void AddValue(string name, NpgsqlDbType type, object? value) =>
            parameters.Add(new NpgsqlParameter(name, type) { Value = value ?? DBNull.Value });
    }
}
