using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>Members of an object by name. A name that stands twice leaves open which value is meant.</summary>
internal static class JsonMembers
{
    public static bool TryRead(
        JsonElement value,
        out Dictionary<string, JsonElement> members,
        [NotNullWhen(false)] out string? twice
    )
    {
        members = new(StringComparer.Ordinal);
        twice = null;
        foreach (var member in value.EnumerateObject())
        {
            twice ??= members.TryAdd(member.Name, member.Value) ? null : member.Name;
        }

        return twice is null;
    }
}
