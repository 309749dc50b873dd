using System.Diagnostics;
using ManaAi.Actors.Ticking;

namespace ManaAi.Tests.Ticking;

/// <summary>
/// The state machine as its table: every state with every message. A state is written in four letters, `-` for no:
/// busy, owed, answer pending, paused.
/// </summary>
public sealed class TickStateTests
{
    private static readonly TickReport _report = TickReport.Failed(DateTimeOffset.UnixEpoch);

    private static readonly Dictionary<string, TickMessage> _messages = new()
    {
        ["timer"] = new TimerFired(),
        ["woken"] = new WokenUp(),
        ["asked"] = new TickRequested(new TaskCompletionSource<TickReport>()),
        ["finished"] = new TickFinished(new TickOutcome(DateTimeOffset.UnixEpoch, [], [], TimeSpan.Zero)),
        ["settled"] = new RunsSettled(_report),
        ["pause"] = new PauseRequested(),
        ["resume"] = new ResumeRequested(),
    };

    // state  timer           woken           asked          finished        settled        pause   resume
    private const string Table = """
        ----   b--- start      b--- start      b-a- start     ----            ---- answer    ---p    ----
        ---p   ---p            ---p            b-ap start     ---p            ---p answer    ---p    ----
        --a-   b-a- start      b-a- start      --a- overlap   --a-            ---- answer    --ap    --a-
        --ap   --ap            --ap            --ap overlap   --ap            ---p answer    --ap    --a-
        b---   bo--            bo--            b--- overlap   ----            b--- answer    b--p    b---
        b--p   b--p            b--p            b--p overlap   ---p            b--p answer    b--p    b---
        b-a-   boa-            boa-            b-a- overlap   --a-            b--- answer    b-ap    b-a-
        b-ap   b-ap            b-ap            b-ap overlap   --ap            b--p answer    b-ap    b-a-
        bo--   bo--            bo--            bo-- overlap   b--- start      bo-- answer    b--p    bo--
        boa-   boa-            boa-            boa- overlap   b-a- start      bo-- answer    b-ap    boa-
        """;

    public static TheoryData<string, string, string, string> Cases()
    {
        var cases = new TheoryData<string, string, string, string>();
        foreach (var line in Table.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var cells = new Queue<string>(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            var state = cells.Dequeue();
            foreach (var message in _messages.Keys)
            {
                var next = cells.Dequeue();
                var action = cells.TryPeek(out var word) && IsAction(word) ? cells.Dequeue() : "none";
                cases.Add(state, message, next, action);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Each_state_takes_each_message_as_the_table_says(
        string state,
        string message,
        string next,
        string action
    )
    {
        var (became, does) = Read(state).On(_messages[message]);

        (Write(became), Word(does)).ShouldBe((next, action));
    }

    [Fact]
    public void The_table_holds_every_state_that_can_be_reached()
    {
        var reached = new HashSet<TickState> { default };
        var open = new Queue<TickState>(reached);
        while (open.TryDequeue(out var state))
        {
            foreach (
                var next in _messages.Values.Select(message => state.On(message).Next).Where(reached.Add)
            )
            {
                open.Enqueue(next);
            }
        }

        var written = Table
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Trim().Split(' ')[0]);
        reached.Select(Write).ShouldBe(written, ignoreOrder: true);
    }

    [Fact]
    public void A_message_that_nobody_foresaw_is_a_fault_and_not_silence() =>
        Should.Throw<UnreachableException>(() => default(TickState).On(new Unforeseen()));

    [Theory]
    [InlineData("----", "idle")]
    [InlineData("--a-", "idle")]
    [InlineData("---p", "paused")]
    [InlineData("b---", "busy")]
    [InlineData("b--p", "busy")]
    public void A_state_has_one_word(string state, string word) => Read(state).Word.ShouldBe(word);

    private static bool IsAction(string word) => word is "start" or "overlap" or "answer";

    private static TickState Read(string state) =>
        new(state[0] == 'b', state[1] == 'o', state[2] == 'a', state[3] == 'p');

    private static string Write(TickState state) =>
        string.Concat(
            state.IsBusy ? 'b' : '-',
            state.IsTickOwed ? 'o' : '-',
            state.IsAnswerPending ? 'a' : '-',
            state.IsPaused ? 'p' : '-'
        );

    private static string Word(TickAction action) =>
        action switch
        {
            TickAction.StartTick => "start",
            TickAction.AnswerOverlapSkipped => "overlap",
            TickAction.AnswerTick => "answer",
            _ => "none",
        };

    private sealed record Unforeseen : TickMessage;
}
