using System.Globalization;
using System.Text.RegularExpressions;

namespace ManaAi.Tests.Internal;

/// <summary>
/// Reads a page of Prometheus' text format and accepts nothing that the format's description does not allow: a line
/// that only one reader would forgive must fail here.
/// </summary>
internal sealed partial class PrometheusPage
{
    private const int TimeoutMs = 1000;
    private const string LabelValue = """([^"\\\n]|\\["\\n])*""";
    private const string Label = "[a-zA-Z_][a-zA-Z0-9_]*=\"" + LabelValue + "\"";

    private readonly List<Sample> _samples = [];
    private readonly Dictionary<string, string> _types = [];

    public IReadOnlyDictionary<string, string> Types => _types;

    public IReadOnlyList<Sample> Samples => _samples;

    public static PrometheusPage Parse(string text)
    {
        text.ShouldEndWith("\n");
        text.ShouldNotContain("\r");
        var page = new PrometheusPage();
        var family = "";
        foreach (var line in text[..^1].Split('\n'))
        {
            family = line.StartsWith('#') ? page.ReadComment(line, family) : page.ReadSample(line, family);
        }

        page._samples.ShouldBeUnique();
        page.CheckHistograms();
        return page;
    }

    public double Value(string name, params (string Name, string Value)[] labels) =>
        _samples
            .Where(sample =>
                sample.Name == name && labels.All(label => sample.Label(label.Name) == label.Value)
            )
            .ShouldHaveSingleItem($"{name} {string.Join(' ', labels)}")
            .Value;

    private string ReadComment(string line, string family)
    {
        if (HelpLine().Match(line) is { Success: true } help)
        {
            _types.ShouldNotContainKey(help.Groups["name"].Value, "a family stands in one place");
            return help.Groups["name"].Value;
        }

        var type = TypeLine().Match(line);
        type.Success.ShouldBeTrue(line);
        type.Groups["name"].Value.ShouldBe(family, "TYPE follows its HELP");
        _types.Add(family, type.Groups["type"].Value);
        return family;
    }

    private string ReadSample(string line, string family)
    {
        var match = SampleLine().Match(line);
        match.Success.ShouldBeTrue(line);
        var name = match.Groups["name"].Value;
        string[] allowed = _types[family] is "histogram"
            ? [$"{family}_bucket", $"{family}_sum", $"{family}_count"]
            : [family];
        allowed.ShouldContain(name);
        var labels = LabelPair()
            .Matches(match.Groups["labels"].Value)
            .Select(pair => (pair.Groups["name"].Value, Unescape(pair.Groups["value"].Value)))
            .ToArray();
        labels.Select(label => label.Item1).ShouldBeUnique();
        _samples.Add(
            new Sample(
                family,
                name,
                labels,
                double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture)
            )
        );
        return family;
    }

    private void CheckHistograms()
    {
        var buckets = _samples.Where(sample => sample.Name.EndsWith("_bucket", StringComparison.Ordinal));
        foreach (var series in buckets.GroupBy(bucket => (bucket.Family, bucket.Without("le"))))
        {
            var bounds = series.Select(bucket => Bound(bucket.Label("le")!)).ToArray();
            bounds.ShouldBe(bounds.Order());
            bounds[^1].ShouldBe(double.PositiveInfinity);
            series.Select(bucket => bucket.Value).ShouldBe(series.Select(bucket => bucket.Value).Order());
            var count = _samples.Single(sample =>
                sample.Name == $"{series.Key.Family}_count" && sample.Without("le") == series.Key.Item2
            );
            count.Value.ShouldBe(series.Last().Value);
        }
    }

    private static double Bound(string text) =>
        text is "+Inf" ? double.PositiveInfinity : double.Parse(text, CultureInfo.InvariantCulture);

    private static string Unescape(string text) =>
        Escape().Replace(text, match => match.Value is "\\n" ? "\n" : match.Value[1..]);

    [GeneratedRegex(
        @"^# HELP (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) ([^\\\n]|\\\\|\\n)+$",
        RegexOptions.ExplicitCapture,
        TimeoutMs
    )]
    private static partial Regex HelpLine();

    [GeneratedRegex(
        "^# TYPE (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<type>counter|gauge|histogram)$",
        RegexOptions.ExplicitCapture,
        TimeoutMs
    )]
    private static partial Regex TypeLine();

    [GeneratedRegex(
        "^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\\{(?<labels>"
            + Label
            + "(,"
            + Label
            + @")*)\} (?<value>-?[0-9]+(\.[0-9]+)?(E[+-][0-9]+)?)$",
        RegexOptions.ExplicitCapture,
        TimeoutMs
    )]
    private static partial Regex SampleLine();

    [GeneratedRegex(
        "(?<name>[a-zA-Z_][a-zA-Z0-9_]*)=\"(?<value>" + LabelValue + ")\"(,|$)",
        RegexOptions.ExplicitCapture,
        TimeoutMs
    )]
    private static partial Regex LabelPair();

    [GeneratedRegex("""\\["\\n]""", RegexOptions.ExplicitCapture, TimeoutMs)]
    private static partial Regex Escape();
}

internal sealed record Sample(
    string Family,
    string Name,
    IReadOnlyList<(string Name, string Value)> Labels,
    double Value
)
{
    public string? Label(string name) => Labels.FirstOrDefault(label => label.Name == name).Value;

    public string Without(string name) => string.Join(',', Labels.Where(label => label.Name != name));

    public override string ToString() => $"{Name}{{{Without("")}}} {Value}";

    // One series may stand on the page once, whatever its value.
    public bool Equals(Sample? other) =>
        other is not null && Name == other.Name && Without("") == other.Without("");

    public override int GetHashCode() => HashCode.Combine(Name, Without(""));
}
