using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Missions;

/// <summary>Who wrote what a record holds: its rows of the change log folded once more, with each field's last winner.</summary>
internal static class FieldWriters
{
    /// <summary>A mission of many years has fewer rows; one with more is not worth the seconds that it would take.</summary>
    private const int RowsMax = 10_000;

    // Behind the columns of every statement over the change log.
    private const int ClientColumn = 11;

    /// <returns>null where the record has too many rows.</returns>
    public static async Task<IReadOnlyDictionary<string, FieldWriter>?> ReadAsync(
        DatabaseTransaction transaction,
        LogShape shape,
        MissionKey key,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction
            .Command(shape.Statement("ReadWriters"))
            .Add("user", key.UserId.Value)
            .Add("record", key.MissionId.Value)
            .Add("rows_max", RowsMax + 1L);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var fold = new RecordFold(shape.Generation);
        var writers = new Dictionary<string, FieldWriter>(StringComparer.Ordinal);
        var rows = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            if (++rows > RowsMax)
            {
                return null;
            }

            var row = ChangeRowReader.Read(reader, 0);
            if (!row.IsNewerSchema && ChangeDecoder.Decode(row) is DecodedChange.Sound { Change: var change })
            {
                Apply(fold, writers, change, WriterOf(row, reader, shape));
            }
        }

        return writers;
    }

    /// <summary>Pure: notes the writer of each field that the row has won.</summary>
    internal static void Apply(
        RecordFold fold,
        Dictionary<string, FieldWriter> writers,
        Change change,
        FieldWriter writer
    )
    {
        // A soft delete writes these two without naming them.
        var deletedBefore = (fold["deletedAt"], fold["updatedAt"]);
        fold.Apply(change);
        if (!fold.Exists)
        {
            writers.Clear();
            return;
        }

        if (change.Op == ChangeOp.Delete)
        {
            Note("deletedAt", deletedBefore.Item1, change.DeletedAt);
            Note("updatedAt", deletedBefore.Item2, change.DeletedAt);
            return;
        }

        // The field holds the very bytes of this row where the row has won: equal values of two rows are told apart.
        foreach (
            var field in change.Fields.Where(field => fold[field.Name] is { } json && json.Equals(field.Json))
        )
        {
            writers[field.Name] = writer with { At = field.Time };
        }

        void Note(string name, ReadOnlyMemory<byte>? before, string? at)
        {
            if (fold[name] is { } now && !(before is { } old && old.Equals(now)))
            {
                writers[name] = writer with { At = at };
            }
        }
    }

    private static FieldWriter WriterOf(ChangeRow row, NpgsqlDataReader reader, LogShape shape) =>
        new(
            null,
            reader.GetText(ClientColumn),
            reader.GetText(ClientColumn + 1),
            shape.HasOrigin ? reader.GetText(ClientColumn + 2) : null,
            row.Position.CreatedAt,
            row.Position.Id
        );
}

/// <summary>The row that wrote a field as it stands.</summary>
/// <param name="At">The field's time as the row has it; null where it has none.</param>
/// <param name="ActorKind">user, ai or system; null where the row names no actor.</param>
/// <param name="Origin">Generation 2 only.</param>
/// <param name="CreatedAt">When the row came into the log.</param>
/// <param name="ChangeId">The row's id.</param>
public sealed record FieldWriter(
    string? At,
    string? ClientId,
    string? ActorKind,
    string? Origin,
    DateTimeOffset CreatedAt,
    Guid ChangeId
);
