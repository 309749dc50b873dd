using System.Text;
using ManaAi.Actors.ChangeLog;

namespace ManaAi.Tests.ChangeLog;

/// <summary>Records have few fields or many; both are found by name, and stand in the order in which they came.</summary>
public sealed class FieldMapTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(24)]
    [InlineData(25)]
    [InlineData(200)]
    public void Each_of_many_fields_has_its_last_value_in_its_first_place(int count)
    {
        var names = Enumerable.Range(0, count).Select(n => $"field{n}").ToList();
        var fields = new FieldMap<int>(0);
        for (var round = 0; round < 2; round++)
        {
            for (var each = 0; each < count; each++)
            {
                fields.Set(names[each], round * 1000 + each);
            }
        }

        fields.Select(field => field.Key).ShouldBe(names);
        fields.Select(field => field.Value).ShouldBe(Enumerable.Range(1000, count));
        names.Where(name => !fields.TryGetValue(name, out _)).ShouldBeEmpty();
        fields.TryGetValue("another", out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("\"enc:1:abc\"", true)]
    [InlineData("\"enc:1:\"", true)]
    [InlineData("\"\\u0065nc:1:abc\"", true)]
    [InlineData("\"enc:2:abc\"", false)]
    [InlineData("\"enc\"", false)]
    [InlineData("{\"enc:1:\": 1}", false)]
    [InlineData("null", false)]
    public void A_text_begins_as_its_characters_do_however_they_are_written(string json, bool expected) =>
        ChangeDecoder.TextStartsWith(Encoding.UTF8.GetBytes(json), "enc:1:").ShouldBe(expected);
}
