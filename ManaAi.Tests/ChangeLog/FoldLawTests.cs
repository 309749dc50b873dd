using System.Text;
using System.Text.Json.Nodes;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Tests.ChangeLog;

/// <summary>What holds of any stream of rows. The seed is in the test's name.</summary>
public class FoldLawTests
{
    private static readonly RecordKey Key = new("user-1", RecordKey.App, RecordKey.MissionsTable, "m1");

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 200)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Any_split_into_batches_ends_where_one_pass_ends(int seed)
    {
        var generation = GenerationOf(seed);
        var log = new RandomLog(seed, generation);
        var rows = ChangeRows(log.Rows(40), generation);
        var whole = Fold(new RecordProjection(generation, Key), rows);

        ProjectedRecord? batched = null;
        for (var at = 0; at < rows.Length; )
        {
            var size = 1 + log.Below(9);
            var projection = batched is null
                ? new RecordProjection(generation, Key)
                : new RecordProjection(generation, LogRows.Reloaded(batched.Stored));
            batched = Fold(projection, rows.Skip(at).Take(size));
            at += size;
        }

        Shown(batched!).ShouldBe(Shown(whole));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Rows_that_are_not_sound_change_nothing_and_are_reported(int seed)
    {
        var generation = GenerationOf(seed);
        var log = new RandomLog(seed, generation);
        var mixed = new List<(JsonObject Row, bool IsSound, bool IsReported)>();
        for (var index = 0; index < 40; index++)
        {
            if (log.Below(3) == 0)
            {
                var (unsound, isReported) = log.UnsoundRow();
                mixed.Add((unsound, false, isReported));
            }

            mixed.Add((log.Row(), true, false));
        }

        var projection = new RecordProjection(generation, Key);
        var all = Fold(projection, ChangeRows(mixed.Select(row => row.Row), generation));
        var soundOnly = Fold(
            new RecordProjection(generation, Key),
            ChangeRows(mixed.Where(row => row.IsSound).Select(row => row.Row), generation)
        );

        mixed.ShouldContain(row => row.IsReported);
        Shown(all).Record.ShouldBe(Shown(soundOnly).Record);
        Shown(all).FieldTimes.ShouldBe(Shown(soundOnly).FieldTimes);
        all.Stored.IterationsAt.ShouldBe(soundOnly.Stored.IterationsAt);
        projection
            .Unfolded.Select(row => row.ChangeId.ToString())
            .ShouldBe(mixed.Where(row => row.IsReported).Select(row => row.Row["id"]!.GetValue<string>()));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_position_is_that_of_the_last_row_seen_whatever_it_did(int seed)
    {
        var generation = GenerationOf(seed);
        var log = new RandomLog(seed, generation);
        var projection = new RecordProjection(generation, Key);
        for (var index = 0; index < 20; index++)
        {
            var row = LogRows.ToChangeRow(
                index % 2 == 0 ? log.UnsoundRow().Row : log.Row(),
                generation,
                index
            );

            projection.Add(row);

            projection.Position.ShouldBe(row.Position);
            projection.ToRecord().Stored.Position.ShouldBe(row.Position);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_file_may_hold_the_rows_in_any_order(int seed)
    {
        var generation = GenerationOf(seed);
        var log = new RandomLog(seed, generation);
        var rows = log.Rows(30);
        var expected = Fold(new RecordProjection(generation, Key), ChangeRows(rows, generation));
        var shuffled = rows.OrderBy(_ => log.Below(int.MaxValue)).Select(row => row.DeepClone()).ToArray();

        var folded = LogFile.Fold(Encoding.UTF8.GetBytes(new JsonArray(shuffled).ToJsonString()));

        var record = folded.Records.ShouldHaveSingleItem();
        (record.Key, CanonicalJson.Of(record.Record), CanonicalJson.Of(record.FieldTimes)).ShouldBe(
            (Key, Shown(expected).Record, Shown(expected).FieldTimes)
        );
    }

    [Fact]
    public void The_streams_come_through_everything_that_can_become_of_a_record()
    {
        var seen = new HashSet<string>();
        foreach (var seed in Enumerable.Range(1, 200))
        {
            var generation = GenerationOf(seed);
            var projection = new RecordProjection(generation, Key);
            var before = "none";
            foreach (var row in ChangeRows(new RandomLog(seed, generation).Rows(40), generation))
            {
                projection.Add(row);
                var after = (projection.Fold.Exists, projection.MissionState().IsDeleted) switch
                {
                    (false, _) => "none",
                    (true, true) => "deleted",
                    (true, false) => "live",
                };
                seen.Add($"{before} to {after} by {row.Op}");
                before = after;
            }
        }

        seen.ShouldBeSubsetOf(Moves);
        Moves.ShouldBeSubsetOf(seen);
    }

    private static readonly string[] Moves =
    [
        "none to none by delete",
        "none to none by update",
        "none to live by insert",
        "none to live by update",
        "none to deleted by insert",
        "none to deleted by update",
        "live to live by insert",
        "live to live by update",
        "live to live by delete",
        "live to deleted by insert",
        "live to deleted by update",
        "live to deleted by delete",
        "live to none by delete",
        "deleted to deleted by insert",
        "deleted to deleted by update",
        "deleted to deleted by delete",
        "deleted to live by insert",
        "deleted to live by update",
        "deleted to none by delete",
    ];

    private static LogGeneration GenerationOf(int seed) =>
        seed % 2 == 0 ? LogGeneration.One : LogGeneration.Two;

    private static ChangeRow[] ChangeRows(IEnumerable<JsonObject> rows, LogGeneration generation) =>
        [.. rows.Select((row, index) => LogRows.ToChangeRow(row, generation, index))];

    private static ProjectedRecord Fold(RecordProjection projection, IEnumerable<ChangeRow> rows)
    {
        foreach (var row in rows)
        {
            projection.Add(row);
        }

        return projection.ToRecord();
    }

    private static (string Record, string FieldTimes, ProjectedRecord Columns) Shown(
        ProjectedRecord projected
    ) =>
        (
            CanonicalJson.Of(projected.Stored.Record),
            CanonicalJson.Of(projected.Stored.FieldTimes),
            projected with
            {
                Stored = projected.Stored with { Record = null, FieldTimes = null },
            }
        );
}
