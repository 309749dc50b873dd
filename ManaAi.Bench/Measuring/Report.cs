using System.Globalization;

namespace ManaAi.Bench.Measuring;

/// <summary>One table in Markdown: what was measured, its yardstick, and the ratio between them.</summary>
internal sealed class Report(LogSize size)
{
    private readonly List<string> _rows = [];

    /// <param name="bound">What it must keep, in words; empty where nothing is asked of it.</param>
    public void Add(string what, string measured, string yardstick, string ratio, string bound)
    {
        _rows.Add($"| {what} | {measured} | {yardstick} | {ratio} | {bound} |");
        Console.Error.WriteLine($"{what}: {measured} ({yardstick}) {ratio}");
    }

    public void Add(string what, Sample measured, string of, Sample yardstick, string bound) =>
        Add(what, $"{measured} ms", $"{of}: {yardstick} ms", Ratio(measured.Median, yardstick.Median), bound);

    public static string Ratio(double measured, double yardstick) =>
        (measured / yardstick).ToString("0.00", CultureInfo.InvariantCulture);

    public void Write(TextWriter output)
    {
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{size.Rows:#,0} rows of {size.Missions:#,0} missions; {Environment.ProcessorCount} processors, "
                    + $".NET {Environment.Version}, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB"
            )
        );
        output.WriteLine();
        output.WriteLine("| work | measured | yardstick | ratio | bound |");
        output.WriteLine("|---|---|---|---|---|");
        _rows.ForEach(output.WriteLine);
    }
}
