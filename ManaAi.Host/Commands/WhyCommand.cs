using System.CommandLine;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Commands;

/// <summary>Why a mission is or is not running now.</summary>
internal static class WhyCommand
{
    public static Command Create(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand(
            "why",
            "Says why a mission is or is not running now; the first line begins with due, not due until, or never due.",
            environment
        );
        var mission = NodeArguments.Mission();
        node.Command.Add(mission);
        node.Sends<WhyView>(
            parsed => new NodeRequest(
                HttpMethod.Get,
                NodeArguments.MissionPath(parsed.GetRequiredValue(mission), "/why")
            ),
            NodeArguments.Patience,
            (why, output, _) =>
            {
                output.WriteLine(Printable.Text(why.FirstLine));
                foreach (var sentence in why.Sentences)
                {
                    output.WriteLine(Printable.Text(sentence));
                }

                return ExitCodes.Ok;
            }
        );
        return node.Command.WithExamples(
            "mana-ai why user-1/mission-1",
            "mana-ai why user-1/mission-1 -o json"
        );
    }
}
