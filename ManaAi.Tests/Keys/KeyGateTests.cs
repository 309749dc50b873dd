using System.Globalization;
using System.Net;
using ManaAi.Actors;
using ManaAi.Host.Keys;
using ManaAi.Tests.Settings;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Keys;

public sealed class KeyGateTests : IDisposable
{
    private static readonly IPAddress Somewhere = IPAddress.Parse("192.0.2.1");

    private readonly Metrics _metrics = new();
    private readonly KeptLog<KeyGate> _log = new();
    private readonly BadKeyLimiter _limiter = new([1]); // With this salt no two addresses below share a count.
    private readonly KeyGate _gate;

    public KeyGateTests() =>
        _gate = new KeyGate(new ServiceKeys(TestSettings.Good()), _limiter, _metrics, _log);

    public void Dispose()
    {
        _limiter.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public void The_21st_bad_key_of_an_address_is_too_many_and_a_right_one_is_accepted_all_the_same()
    {
        for (var bad = 1; bad <= 20; bad++)
        {
            Guess(Somewhere).ShouldBe(KeyJudgement.Refused);
        }

        Guess(Somewhere).ShouldBe(KeyJudgement.TooMany);
        _gate.Judge(TestSettings.Key, Somewhere).ShouldBe(KeyJudgement.Accepted);
        Guess(Somewhere).ShouldBe(KeyJudgement.TooMany);
        Guess(IPAddress.Parse("192.0.2.2")).ShouldBe(KeyJudgement.Refused);
        _log.Of(603).ShouldHaveSingleItem().ShouldContain("192.0.2.1");
    }

    [Fact]
    public void Right_keys_and_missing_ones_are_not_counted()
    {
        for (var time = 0; time < 100; time++)
        {
            _gate.Judge(TestSettings.Key, Somewhere).ShouldBe(KeyJudgement.Accepted);
            _gate.Judge(null, Somewhere).ShouldBe(KeyJudgement.Missing);
            _gate.Judge("", Somewhere).ShouldBe(KeyJudgement.Missing);
        }

        Guess(Somewhere).ShouldBe(KeyJudgement.Refused);
    }

    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("::ffff:192.0.2.1", "::ffff:192.0.2.2", false)]
    public void IPv6_is_counted_by_its_network_and_IPv4_by_its_address(string one, string other, bool isSame)
    {
        Exhaust(IPAddress.Parse(one));

        Guess(IPAddress.Parse(other)).ShouldBe(isSame ? KeyJudgement.TooMany : KeyJudgement.Refused);
    }

    [Fact]
    public void An_unknown_address_is_counted_like_any_other()
    {
        Exhaust(null);

        Guess(null).ShouldBe(KeyJudgement.TooMany);
    }

    [Fact]
    public void Any_number_of_addresses_shares_a_bounded_number_of_counts() =>
        Enumerable
            .Range(0, 50_000)
            .Select(customer =>
                _limiter.CountOf(
                    IPAddress.Parse(
                        string.Create(CultureInfo.InvariantCulture, $"2001:db8:0:{customer:x}::1")
                    )
                )
            )
            .Distinct()
            .Count()
            .ShouldBeInRange(BadKeyLimiter.CountsMax / 2, BadKeyLimiter.CountsMax);

    private void Exhaust(IPAddress? address)
    {
        for (var bad = 0; bad < 20; bad++)
        {
            Guess(address).ShouldBe(KeyJudgement.Refused);
        }
    }

    private KeyJudgement Guess(IPAddress? address) => _gate.Judge("a-guess", address);
}
