using System.Text.Encodings.Web;
using System.Text.Json;
using ManaAi.Host;
using ManaAi.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ManaAi.Tests.Hostile;

public class PrintableTests
{
    private static readonly JsonSerializerOptions Relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [Theory]
    [InlineData("plain text", "plain text")]
    [InlineData("Grüße, 日本, 👩‍👩‍👧", "Grüße, 日本, 👩‍👩‍👧")]
    [InlineData("می‌خواهم", "می‌خواهم")]
    [InlineData("a\u001b[31mb", "a\uFFFD[31mb")]
    [InlineData("a\nb\rc\td", "a\uFFFDb\uFFFDc\uFFFDd")]
    [InlineData("a\u009b31mb", "a\uFFFD31mb")]
    [InlineData("a\u0085b\u2028c\u2029d", "a\uFFFDb\uFFFDc\uFFFDd")]
    [InlineData("a\u202eb\u2066c\u2069d\u200e", "a\uFFFDb\uFFFDc\uFFFDd\uFFFD")]
    [InlineData("a\u200bb\u00adc\uFEFFd", "a\uFFFDb\uFFFDc\uFFFDd")]
    [InlineData("a\U000E0041b", "a\uFFFDb")]
    public void What_deceives_becomes_a_visible_stand_in_and_what_people_write_stays(
        string text,
        string printable
    ) => Printable.Text(text).ShouldBe(printable);

    [Fact]
    public void Half_a_character_becomes_a_stand_in_too() => Printable.Text("a\ud800b").ShouldBe("a\uFFFDb");

    [Fact]
    public void Json_keeps_its_meaning_and_loses_what_a_terminal_obeys()
    {
        var json = JsonSerializer.Serialize(HostileText.Everything, Relaxed);

        var printable = Printable.Json(json);

        HostileText.Find(json).ShouldNotBeNull();
        HostileText.Find(printable).ShouldBeNull();
        JsonSerializer.Deserialize<string>(printable).ShouldBe(HostileText.Everything);
    }

    [Fact]
    public void An_entry_of_the_log_is_one_harmless_line_on_a_terminal()
    {
        var entry = new LogEntry<string>(
            LogLevel.Warning,
            "category",
            new EventId(7),
            HostileText.Everything,
            new InvalidOperationException(HostileText.Everything),
            (state, _) => state
        );
        using var output = new StringWriter();

        new TerminalFormatter(new ManualTime()).Write(in entry, scopeProvider: null, output);

        var line = output.ToString();
        line.ShouldMatch(@"^\d\d:\d\d:\d\d\.000 warn: category\[7\] a");
        line.ShouldContain("InvalidOperationException");
        line.TrimEnd('\n').ShouldNotContain('\n');
        HostileText.Find(line).ShouldBeNull();
    }
}
