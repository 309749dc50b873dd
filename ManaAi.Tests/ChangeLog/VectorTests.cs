using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Tests.ChangeLog;

/// <summary>The fold shows what devices show: for every vector that is no accident of their transport.</summary>
public class VectorTests
{
    public static TheoryData<string> Names =>
        [.. Vector.All.Where(vector => !vector.IsQuirk).Select(v => v.Name)];

    [Fact]
    public void The_vectors_are_all_there()
    {
        Vector.All.Count.ShouldBe(385);
        Names.Count.ShouldBe(369);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Row_by_row_the_records_are_those_of_the_device(string name)
    {
        var vector = Vector.Named(name);
        foreach (var (recordId, rows) in Records(vector))
        {
            var projection = new RecordProjection(vector.Generation, KeyOf(recordId));
            rows.ForEach(projection.Add);

            projection.Unfolded.ShouldBeEmpty();
            Shown(projection.ToRecord().Stored).ShouldBe(vector.ExpectedOf(recordId));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Stored_and_resumed_after_each_row_they_are_the_same(string name)
    {
        var vector = Vector.Named(name);
        foreach (var (recordId, rows) in Records(vector))
        {
            var whole = new RecordProjection(vector.Generation, KeyOf(recordId));
            var stored = whole.ToRecord().Stored;
            foreach (var row in rows)
            {
                whole.Add(row);
                var resumed = new RecordProjection(vector.Generation, LogRows.Reloaded(stored));
                resumed.Add(row);

                stored = resumed.ToRecord().Stored;
                Shown(stored).ShouldBe(Shown(whole.ToRecord().Stored));
                resumed.ToRecord().Mission.ShouldBe(whole.ToRecord().Mission);
            }

            Shown(stored).ShouldBe(vector.ExpectedOf(recordId));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_file_of_the_rows_as_they_stand_in_the_vector_folds_to_them(string name) =>
        ShouldFold(Vector.Named(name), "", row => row);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_file_as_json_agg_writes_it_folds_to_them(string name) =>
        ShouldFold(Vector.Named(name), "user-1", AsJsonAgg);

    [Theory]
    [MemberData(nameof(Names))]
    public void Exactly_the_rows_that_the_device_drops_are_refused(string name)
    {
        var vector = Vector.Named(name);

        var refused = vector
            .Rows.Select((row, index) => (Row: LogRows.ToChangeRow(row, vector.Generation, index), index))
            .Where(row => ChangeDecoder.Decode(row.Row) is DecodedChange.Refused)
            .Select(row => row.index);

        refused.ShouldBe(vector.Dropped);
    }

    private static void ShouldFold(Vector vector, string userId, Func<JsonObject, JsonObject> shape)
    {
        var rows = new JsonArray([.. vector.Rows.Select(row => shape(row.DeepClone().AsObject()))]);

        var folded = LogFile.Fold(Encoding.UTF8.GetBytes(rows.ToJsonString()));

        folded.Faults.ShouldBeEmpty();
        using var output = JsonDocument.Parse(folded.ToJson());
        var records = output.RootElement.EnumerateArray().ToArray();
        records
            .Select(record => record.GetProperty("recordId").GetString()!)
            .ShouldBe(vector.Expected.Select(record => record.Key), ignoreOrder: true);
        foreach (var record in records)
        {
            record.GetProperty("userId").GetString().ShouldBe(userId);
            (
                CanonicalJson.Of(record.GetProperty("record")),
                CanonicalJson.Of(record.GetProperty("fieldTimes"))
            ).ShouldBe(vector.ExpectedOf(record.GetProperty("recordId").GetString()!));
        }
    }

    private static JsonObject AsJsonAgg(JsonObject row)
    {
        row["app_id"] = "ai";
        row["table_name"] = "aiMissions";
        row["user_id"] = "user-1";
        row["schema_version"] = 1;
        var createdAt = row["created_at"]!.GetValue<string>();
        row["created_at"] = createdAt.Replace("Z", "+00:00", StringComparison.Ordinal);
        return row;
    }

    private static IEnumerable<(string RecordId, List<ChangeRow> Rows)> Records(Vector vector)
    {
        var rows = vector.Rows.Select((row, index) => LogRows.ToChangeRow(row, vector.Generation, index));
        var byRecord = rows.ToLookup(row => row.Key.RecordId, StringComparer.Ordinal);
        return vector.Expected.Select(record => (record.Key, byRecord[record.Key].ToList()));
    }

    private static RecordKey KeyOf(string recordId) =>
        new("", RecordKey.App, RecordKey.MissionsTable, recordId);

    private static (string Record, string FieldTimes) Shown(StoredRecord stored) =>
        (CanonicalJson.Of(stored.Record), CanonicalJson.Of(stored.FieldTimes));
}
