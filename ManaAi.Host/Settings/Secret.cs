namespace ManaAi.Host.Settings;

/// <summary>Text that must not reach a log, a page or an error: it has to be asked for by name.</summary>
internal sealed class Secret(string value) : IEquatable<Secret>
{
    /// <summary>The text itself, for the one place that needs it.</summary>
    public string Reveal() => value;

    public bool Equals(Secret? other) =>
        other is not null && string.Equals(value, other.Reveal(), StringComparison.Ordinal);

    public override bool Equals(object? obj) => Equals(obj as Secret);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(value);

    public override string ToString() => "(secret)";
}
