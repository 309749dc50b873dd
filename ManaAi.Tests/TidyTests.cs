using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ManaAi.Actors.Database;
using ManaAi.Actors.Mailboxes;
using ManaAi.Tests.Support;
using Microsoft.Extensions.Logging;

namespace ManaAi.Tests;

/// <summary>The rules that a reviewer would have to remember. Each message says what to do instead.</summary>
public sealed class TidyTests
{
    private static readonly Assembly _actors = typeof(Sql).Assembly;

    // A file is looked at from 400 lines on. Of these, one is the list of all endpoints' specs and
    // one a table of cases.
    private static readonly HashSet<string> _longFiles =
    [
        "ManaAi.Tests/ChangeLog/FoldCommandTests.cs",
        "ManaAi.Tests/Internal/EndpointTests.cs",
        "ManaAi.Tests/Planning/LlmBadBehaviours.cs",
    ];

    // A server that is slow is what these play, over real sockets: the client's timeout is the behaviour under test.
    // What other processes do is seen by looking again, with a deadline: nothing there can raise an event here.
    private static readonly HashSet<string> _slowServers =
    [
        "ManaAi.Tests/Planning/LlmScriptedServer.cs",
        "ManaAi.Tests/Support/Eventually.cs",
    ];

    private static readonly Dictionary<int, string> _logRanges = new()
    {
        [1] = "mailboxes and database",
        [2] = "change log",
        [3] = "ticks",
        [4] = "runs",
        [5] = "planning",
        [6] = "keys",
    };

    [Fact]
    public void Messages_and_records_never_change_after_they_are_sent() =>
        (
            from assembly in (Assembly[])[_actors, typeof(Host.Settings.Secret).Assembly]
            from type in assembly.GetTypes()
            where type.GetMethod("<Clone>$") is not null || IsMessage(type)
            from property in type.GetProperties()
            where
                property.SetMethod is { } set
                && !set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit))
            select $"{type.Name}.{property.Name} has a setter; use init"
        ).ShouldBeEmpty();

    [Fact]
    public void Files_stay_short_enough_to_be_read_at_once() =>
        (
            from file in Sources.All("*.cs")
            let lines = file.Text.AsSpan().Count('\n')
            where lines > 400 && !_longFiles.Contains(file.Path)
            select $"{file.Path} has {lines} lines; split it where a name comes by itself"
        ).ShouldBeEmpty();

    [Fact]
    public void Every_log_message_has_an_id_of_its_own_in_its_range()
    {
        var messages = _actors
            .GetType("ManaAi.Actors.Log", throwOnError: true)!
            .GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly)
            .Select(method => (method.Name, method.GetCustomAttribute<LoggerMessageAttribute>()?.EventId))
            .ToList();

        messages.ShouldAllBe(message => message.EventId != null);
        messages.Where(message => !_logRanges.ContainsKey(message.EventId!.Value / 100)).ShouldBeEmpty();
        messages
            .GroupBy(message => message.EventId)
            .Where(group => group.Count() > 1)
            .Select(group =>
                $"{group.Key} is used by {string.Join(" and ", group.Select(message => message.Name))}"
            )
            .ShouldBeEmpty();
    }

    [Fact]
    public void Every_log_message_is_said_somewhere() =>
        (
            from method in _actors.GetType("ManaAi.Actors.Log", throwOnError: true)!.GetMethods()
            where method is { IsStatic: true, IsPublic: true }
            where
                !Sources
                    .All("*.cs")
                    .Any(file => file.Text.Contains($"Log.{method.Name}(", StringComparison.Ordinal))
            select $"Log.{method.Name} is never called; take it out"
        ).ShouldBeEmpty();

    [Fact]
    public void Every_statement_is_used_somewhere() =>
        (
            from name in Sql.All.Keys
            let used = $"\"{name}\""
            where
                !Sources
                    .All("*.cs")
                    .Any(file => !file.IsTest && file.Text.Contains(used, StringComparison.Ordinal))
            select $"the statement {name} is never used; take it out"
        ).ShouldBeEmpty();

    [Fact]
    public void No_test_waits_for_time() =>
        (
            from file in Sources.All("*.cs")
            where file.IsTest && !_slowServers.Contains(file.Path)
            from Match match in Regex.Matches(file.Text, @"(Task\.Delay|Thread\.Sleep)\((?<span>[^;]*)")
            where
                !match.Groups["span"].Value.Contains("InfiniteTimeSpan", StringComparison.Ordinal)
                && !match.Groups["span"].Value.Contains("ManualTime", StringComparison.Ordinal)
            select $"{file.Path} waits with {match.Value}; wait for an event, or move a ManualTime"
        ).ShouldBeEmpty();

    [Fact]
    public void Nothing_is_left_to_do_and_nothing_knows_the_machine_it_was_written_on()
    {
        // Put together, so that this file does not find itself.
        string[] words =
        [
            "TO" + "DO",
            "FIX" + "ME",
            "HA" + "CK",
            "/wo" + "rk/",
            "/ho" + "me/",
            "/ro" + "ot/",
        ];
        (
            from file in Sources.All("*.cs", "*.sql", "*.sh", "*.md", "*.csproj", "*.props", "dev")
            from word in words
            where file.Text.Contains(word, StringComparison.Ordinal)
            select $"{file.Path} holds \"{word}\""
        ).ShouldBeEmpty();
    }

    [Fact]
    public void The_README_tells_every_setting_and_none_that_there_is_not()
    {
        var known = NamesIn(Sources.Read("ManaAi.Host/Settings/SettingsReader.cs"), '"');
        var readme = Sources.Read("README.md");
        var settings = readme[
            readme.IndexOf("## Settings", StringComparison.Ordinal)..readme.IndexOf(
                "## Endpoints",
                StringComparison.Ordinal
            )
        ];

        known.Count.ShouldBeGreaterThan(30);
        NamesIn(settings, '`').ShouldBe(known, ignoreOrder: true);
    }

    [Fact]
    public void The_actors_know_neither_the_web_nor_the_console()
    {
        _actors
            .GetReferencedAssemblies()
            .Select(assembly => assembly.Name!)
            .Where(name =>
                name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
                || name is "System.Console" or "System.CommandLine" or "Microsoft.Extensions.Hosting"
            )
            .ShouldBeEmpty("what belongs to the edge belongs into ManaAi.Host");
    }

    [Fact]
    public void Whoever_opens_a_feature_finds_what_its_public_types_are_for() =>
        (
            from file in Sources.All("*.cs")
            where file.Path.StartsWith("ManaAi.Actors/", StringComparison.Ordinal)
            from Match match in Regex.Matches(
                file.Text,
                @"(?<before>[^\n]*)\n(?:\[[^\n]*\]\n)*public (?:abstract |static |sealed |readonly |partial )*(?:record struct|class|record|struct|interface|enum) (?<name>\w+)"
            )
            let before = match.Groups["before"].Value
            where !before.StartsWith("///", StringComparison.Ordinal)
            where !_speakForThemselves.Contains(match.Groups["name"].Value)
            select $"{file.Path}: {match.Groups["name"].Value} has no summary; say what its name does not"
        ).ShouldBeEmpty();

    // A second sentence would only repeat the name, or the type above them that they belong to.
    private static readonly HashSet<string> _speakForThemselves = [];

    /// <summary>The names of environment variables between quotes.</summary>
    private static HashSet<string> NamesIn(string text, char quote) =>
        [
            .. Regex
                .Matches(text, $"{quote}(?<name>[A-Z]+(_[A-Z]+)*){quote}")
                .Select(match => match.Groups["name"].Value),
        ];

    private static bool IsMessage(Type type) =>
        Array.Exists(
            _actors.GetTypes(),
            actor =>
                Array.Exists(
                    actor.GetInterfaces(),
                    one =>
                        one.IsGenericType
                        && one.GetGenericTypeDefinition() == typeof(IActor<>)
                        && one.GenericTypeArguments[0].IsAssignableFrom(type)
                )
        );
}
