using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.ChangeLog;

/// <summary>The columns that sync_changes has now: they differ between generations, and are looked at on every read.</summary>
public sealed record LogShape(LogGeneration Generation, bool HasOrigin, bool HasSpaceId)
{
    public string StampsColumn => Generation == LogGeneration.One ? "field_timestamps" : "field_meta";

    /// <summary>A statement of Database/Sql with this log's columns in it.</summary>
    public string Statement(string name) =>
        Sql.Get(name)
            .Replace("/*stamps*/", StampsColumn, StringComparison.Ordinal)
            .Replace(
                "/*extra*/",
                (HasOrigin ? ", origin" : "") + (HasSpaceId ? ", space_id" : ""),
                StringComparison.Ordinal
            )
            .Replace(
                "/*extra_values*/",
                (HasOrigin ? ", @origin" : "") + (HasSpaceId ? ", @space" : ""),
                StringComparison.Ordinal
            );

    /// <returns>null where there is no such table, or it has neither column of times.</returns>
    public static async Task<LogShape?> ReadAsync(
        NpgsqlConnection connection,
        CancellationToken cancellationToken
    )
    {
        await using var command = new NpgsqlCommand(Sql.Get("LogShape"), connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await ReadAsync(reader, cancellationToken);
    }

    /// <summary>The same from the result of the statement LogShape.</summary>
    internal static async Task<LogShape?> ReadAsync(
        NpgsqlDataReader reader,
        CancellationToken cancellationToken
    )
    {
        var columns = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            columns.Add(reader.GetString(0));
        }

        if (!columns.Contains("field_meta") && !columns.Contains("field_timestamps"))
        {
            return null;
        }

        return new LogShape(
            columns.Contains("field_meta") ? LogGeneration.Two : LogGeneration.One,
            columns.Contains("origin"),
            columns.Contains("space_id")
        );
    }
}
