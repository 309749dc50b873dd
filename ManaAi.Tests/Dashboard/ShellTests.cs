using System.Text.RegularExpressions;
using ManaAi.Host.Dashboard.Assets;
using ManaAi.Host.Dashboard.Charts;
using ManaAi.Host.Dashboard.Session;
using ManaAi.Host.Dashboard.Shell;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Dashboard;

/// <summary>The small parts that pages are made of.</summary>
public sealed partial class ShellTests
{
    [Theory]
    [InlineData("mana-ai retry 4711", "retry", "4711")]
    [InlineData(
        "mana-ai pause user-1/mission-1 --reason 'plans nonsense'",
        "pause",
        "user-1/mission-1",
        "--reason",
        "plans nonsense"
    )]
    [InlineData("mana-ai runs --state failed", "runs", "--user", null, "--state", "failed")]
    [InlineData("mana-ai runs", "runs", "--reason", null)]
    [InlineData("mana-ai pause 'it'\\''s; rm -rf /' --reason ''", "pause", "it's; rm -rf /", "--reason", "")]
    [InlineData("mana-ai pause '$(x)`y`' --reason 'a�b'", "pause", "$(x)`y`", "--reason", "a\nb")]
    public void A_command_can_be_pasted_into_a_shell(string command, params string?[] words) =>
        CommandText.Of(words).ShouldBe(command);

    [Theory]
    [InlineData("/ops", "/ops")]
    [InlineData("/ops/missions?user=a%20b", "/ops/missions?user=a%20b")]
    [InlineData(null, "/ops")]
    [InlineData("", "/ops")]
    [InlineData("https://elsewhere.example/ops", "/ops")]
    [InlineData("//elsewhere.example/ops/", "/ops")]
    [InlineData("/opsx", "/ops")]
    [InlineData("/ops/\\elsewhere", "/ops")]
    [InlineData("/ops/\r\nSet-Cookie: x", "/ops")]
    [InlineData("/ops/sign-in?to=/ops", "/ops")]
    public void Nobody_is_led_elsewhere_after_signing_in(string? asked, string path) =>
        SignInEndpoints.Local(asked).ShouldBe(path);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(3, 5)]
    [InlineData(10, 10)]
    [InlineData(11, 20)]
    [InlineData(51, 100)]
    [InlineData(1_000_001, 2_000_000)]
    public void A_scale_ends_at_a_round_number(long greatest, long top) =>
        ChartScale.Top([0, greatest]).ShouldBe(top);

    [Fact]
    public void Assets_are_named_by_what_they_hold()
    {
        Asset.Style.ShouldMatch("^/ops/assets/ops-[0-9a-f]{16}\\.css$");
        Asset.Script.ShouldMatch("^/ops/assets/ops-[0-9a-f]{16}\\.js$");
        Asset.Find(Asset.Style.Split('/')[^1])!.Bytes.Length.ShouldBeGreaterThan(1000);
        Asset.Find("ops.css").ShouldBeNull();
    }

    /// <summary>The policy would block it, and the page would silently be without it.</summary>
    [Fact]
    public void Nothing_stands_inside_a_page_that_its_policy_forbids() =>
        (
            from file in Sources.All("*.razor")
            from Match match in Forbidden().Matches(file.Text)
            select $"{file.Path} has {match.Value}; put it into ops.css or ops.js"
        ).ShouldBeEmpty();

    [Fact]
    public void Nothing_comes_from_elsewhere() =>
        (
            from file in Sources.All("*.razor", "ops.css", "ops.js")
            from Match match in Regex.Matches(file.Text, @"https?://[^\s""')]*|url\(|@import")
            select $"{file.Path} has {match.Value}"
        ).ShouldBeEmpty();

    [GeneratedRegex(@"\sstyle=|<style|<script(?![^>]*src=)|\son[a-z]+=|javascript:")]
    private static partial Regex Forbidden();
}
