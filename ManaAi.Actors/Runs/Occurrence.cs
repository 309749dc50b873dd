using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Runs;

/// <summary>One moment at which a mission was due. Two texts for one instant are one occurrence.</summary>
public sealed record Occurrence(MissionKey Mission, DateTimeOffset DueAt)
{
    /// <summary>The iteration that it becomes: derived, so that a second writer can only collide.</summary>
    public Guid IterationId => Derive("iteration");

    /// <summary>The row that carries the iteration into the change log.</summary>
    public Guid ChangeId => Derive("change");

    /// <summary>A row that only moves the schedule.</summary>
    public Guid ScheduleChangeId(string stamp) => Derive("schedule", stamp);

    // JSON keeps the parts apart whatever they hold.
    private Guid Derive(params string[] kind) =>
        NameBasedId.Create(
            JsonSerializer.Serialize(
                (string[])
                    [.. kind, Mission.UserId.Value, Mission.MissionId.Value, IsoText.Microseconds(DueAt)]
            )
        );
}

/// <summary>UUIDs of version 5: the SHA-1 of a namespace and a name (RFC 9562, section 5.5).</summary>
internal static class NameBasedId
{
    /// <summary>Ours. Whoever changes it plans every open occurrence under a second id.</summary>
    private static readonly Guid Occurrences = new("6f1d3f0a-2d0b-5c65-9d51-0b6b3a0c9a11");

    public static Guid Create(string name) => Create(Occurrences, name);

    public static Guid Create(Guid space, string name)
    {
        Span<byte> input = stackalloc byte[16];
        space.TryWriteBytes(input, bigEndian: true, out _);
#pragma warning disable CA5350, S4790 // Version 5 is defined over SHA-1; nothing here is a secret.
        var hash = SHA1.HashData([.. input, .. Encoding.UTF8.GetBytes(name)]);
#pragma warning restore CA5350, S4790
        var high = BinaryPrimitives.ReadUInt16BigEndian(hash.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(hash.AsSpan(6), (ushort)((high & 0x0FFF) | 0x5000));
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }
}
