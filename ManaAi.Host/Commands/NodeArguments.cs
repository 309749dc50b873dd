using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace ManaAi.Host.Commands;

/// <summary>Arguments and options that several commands share, and how they become paths.</summary>
internal static class NodeArguments
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>USER/MISSION.</summary>
    public static Argument<string> Mission()
    {
        var argument = new Argument<string>("mission")
        {
            Description = "The mission.",
            HelpName = "USER/MISSION",
        };
        argument.Validators.Add(result => Check(result, isMissionNeeded: true));
        return argument;
    }

    /// <summary>USER, USER/MISSION, or nothing for the whole service.</summary>
    public static Argument<string?> Scope()
    {
        var argument = new Argument<string?>("scope")
        {
            Description = "A user, or one mission of a user; without it the whole service.",
            HelpName = "USER[/MISSION]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        argument.Validators.Add(result => Check(result, isMissionNeeded: false));
        return argument;
    }

    public static Argument<long> Run()
    {
        var argument = new Argument<long>("run")
        {
            Description = "The run's id, as `runs` shows it.",
            HelpName = "ID",
        };
        argument.Validators.Add(result =>
        {
            if (
                result.Tokens is [{ Value: var text }]
                && !(
                    long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0
                )
            )
            {
                result.AddError($"'{Printable.Text(text)}' is no run's id: those are whole numbers from 1.");
            }
        });
        return argument;
    }

    public static Option<string?> Text(string name, string description, string helpName) =>
        new(name) { Description = description, HelpName = helpName };

    public static Option<int> Limit() =>
        new("--limit")
        {
            Description = "Rows of a page, 1 to 1000.",
            HelpName = "n",
            DefaultValueFactory = _ => 100,
        };

    public static Option<string?> Cursor() =>
        Text("--cursor", "Goes on behind an earlier page, which names its cursor at the end.", "cursor");

    /// <summary>The two halves; the mission is null where only a user is named.</summary>
    public static (string User, string? Mission) Split(string text)
    {
        var at = text.IndexOf('/', StringComparison.Ordinal);
        return at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
    }

    public static string MissionPath(string text, string rest = "")
    {
        var (user, mission) = Split(text);
        return $"/internal/missions/{Uri.EscapeDataString(user)}/{Uri.EscapeDataString(mission!)}{rest}";
    }

    /// <summary>A path with those values of its query that there are.</summary>
    public static string WithQuery(string path, params IEnumerable<(string Name, string? Value)> values)
    {
        var query = values
            .Where(value => value.Value is not null)
            .Select(value => $"{value.Name}={Uri.EscapeDataString(value.Value!)}")
            .ToArray();
        return query.Length == 0 ? path : $"{path}?{string.Join('&', query)}";
    }

    /// <summary>Says on stderr how to see the rest, so that what goes on through a pipe stays data.</summary>
    public static void TellMore(TextWriter error, string? nextCursor)
    {
        if (nextCursor is not null)
        {
            error.WriteLine($"There are more: --cursor {Printable.Text(nextCursor)}");
        }
    }

    private static void Check(ArgumentResult result, bool isMissionNeeded)
    {
        if (result.Tokens is not [{ Value: var text }])
        {
            return;
        }

        var (user, mission) = Split(text);
        if (user.Length == 0 || mission?.Length == 0 || (isMissionNeeded && mission is null))
        {
            var form = isMissionNeeded ? "USER/MISSION" : "USER or USER/MISSION";
            result.AddError($"'{Printable.Text(text)}' must have the form {form}.");
        }
    }
}
