namespace ManaAi.Bench.Chaos;

/// <summary>Why occurrences were asked about more than once, and what kept answers saved.</summary>
internal sealed class CallAudit
{
    private readonly SortedDictionary<string, int> _again = new(StringComparer.Ordinal);

    private CallAudit() { }

    /// <summary>Calls that nodes noted before making them.</summary>
    public int Asked { get; private set; }

    /// <summary>Occurrences that were asked about at all.</summary>
    public int Occurrences { get; private set; }

    /// <summary>Calls beyond the first of an occurrence, by what had happened since the one before.</summary>
    public IReadOnlyDictionary<string, int> Again => _again;

    /// <summary>Occurrences that were ended from an answer that an older claim had kept.</summary>
    public int KeptAnswersUsed { get; private set; }

    /// <summary>Calls made again though a usable answer was there. None is right.</summary>
    public int PaidTwice { get; private set; }

    public int MostOfOneOccurrence { get; private set; }

    public static CallAudit Of(IEnumerable<RunEvent> events)
    {
        var audit = new CallAudit();
        foreach (var run in events.GroupBy(one => one.RunId))
        {
            audit.Add([.. run]);
        }

        return audit;
    }

    private void Add(IReadOnlyList<RunEvent> story)
    {
        var calls = 0;
        RunEvent? answer = null;
        var cause = "";
        foreach (var one in story)
        {
            switch (one.Kind)
            {
                case "asked":
                    Count(++calls, cause, answer);
                    (answer, cause) = (null, "unknown");
                    break;
                case "answered":
                    answer = one;
                    break;
                case "claimed":
                    // Says only that something let go of it before.
                    break;
                case "answer-refused" or "waits" or "reopened":
                    (answer, cause) = (null, Cause(one));
                    break;
                case "taken-over" or "handed-back":
                    cause = Cause(one);
                    break;
                case "planned" or "empty" when answer is { } kept && kept.Epoch < one.Epoch:
                    KeptAnswersUsed++;
                    break;
            }
        }

        Occurrences += calls > 0 ? 1 : 0;
        MostOfOneOccurrence = Math.Max(MostOfOneOccurrence, calls);
    }

    private void Count(int call, string cause, RunEvent? answer)
    {
        Asked++;
        if (call > 1)
        {
            _again[cause] = _again.GetValueOrDefault(cause) + 1;
            PaidTwice += answer is null ? 0 : 1;
        }
    }

    private static string Cause(RunEvent one) =>
        one.Kind switch
        {
            "taken-over" => "the node was gone during the call",
            "handed-back" => "the node was drained during the call",
            "answer-refused" => "the answer was no plan",
            "reopened" => "superseded, and due again",
            // What follows the first colon is the server's own text.
            _ => $"waited: {one.Detail?.Split(':')[0]}",
        };
}
