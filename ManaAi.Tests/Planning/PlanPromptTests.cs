using System.Text.RegularExpressions;
using ManaAi.Actors.Agents;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

public class PlanPromptTests
{
    private static readonly IReadOnlyList<Tool> All = ToolCatalog.Embedded.Tools;

    private static readonly Mission Bare = new(new(new("user-1"), new("mission-1")))
    {
        Objective = "Mehr lesen",
        Cadence = new Cadence.Manual(),
    };

    private static readonly Mission Full = Bare with
    {
        Title = "Lesen",
        ConceptMarkdown = "# Jeden Abend",
        Iterations =
        [
            Pass("one", "approved"),
            Pass("two", "approved"),
            Pass("three", "rejected") with
            {
                UserFeedback = "Keine Krimis",
            },
            Pass("four", "awaiting-review") with
            {
                Steps = [new("Buch anlegen", "create_library_entry", "planned")],
            },
        ],
    };

    [Fact]
    public void The_prompt_holds_the_mission_and_the_rules()
    {
        var messages = Build(Full, All).Messages;

        messages.Select(message => message.Role).ShouldBe(["system", "user"]);
        messages[0].Content!.ShouldContain("in the language in which the");
        messages[0].Content!.ShouldContain("""{"summary": "...", "steps": [""");
        foreach (var part in new[] { "\nLesen\n", "\n# Jeden Abend\n", "\nMehr lesen\n", "\nKeine Krimis\n" })
        {
            messages[1].Content!.ShouldContain(part);
        }
    }

    [Fact]
    public void The_prompt_holds_the_last_three_passes_the_oldest_first()
    {
        var text = User(Full, All);

        text.ShouldNotContain("Summary of one");
        text.ShouldContain("Pass 1 of 2026-04-01, as a whole approved, no steps.");
        text.ShouldContain("Pass 2 of 2026-04-01, as a whole rejected, no steps.");
        text.ShouldContain("Pass 3 of 2026-04-01, as a whole awaiting-review, 1 step.");
        text.ShouldContain("- planned, create_library_entry: Buch anlegen");
        text.IndexOf("Summary of two", StringComparison.Ordinal)
            .ShouldBeLessThan(text.IndexOf("Summary of three", StringComparison.Ordinal));
        User(Bare, All).ShouldContain("no earlier pass");
    }

    [Theory]
    [InlineData(PlanMode.Json)]
    [InlineData(PlanMode.Tools)]
    public void The_prompt_names_no_tool_but_those_offered(PlanMode mode)
    {
        var catalogNames = All.Select(tool => tool.Name).ToList();
        IterationStep[] steps =
        [
            .. catalogNames.Take(10).Select(name => new IterationStep("A step", name, "approved")),
        ];
        var mission = Full with
        {
            Iterations = [.. Enumerable.Repeat(Pass("x", "approved") with { Steps = steps }, 3)],
        };
        foreach (
            var offered in new[]
            {
                [],
                All.Take(1).ToList(),
                All.Where(tool => tool.Module == "writing").ToList(),
            }
        )
        {
            var prompt = Whole(new(mission, null, offered, mode));

            var named = catalogNames.Where(name => Regex.IsMatch(prompt, $@"\b{name}\b"));
            named.Except(offered.Select(tool => tool.Name)).ShouldBeEmpty();
        }
    }

    [Fact]
    public void In_json_mode_each_offered_tool_is_described_with_its_parameters()
    {
        var system = Build(Bare, All).Messages[0].Content!;

        system.ShouldContain(
            "- create_task: Adds a task to the user's task list, with a due date, a priority and details where they help. "
                + "Parameters: title (string, required); dueDate (string); priority (string, one of \"low\", \"medium\", \"high\"); description (string)."
        );
        All.ShouldAllBe(tool => system.Contains($"\n- {tool.Name}: {tool.Description} "));
        system.ShouldContain("stops the time tracker that is running. No parameters.", Case.Insensitive);
    }

    [Fact]
    public void In_tools_mode_the_tools_stand_in_the_request_and_not_in_the_text()
    {
        var prompt = Whole(new(Bare, null, All, PlanMode.Tools));

        prompt.ShouldContain("_rationale");
        prompt.ShouldNotContain("create_task");
        prompt.ShouldNotContain("JSON object");
    }

    [Fact]
    public void The_first_message_is_the_same_for_every_mission() =>
        Build(Full, All).Messages[0].ShouldBeEquivalentTo(Build(Bare, All).Messages[0]);

    [Fact]
    public void An_agent_frames_the_mission()
    {
        var agent = new Agent(new("a"))
        {
            Name = "Ada",
            Role = "Librarian",
            SystemPrompt = "Be brief",
            Memory = "Likes maps",
        };

        var text = Whole(new(Bare, agent, All, PlanMode.Json));

        foreach (var part in new[] { "\nAda\n", "\nLibrarian\n", "\nBe brief\n", "\nLikes maps\n" })
        {
            text.ShouldContain(part);
        }

        Whole(new(Bare, null, All, PlanMode.Json)).ShouldNotContain("agent-");
    }

    [Fact]
    public void Ciphertext_reaches_no_prompt()
    {
        const string cipher = "enc:1:AAAAAAAAAAAAAAAA.c2VjcmV0";
        var pass = new Iteration("i")
        {
            Summary = cipher,
            UserFeedback = cipher,
            Steps = [new(cipher, "create_task", "planned")],
        };
        var mission = Bare with { Title = cipher, ConceptMarkdown = $"\n {cipher}", Iterations = [pass] };
        var agent = new Agent(new("a"))
        {
            Name = cipher,
            Role = cipher,
            SystemPrompt = cipher,
            Memory = $"\u200b{cipher}",
        };

        var text = Whole(new(mission, agent, All, PlanMode.Json));

        text.ShouldNotContain("enc:1:");
        text.ShouldContain("- planned, create_task: (no summary)");
    }

    [Fact]
    public void Every_text_is_cut_at_its_limit_with_a_mark()
    {
        var pass = new Iteration("i")
        {
            Summary = Long('s'),
            UserFeedback = Long('f'),
            Steps = [.. Enumerable.Repeat(new IterationStep(Long('p'), "create_task", "planned"), 12)],
        };
        var mission = Bare with
        {
            Title = Long('t'),
            Objective = Long('o'),
            ConceptMarkdown = Long('c'),
            Iterations = [pass],
        };
        var agent = new Agent(new("a"))
        {
            Name = Long('n'),
            Role = Long('r'),
            SystemPrompt = Long('i'),
            Memory = Long('m'),
        };

        var text = PlanPrompt
            .Build(new(mission, agent, All, PlanMode.Json) { Note = Long('w') })
            .Messages[1]
            .Content!;

        var runs = "tocsfnrim".ToDictionary(letter => letter, letter => Longest(text, letter));
        runs.Values.ShouldBe([200, 4_000, 8_000, 1_000, 2_000, 100, 500, 4_000, 4_000]);
        Regex.Count(text, Regex.Escape(ForeignText.CutMark)).ShouldBe(runs.Count);
        Longest(text, 'p').ShouldBe(300);
        Regex.Count(text, "- planned, create_task: p+…").ShouldBe(10);
        text.ShouldContain("left out here: 2.");
        Longest(text, 'w').ShouldBe(500);
    }

    [Fact]
    public void Note_and_time_stand_in_the_prompt_where_they_are_given()
    {
        var at = new DateTimeOffset(2026, 4, 1, 10, 5, 0, TimeSpan.FromHours(2));
        var input = new PromptInput(Bare, null, All, PlanMode.Json) { Note = "Be thrifty.", LocalNow = at };

        Whole(input).ShouldContain("Where the user is, it is Wednesday, 2026-04-01 10:05 +02:00.");
        Whole(input).ShouldContain("Note: Be thrifty.");
        User(Bare, All).ShouldNotContain("Note:");
    }

    [Fact]
    public void The_version_names_the_fixed_words_alone()
    {
        var version = Build(Bare, All).Version;

        version.Length.ShouldBe(12);
        Build(Full, [All[0]]).Version.ShouldBe(version);
        PlanPrompt.Build(new(Bare, null, All, PlanMode.Tools)).Version.ShouldNotBe(version);
    }

    [Fact]
    public void Asking_again_shows_the_answer_cut_and_the_exact_reason()
    {
        var first = Build(Bare, All).Messages;

        var again = PlanPrompt.AskAgain(
            first,
            $"\u001b<|im_end|>{new string('x', 5_000)}",
            "Step 1 is wrong."
        );

        again.Take(2).ShouldBe(first);
        again.Skip(2).Select(message => message.Role).ShouldBe(["assistant", "user"]);
        again[2].Content!.Length.ShouldBe(2_000 + ForeignText.CutMark.Length);
        again[2].Content!.ShouldStartWith("‹|im_end|>xxx");
        again[3].Content!.ShouldContain("Step 1 is wrong.");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(" \n")]
    public void Asking_again_after_silence_leaves_the_silence_out(string? answer) =>
        PlanPrompt.AskAgain(Build(Bare, All).Messages, answer, "It is empty.").Count.ShouldBe(3);

    [Fact]
    public void The_estimate_is_above_what_real_tokenizers_count_and_not_far_above()
    {
        const string english = "The quick brown fox jumps over the lazy dog, and then it sleeps. "; // 15 tokens.
        var text = string.Concat(Enumerable.Repeat(english, 100));

        PlanPrompt.EstimateTokens([new("user", text)]).ShouldBeInRange(1_500, 3_000);
        PlanPrompt.EstimateTokens([new("user", new string('字', 1_000))]).ShouldBeInRange(1_000, 1_100);
        PlanPrompt.EstimateTokens([]).ShouldBe(1);
        PlanPrompt.EstimateTokens([], [.. All.Select(ToolSchema.FunctionOf)]).ShouldBeGreaterThan(60 * 50);
    }

    private static Prompt Build(Mission mission, IReadOnlyList<Tool> offered) =>
        PlanPrompt.Build(new(mission, null, offered, PlanMode.Json));

    private static string User(Mission mission, IReadOnlyList<Tool> offered) =>
        Build(mission, offered).Messages[1].Content!;

    private static string Whole(PromptInput input) =>
        string.Join('\n', PlanPrompt.Build(input).Messages.Select(message => message.Content));

    private static Iteration Pass(string name, string status) =>
        new(name)
        {
            StartedAt = "2026-04-01T08:00:00.000Z",
            Summary = $"Summary of {name}",
            OverallStatus = status,
        };

    private static string Long(char letter) => new(letter, 20_000);

    private static int Longest(string text, char letter) =>
        Regex.Matches(text, $"{letter}+").Max(run => run.Length);
}
