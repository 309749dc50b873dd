using System.Globalization;

namespace ManaAi.Host.Commands;

/// <summary>Names and values in two columns, plain enough for grep.</summary>
internal static class Table
{
    public static void Write(TextWriter output, params IReadOnlyList<(string Name, object Value)> rows)
    {
        var width = rows.Select(row => row.Name.Length).DefaultIfEmpty().Max();
        foreach (var (name, value) in rows)
        {
            output.WriteLine(
                Printable.Text(
                    string.Create(CultureInfo.InvariantCulture, $"{name.PadRight(width)}  {value}")
                )
            );
        }
    }
}
