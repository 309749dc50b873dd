using Microsoft.Extensions.Primitives;

namespace ManaAi.Host.Dashboard.Shell;

/// <summary>The part of an address behind the question mark, and the fields of a form.</summary>
internal static class QueryText
{
    /// <summary>Those that have a value; nothing at all where none has.</summary>
    public static string Of(params IEnumerable<(string Name, string? Value)> values) =>
        QueryString
            .Create(
                values
                    .Where(value => value.Value is { Length: > 0 })
                    .Select(value => KeyValuePair.Create(value.Name, value.Value))
            )
            .ToUriComponent();

    /// <summary>null where there is none, or only spaces.</summary>
    public static string? Text(this IEnumerable<KeyValuePair<string, StringValues>> values, string name) =>
        values.FirstOrDefault(value => value.Key == name).Value.ToString().Trim() is { Length: > 0 } text
            ? text
            : null;
}
