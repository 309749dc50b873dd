using ManaAi.Host.Dashboard.Session;
using ManaAi.Host.Keys;
using ManaAi.Tests.Settings;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Dashboard;

/// <summary>A session holds on every node with its key, and only as long as the key does.</summary>
public sealed class SessionsTests
{
    private const string Key = "the-first-key-of-these-tests-0123456789";
    private const string Other = "another-key-of-these-tests-0123456789abc";

    private readonly ManualTime _time = new();

    [Fact]
    public void A_key_begins_a_session_and_another_word_does_not()
    {
        var sessions = Create(Key);

        sessions.Find(sessions.Begin(Key)).ShouldNotBeNull();
        sessions.Begin("no-key").ShouldBeNull();
    }

    [Fact]
    public void The_token_holds_no_key_and_is_never_the_same_twice()
    {
        var sessions = Create(Key);
        var (one, two) = (sessions.Begin(Key)!, sessions.Begin(Key)!);

        one.ShouldNotBe(two);
        one.ShouldNotContain(Key);
        sessions.Find(one)!.FormToken.ShouldNotBe(sessions.Find(two)!.FormToken);
    }

    [Fact]
    public void Another_node_with_the_key_takes_it_and_one_without_does_not()
    {
        var token = Create(Key, Other).Begin(Other);

        Create(Other).Find(token).ShouldNotBeNull();
        Create(Key).Find(token).ShouldBeNull("its key was rotated out");
    }

    [Fact]
    public void It_ends_after_half_a_day()
    {
        var sessions = Create(Key);
        var token = sessions.Begin(Key);
        _time.Advance(Sessions.Length - TimeSpan.FromSeconds(2));
        sessions.Find(token).ShouldNotBeNull();

        _time.Advance(TimeSpan.FromSeconds(3));

        sessions.Find(token).ShouldBeNull();
    }

    [Fact]
    public void One_from_a_clock_that_is_hours_ahead_is_not_taken()
    {
        var ahead = new ManualTime();
        ahead.Advance(TimeSpan.FromHours(1));
        var token = new Sessions(KeysOf(Key), ahead).Begin(Key);

        Create(Key).Find(token).ShouldBeNull();
    }

    [Fact]
    public void Who_signs_out_is_believed_no_more()
    {
        var sessions = Create(Key);
        var (token, other) = (sessions.Begin(Key), sessions.Begin(Key));

        sessions.End(sessions.Find(token)!);

        sessions.Find(token).ShouldBeNull();
        sessions.Find(other).ShouldNotBeNull();
    }

    [Fact]
    public void What_was_tampered_with_is_nobodys()
    {
        var sessions = Create(Key);
        var token = sessions.Begin(Key)!;
        for (var index = 0; index < token.Length; index++)
        {
            // The last character has bits that say nothing, so another one of the alphabet that differs in the others.
            var other = token[index] == 'A' ? 'Q' : 'A';
            sessions.Find(token[..index] + other + token[(index + 1)..]).ShouldBeNull($"character {index}");
        }

        foreach (var nonsense in (string?[])[null, "", "x", "ä", new string('A', 75), new string('A', 5000)])
        {
            sessions.Find(nonsense).ShouldBeNull();
        }
    }

    private Sessions Create(params string[] keys) => new(KeysOf(keys), _time);

    private static ServiceKeys KeysOf(params string[] keys) =>
        new(TestSettings.Good(("MANA_SERVICE_KEY", string.Join(',', keys))));
}
