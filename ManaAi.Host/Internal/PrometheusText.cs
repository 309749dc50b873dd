using System.Globalization;
using System.Text;

namespace ManaAi.Host.Internal;

/// <summary>Writes metrics in Prometheus' text format, version 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private const string DefaultLabel = "service=\"mana-ai\"";

    public static string Write(IReadOnlyList<MetricFamily> families)
    {
        var page = new StringBuilder(16 * 1024);
        foreach (var family in families)
        {
            WriteFamily(page, family);
        }

        return page.ToString();
    }

    private static void WriteFamily(StringBuilder page, MetricFamily family)
    {
        page.Append("# HELP ").Append(family.Name).Append(' ');
        AppendEscaped(page, family.Help, isQuoted: false);
        page.Append("\n# TYPE ").Append(family.Name).Append(' ').Append(TypeOf(family.Kind)).Append('\n');
        foreach (var (values, series) in family.Series)
        {
            var labels = LabelsOf(family, values);
            var numbers = series.Read();
            if (family.Kind == MetricKind.Histogram)
            {
                WriteHistogram(page, family, labels, numbers);
            }
            else
            {
                WriteSample(page, family.Name, labels, numbers.Value);
            }
        }
    }

    private static void WriteHistogram(
        StringBuilder page,
        MetricFamily family,
        string labels,
        MetricSnapshot numbers
    )
    {
        // Buckets are cumulative on the page: each counts all that fell at or below its bound.
        var below = 0L;
        for (var index = 0; index < family.Bounds.Count; index++)
        {
            below += numbers.Buckets[index];
            WriteBucket(page, family.Name, labels, Number(family.Bounds[index]), below);
        }

        WriteBucket(page, family.Name, labels, "+Inf", numbers.Count);
        WriteSample(page, $"{family.Name}_sum", labels, numbers.Value);
        WriteSample(page, $"{family.Name}_count", labels, numbers.Count);
    }

    private static void WriteBucket(
        StringBuilder page,
        string name,
        string labels,
        string bound,
        long count
    ) =>
        page.Append(name)
            .Append("_bucket{")
            .Append(labels)
            .Append(",le=\"")
            .Append(bound)
            .Append("\"} ")
            .Append(CultureInfo.InvariantCulture, $"{count}\n");

    private static void WriteSample(StringBuilder page, string name, string labels, double value) =>
        page.Append(name).Append('{').Append(labels).Append("} ").Append(Number(value)).Append('\n');

    private static string LabelsOf(MetricFamily family, LabelValues values)
    {
        if (family.Labels.Count == 0)
        {
            return DefaultLabel;
        }

        var labels = new StringBuilder(DefaultLabel);
        for (var index = 0; index < family.Labels.Count; index++)
        {
            labels.Append(',').Append(family.Labels[index]).Append("=\"");
            AppendEscaped(labels, values[index] ?? "", isQuoted: true);
            labels.Append('"');
        }

        return labels.ToString();
    }

    private static void AppendEscaped(StringBuilder page, string text, bool isQuoted)
    {
        foreach (var character in text)
        {
            _ = character switch
            {
                '\\' => page.Append(@"\\"),
                '\n' => page.Append(@"\n"),
                '"' when isQuoted => page.Append("\\\""),
                _ => page.Append(character),
            };
        }
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string TypeOf(MetricKind kind) =>
        kind switch
        {
            MetricKind.Counter => "counter",
            MetricKind.Gauge => "gauge",
            _ => "histogram",
        };
}
