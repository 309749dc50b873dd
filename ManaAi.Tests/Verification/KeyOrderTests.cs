using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Verification;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Verification;

/// <summary>Streams are merged in PostgreSQL's order; in another, records would look as if they were missing.</summary>
public sealed class KeyOrderTests
{
    [Fact]
    public async Task Texts_are_ordered_as_the_collation_C_orders_them()
    {
        await using var database = await TestDatabase.CreateAsync();
        var random = new Random(20261124);
        var texts = Enumerable.Range(0, 2000).Select(_ => Draw(random)).ToArray();
        await using var command = database.Superuser.CreateCommand(
            "select array(select t from unnest($1) t order by t collate \"C\")"
        );
        command.Parameters.AddWithValue(texts);

        var sorted = (string[])(await command.ExecuteScalarAsync())!;

        texts.Order(Comparer<string>.Create(KeyOrder.Compare)).ShouldBe(sorted);
    }

    [Fact]
    public void The_lesser_of_two_keys_is_found_also_at_the_end_of_a_stream()
    {
        var (first, second) = (Key("a", "z"), Key("b", "a"));

        KeyOrder.Lesser(first, second).ShouldBe(first);
        KeyOrder.Lesser(second, first).ShouldBe(first);
        KeyOrder.Lesser(Key("a", "y"), first).ShouldBe(Key("a", "y"));
        KeyOrder.Lesser(null, second).ShouldBe(second);
        KeyOrder.Lesser(second, null).ShouldBe(second);
        KeyOrder.Lesser(null, null).ShouldBeNull();
    }

    private static RecordKey Key(string user, string record) => new(user, "ai", "aiMissions", record);

    private static string Draw(Random random)
    {
        string[] units =
        [
            "a",
            "b",
            "Z",
            "é",
            "\u07FF",
            "\uD7FF",
            "\uE000",
            "\uFFFD",
            "🚀",
            "\U00010000",
            "\U0010FFFF",
        ];
        return string.Concat(
            Enumerable.Range(0, random.Next(5)).Select(_ => units[random.Next(units.Length)])
        );
    }
}
