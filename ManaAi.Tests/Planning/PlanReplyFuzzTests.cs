using System.Diagnostics;
using ManaAi.Actors.Planning;
using ManaAi.Tests.Hostile;

namespace ManaAi.Tests.Planning;

public class PlanReplyFuzzTests
{
    private static readonly string[] Pieces =
    [
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\",
        ",",
        ":",
        "\\u",
        "\\ud800",
        "\\u0000",
        "\ud83d",
        "\udc00",
        "\0",
        "\uFEFF",
        "```json",
        "<think>",
        "</think>",
        "null",
        "true",
        "1e999",
        "-",
        "0",
        "//",
        "\"steps\":[]",
        "\"params\":{",
        "\"toolName\":\"send_email\"",
        "\"toolName\":\"list_tasks\"",
        "\"toolName\":\"create_task\"",
        "\u202e",
        "\n",
        "é",
        "{\"steps\":[{",
        "\"a\":{\"a\":",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(20260401)]
    public void Mutated_answers_never_throw_and_never_bring_what_is_not_offered(int seed)
    {
        var random = new Random(seed);
        var sound = PlanReplyCases
            .All.Select(answer => answer.Content ?? "")
            .Where(text => text.Length < 2_000)
            .ToList();
        var offered = ToolCatalog
            .Embedded.Tools.Where(tool => tool.Module is "todo" or "times" or "website")
            .ToList();
        var names = offered.Select(tool => tool.Name).ToHashSet();
        var (accepted, refused) = (0, 0);

        for (var round = 0; round < FuzzRounds.Of(50_000, 500_000); round++)
        {
            var text = Mutate(sound[random.Next(sound.Count)], random);
            if (PlanReplyParser.Parse(text, offered) is PlanReply.Accepted { Plan: var plan })
            {
                accepted++;
                plan.Steps.Count.ShouldBeLessThanOrEqualTo(Plan.StepsMax);
                plan.Steps.ShouldAllBe(step => IsSound(step, offered, names));
            }
            else
            {
                refused++;
            }
        }

        accepted.ShouldBeGreaterThan(1_000); // Else the mutations would leave nothing to be looked at.
        refused.ShouldBeGreaterThan(1_000);
    }

    [Theory]
    [InlineData(7)]
    public void Mutated_calls_never_throw_and_never_bring_what_is_not_offered(int seed)
    {
        var random = new Random(seed);
        var offered = ToolCatalog.Embedded.Tools;
        var names = offered.Select(tool => tool.Name).ToHashSet();
        for (var round = 0; round < FuzzRounds.Of(20_000, 200_000); round++)
        {
            var arguments = Mutate(
                """{"_summary":"a","_rationale":"b","title":"x","priority":"low"}""",
                random
            );
            var tool = random.Next(4) == 0 ? Mutate("create_task", random) : "create_task";
            if (
                PlanReplyParser.CheckCall(new("c", tool, arguments), offered) is CallReply.Accepted
                {
                    Step: var step
                }
            )
            {
                IsSound(step, offered, names).ShouldBeTrue();
            }
        }
    }

    public static TheoryData<string> Hostile =>
        new()
        {
            "{",
            "{x",
            "{\"",
            "{\"a\":",
            "{\"a\":[",
            "[{\"a\":",
            "{}",
            "{\"steps\":[]}",
            "{\"steps\":[",
            "{\"steps\":",
            "\\",
            "\"",
            "{ ",
            "{\"\\",
            "<think>",
            "\\ud800",
            "{\"steps\":[{\"summary\":\"",
            "}{",
            "{\"steps\":{}}",
            "{\"steps\" []}",
        };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void The_time_is_bounded_by_the_length(string unit)
    {
        var text = string.Concat(Enumerable.Repeat(unit, 262_144 / unit.Length));
        var clock = Stopwatch.StartNew();

        PlanReplyParser.Parse(text, ToolCatalog.Embedded.Tools);

        // A quadratic pass over this much takes minutes; a linear one some milliseconds, also on a busy machine.
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    private static bool IsSound(PlannedStep step, IReadOnlyList<Tool> offered, HashSet<string> names)
    {
        var known = offered.FirstOrDefault(tool => tool.Name == step.ToolName)?.Parameters ?? [];
        var given = step.Params.EnumerateObject().Select(member => member.Name).ToHashSet();
        return names.Contains(step.ToolName)
            && !string.IsNullOrWhiteSpace(step.Summary)
            && !string.IsNullOrWhiteSpace(step.Rationale)
            && given.IsSubsetOf(known.Select(parameter => parameter.Name))
            && known.Where(parameter => parameter.IsRequired).All(parameter => given.Contains(parameter.Name))
            // A backslash that is itself escaped makes the rest plain text, and no NUL.
            && !step
                .Params.GetRawText()
                .Replace(@"\\", "", StringComparison.Ordinal)
                .Contains(@"\u0000", StringComparison.Ordinal);
    }

    private static string Mutate(string text, Random random) => Mutation.Of(text, Pieces, random);
}
