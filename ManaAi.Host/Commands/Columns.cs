namespace ManaAi.Host.Commands;

/// <param name="IsNumber">Numbers stand at the right of their column.</param>
internal sealed record Column(string Name, bool IsNumber = false);

/// <summary>Rows under heads, each column as wide as its widest cell.</summary>
internal static class Columns
{
    // An id of the usual form has 36; a longer text is shown by its beginning, or it would push all others away.
    private const int CellCharactersMax = 60;

    public static void Write(
        TextWriter output,
        IReadOnlyList<Column> columns,
        IEnumerable<IReadOnlyList<string>> rows
    )
    {
        var lines = rows.Select(row => row.Select(Shown).ToArray())
            .Prepend([.. columns.Select(column => column.Name)])
            .ToList();
        var widths = columns.Select((_, at) => lines.Max(line => line[at].Length)).ToList();
        foreach (var line in lines)
        {
            var cells = line.Select(
                (cell, at) => columns[at].IsNumber ? cell.PadLeft(widths[at]) : cell.PadRight(widths[at])
            );
            output.WriteLine(string.Join("  ", cells).TrimEnd());
        }
    }

    private static string Shown(string cell) =>
        Printable.Text(cell.Length > CellCharactersMax ? $"{cell[..CellCharactersMax]}…" : cell);
}
