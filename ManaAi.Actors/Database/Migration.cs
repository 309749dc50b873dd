using System.Security.Cryptography;
using System.Text;

namespace ManaAi.Actors.Database;

/// <summary>One step of the schema, as this version knows it.</summary>
internal sealed record Migration(string Name, string Text)
{
    /// <summary>In the order in which they are applied.</summary>
    public static IReadOnlyList<Migration> All { get; } =
    [.. Sql.Scripts("Migrations").Select(script => new Migration(script.Name, script.Text))];

    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)));
}

/// <summary>Which migrations a database has had.</summary>
/// <param name="Checksums">By name; empty where there is no schema yet.</param>
internal sealed record MigrationState(IReadOnlyDictionary<string, string> Checksums)
{
    /// <summary>Those of this version that are still to come.</summary>
    public IReadOnlyList<Migration> Pending =>
        [.. Migration.All.Where(one => !Checksums.ContainsKey(one.Name))];

    /// <summary>Those of this version that it has had as they are.</summary>
    public IReadOnlyList<Migration> Applied =>
        [.. Migration.All.Where(one => Checksums.GetValueOrDefault(one.Name) == one.Checksum)];

    /// <summary>Those that it has had with other content.</summary>
    public IReadOnlyList<string> Altered =>
        [
            .. Migration
                .All.Where(one => Checksums.TryGetValue(one.Name, out var known) && known != one.Checksum)
                .Select(one => one.Name),
        ];

    /// <summary>Those that this version does not know: a newer one was here.</summary>
    public IReadOnlyList<string> Unknown =>
        [
            .. Checksums
                .Keys.Except(Migration.All.Select(one => one.Name), StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];

    public static async Task<MigrationState> ReadAsync(
        DatabaseTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        var checksums = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var has = transaction.Command(Sql.Get("HasMigrations"));
        if (await has.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return new MigrationState(checksums);
        }

        await using var command = transaction.Command(Sql.Get("AppliedMigrations"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            checksums[reader.GetString(0)] = reader.GetString(1);
        }

        return new MigrationState(checksums);
    }
}
