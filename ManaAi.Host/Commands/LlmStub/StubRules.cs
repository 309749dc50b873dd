namespace ManaAi.Host.Commands.LlmStub;

/// <summary>Which behaviour is in force. Set from outside while calls come in.</summary>
internal sealed class StubRules
{
    private readonly Lock _gate = new();
    private List<Rule> _rules = [];

    public IReadOnlyList<StubBehaviour> InForce
    {
        get
        {
            lock (_gate)
            {
                return [.. _rules.Select(rule => rule.Behaviour with { Times = rule.Left })];
            }
        }
    }

    /// <summary>Replaces all rules, so that what is in force is always what was said last.</summary>
    public void Set(IEnumerable<StubBehaviour> behaviours)
    {
        lock (_gate)
        {
            _rules = [.. behaviours.Select(behaviour => new Rule(behaviour, behaviour.Times))];
        }
    }

    /// <summary>The behaviour for one call, which thereby has one time less.</summary>
    public StubBehaviour Take(string prompt)
    {
        lock (_gate)
        {
            var index = _rules.FindIndex(rule =>
                prompt.Contains(rule.Behaviour.Match ?? "", StringComparison.Ordinal)
            );
            return index < 0 ? StubBehaviour.Good : TakeAt(index);
        }
    }

    private StubBehaviour TakeAt(int index)
    {
        var rule = _rules[index];
        if (rule.Left == 1)
        {
            _rules.RemoveAt(index);
        }
        else
        {
            _rules[index] = rule with { Left = rule.Left - 1 };
        }

        return rule.Behaviour;
    }

    private sealed record Rule(StubBehaviour Behaviour, int? Left);
}
