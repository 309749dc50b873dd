using System.Text.Json;
using ManaAi.Actors;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;
using Generation = ManaAi.Actors.ChangeLog.LogGeneration;

namespace ManaAi.Tests.Planning;

/// <summary>How a planner asks, and for how long it remembers what a model does not take.</summary>
public sealed class PlannerModeTests : IAsyncLifetime
{
    private static readonly StubBehaviour _takesNoTools = new()
    {
        Status = 422,
        Kind = "capability",
        Times = 1,
    };

    private readonly ManualTime _time = new();
    private readonly Metrics _metrics = new();
    private readonly KeptLog<Planner> _log = new();
    private LedgerBench _bench = null!;
    private BenchNode _node = null!;
    private LlmStubServer _llm = null!;
    private LlmClient _client = null!;
    private int _missions;

    public async Task InitializeAsync()
    {
        _bench = await LedgerBench.CreateAsync();
        _node = _bench.Node();
        _llm = await LlmStubServer.StartAsync();
        _client = LlmBench.Client(_llm.Address);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _llm.DisposeAsync();
        await _bench.DisposeAsync();
        _metrics.Dispose();
    }

    [Theory]
    [InlineData(null, Generation.One, "json")]
    [InlineData(null, Generation.Two, "tools tools")]
    [InlineData(PlanMode.Json, Generation.Two, "json")]
    [InlineData(PlanMode.Tools, Generation.One, "tools tools")]
    public async Task The_setting_decides_and_else_the_generation(
        PlanMode? mode,
        Generation generation,
        string asked
    )
    {
        var planner = Planner(mode);

        (await PlanAsync(planner, generation)).Plan.Steps.ShouldNotBeEmpty();

        Asked().ShouldBe(asked);
    }

    [Fact]
    public async Task A_model_that_takes_no_tools_is_asked_for_JSON_and_for_an_hour_only_so()
    {
        var planner = Planner(null);
        _llm.Behave(_takesNoTools);
        await PlanAsync(planner);
        Asked().ShouldBe("tools json");
        _log.Entries.ShouldHaveSingleItem().Line.ShouldContain("takes no tools");

        _time.Advance(TimeSpan.FromMinutes(59));
        await PlanAsync(planner);
        Asked().ShouldBe("tools json json");

        _time.Advance(TimeSpan.FromMinutes(1));
        await PlanAsync(planner);
        Asked().ShouldBe("tools json json tools tools");
    }

    [Fact]
    public async Task What_one_model_does_not_take_says_nothing_about_another()
    {
        var planner = Planner(null, model: null);
        _llm.Behave(_takesNoTools);

        await PlanAsync(planner, Generation.Two);
        await PlanAsync(Planner(null, "test/other"), Generation.Two);

        Asked().ShouldBe("tools json tools tools");
    }

    [Fact]
    public async Task A_model_that_takes_neither_tools_nor_a_schema_is_asked_plainly()
    {
        _llm.Behave(_takesNoTools, new StubBehaviour { Status = 400, Times = 1 });

        await PlanAsync(Planner(null));

        Asked().ShouldBe("tools json plain");
        (await RunAsync()).Calls.ShouldBe(3, "each was paid for, or may have been");
    }

    [Fact]
    public async Task Tools_that_are_given_up_between_two_answers_begin_again_as_JSON()
    {
        _llm.Behave(_takesNoTools with { Match = "tool: recorded" });

        await PlanAsync(Planner(null));

        Asked().ShouldBe("tools tools json");
        _llm.Calls.Recent[^1].Body.ShouldNotContain("\"role\":\"tool\"");
        var run = await RunAsync();
        run.Calls.ShouldBe(3);
        run.Answers.EnumerateArray()
            .Select(answer => answer.GetProperty("mode").GetString())
            .ShouldBe(["tools", "json"]);
    }

    [Fact]
    public async Task After_such_a_switch_a_crash_goes_on_with_the_answer_in_JSON()
    {
        var claim = await ClaimAsync();
        await _node.AskAsync(
            claim,
            DialogueAnswers.Calls(DialogueAnswers.Good("a")),
            DialogueAnswers.Calls(DialogueAnswers.Good("b")),
            new KeptAnswer("""{"summary":"In JSON.","steps":[]}""", "stop", null)
        );
        await _bench.AgeLeasesAsync();
        var next = (await _node.ClaimAsync()).ShouldHaveSingleItem();

        var plan = await PlanAsync(Planner(null), next, Generation.Two);

        (plan.Plan.Summary, plan.Plan.Steps.Count).ShouldBe(("In JSON.", 0));
        _llm.Calls.Total.ShouldBe(0);
    }

    [Fact]
    public async Task A_transcript_of_calls_goes_on_with_calls_whatever_is_set_now()
    {
        var claim = await ClaimAsync();
        await _node.AskAsync(claim, DialogueAnswers.Calls(DialogueAnswers.Good("a"), DialogueAnswers.Bad()));
        await _bench.AgeLeasesAsync();
        var next = (await _node.ClaimAsync()).ShouldHaveSingleItem();

        var plan = await PlanAsync(Planner(PlanMode.Json), next, Generation.Two);

        Asked().ShouldBe("tools");
        _llm.Calls.Recent[0].Body.ShouldContain("\"role\":\"tool\"");
        plan.Plan.Steps.ShouldHaveSingleItem().Summary.ShouldBe("Add a");
        plan.Plan.Summary.ShouldNotBeNull().ShouldContain("calls were answered");
    }

    private TestPlanner Planner(PlanMode? mode, string? model = "test/model") =>
        new(
            _client,
            _node.Calls,
            _node.Gate,
            new PlannerOptions { Mode = mode, Model = model },
            new RunOptions(),
            new Random(1),
            _time,
            _metrics,
            _log
        );

    private async Task<Claim> ClaimAsync()
    {
        _missions++;
        await _bench.InsertDueAsync($"mission-{_missions}");
        return await _node.TickAndClaimAsync();
    }

    private async Task<Verdict.Planned> PlanAsync(TestPlanner planner, Generation generation = Generation.Two)
    {
        var claim = await ClaimAsync();
        var plan = await PlanAsync(planner, claim, generation);
        (await _node.WriteAsync(claim, plan)).ShouldBe(WriteBackResult.Written);
        return plan;
    }

    private static async Task<Verdict.Planned> PlanAsync(
        TestPlanner planner,
        Claim claim,
        Generation generation
    )
    {
        var end = await planner.PlanAsync(claim, generation);
        return end.ShouldBeOfType<AttemptEnd.Decided>().Verdict.ShouldBeOfType<Verdict.Planned>();
    }

    private async Task<RunRow> RunAsync() => (await _bench.Database.RunsAsync()).ShouldHaveSingleItem();

    /// <summary>How each call so far was made.</summary>
    private string Asked() => string.Join(' ', _llm.Calls.Recent.Select(Form));

    private static string Form(StubCall call)
    {
        if (call.Body.Contains("\"tools\":[", StringComparison.Ordinal))
        {
            return "tools";
        }

        return call.Body.Contains("json_schema", StringComparison.Ordinal) ? "json" : "plain";
    }
}
