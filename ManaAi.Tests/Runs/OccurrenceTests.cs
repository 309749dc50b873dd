using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;

namespace ManaAi.Tests.Runs;

/// <summary>
/// Ids are a promise to every device and to rows that are already written: whatever changes here, plans come twice.
/// </summary>
public sealed class OccurrenceTests
{
    private static readonly DateTimeOffset DueAt = new(2026, 3, 2, 8, 0, 0, TimeSpan.Zero);

    /// <summary>The example of RFC 9562, appendix A.4.</summary>
    [Fact]
    public void A_name_and_a_namespace_give_the_id_of_the_standard() =>
        NameBasedId
            .Create(new Guid("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "www.example.com")
            .ShouldBe(new Guid("2ed6657d-e927-568b-95e1-2665a8aea6a2"));

    [Fact]
    public void The_ids_of_an_occurrence_never_change()
    {
        var occurrence = Of("user-1", "mission-1", DueAt);

        occurrence.IterationId.ShouldBe(new Guid("9d91c645-0c32-5845-93db-40afcff82ce8"));
        occurrence.ChangeId.ShouldBe(new Guid("09ba1dad-823a-55c7-b6d3-c39345034361"));
        occurrence
            .ScheduleChangeId("2026-03-02T08:00:01.000Z")
            .ShouldBe(new Guid("79bcc1da-8c70-59c9-be53-627724c35e96"));
    }

    [Fact]
    public void Two_texts_for_one_instant_are_one_occurrence()
    {
        string[] texts =
        [
            "2026-03-02T08:00:00Z",
            "2026-03-02T08:00Z",
            "2026-03-02T09:00:00.000000+01:00",
            "2026-03-02T08:00:00.0000009Z",
        ];
        var occurrences = texts
            .Select(text => Of("user-1", "mission-1", IsoText.Parse(text)!.Value))
            .ToList();

        occurrences.Distinct().ShouldHaveSingleItem();
        occurrences.Select(occurrence => occurrence.IterationId).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public void Different_parts_never_make_the_same_id()
    {
        // What runs into one text when parts are only put side by side.
        string[] parts =
        [
            "",
            "a",
            "b",
            "ab",
            "a\"",
            "\",\"",
            "a,b",
            "[",
            "\\",
            "iteration",
            "change",
            "é",
            "e\u0301",
        ];
        var ids =
            from user in parts
            from mission in parts
            from second in Enumerable.Range(0, 2)
            let occurrence = Of(user, mission, DueAt.AddSeconds(second))
            from id in (Guid[])
                [
                    occurrence.IterationId,
                    occurrence.ChangeId,
                    occurrence.ScheduleChangeId("2026-03-02T08:00:01.000Z"),
                    occurrence.ScheduleChangeId("2026-03-02T08:00:01.001Z"),
                ]
            select id;

        ids.Distinct().Count().ShouldBe(parts.Length * parts.Length * 2 * 4);
    }

    private static Occurrence Of(string user, string mission, DateTimeOffset dueAt) =>
        new(new MissionKey(new UserId(user), new MissionId(mission)), dueAt);
}
