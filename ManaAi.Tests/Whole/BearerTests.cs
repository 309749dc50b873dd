using ManaAi.Host.Settings;

namespace ManaAi.Tests.Whole;

/// <summary>With which key mana-llm is called.</summary>
public sealed class BearerTests : WholeTests
{
    private const string NewKey = "the-next-key-0123456789abcdef0123456789";

    [Theory]
    [InlineData(null, NewKey)]
    [InlineData("a-key-of-its-own", "a-key-of-its-own")]
    public async Task It_is_the_first_service_key_also_when_that_changes_unless_there_is_one_of_its_own(
        string? own,
        string bearer
    )
    {
        var node = await StartAsync(own is null ? [] : [("MANA_LLM_KEY", own)]);
        await InsertDueAsync("mission-1");
        await node.TickAsync();

        node.ServiceKeys.Replace([new Secret(NewKey), new Secret(WholeNode.Key)]);
        await InsertDueAsync("mission-2");
        await node.TickAsync();

        Llm.Calls.Recent.Select(call => call.Bearer).ShouldBe([own ?? WholeNode.Key, bearer]);
    }
}
