using ManaAi.Host.Settings;

namespace ManaAi.Host.Keys;

/// <summary>What a text that should hold keys turned out to be.</summary>
internal abstract record KeyReading
{
    private KeyReading() { } // Closed: only the cases below can exist.

    /// <param name="Keys">At least one; the first is also the bearer for mana-llm.</param>
    public sealed record Ok(IReadOnlyList<Secret> Keys) : KeyReading;

    /// <param name="Predicate">What is wrong and what would be right, to stand behind a name. No part of a key is in it.</param>
    public sealed record Faulty(string Predicate) : KeyReading;
}

/// <summary>Keys as operators write them: one or more, separated by commas, so that one can be changed without a gap.</summary>
internal static class KeyText
{
    public const string Unset =
        $"is not set; in Production it must be one or more keys, comma-separated: {KeyStrength.Advice}.";

    /// <param name="isAnyAccepted">Also those that Production refuses.</param>
    public static KeyReading Read(string text, bool isAnyAccepted)
    {
        var keys = text.Split(',', StringSplitOptions.TrimEntries);
        if (!keys.All(key => key.Length > 0 && key.All(IsVisibleAscii)))
        {
            return new KeyReading.Faulty(
                "holds an empty key, or one that no header can carry; each must be visible ASCII characters without spaces."
            );
        }

        return
            !isAnyAccepted
            && keys.Select(KeyStrength.FaultOf).FirstOrDefault(fault => fault is not null) is { } fault
            ? new KeyReading.Faulty(fault)
            : new KeyReading.Ok([.. keys.Select(key => new Secret(key))]);
    }

    public static bool IsVisibleAscii(char character) => character is > ' ' and <= '~';
}
