using ManaAi.Actors.ChangeLog;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.ChangeLog;

/// <summary>A row's transaction id has 32 bits and wraps; a snapshot's has 64.</summary>
public sealed class XidTests
{
    private const long Round = 1L << 32;

    public static TheoryData<long, long, bool> Pairs { get; } =
        new()
        {
            { 1000, 1000, true },
            { 1001, 1000, true },
            { 999, 1000, false },
            { 3, Round - 1, true },
            { 3, Round + 3, true },
            { 3, Round + 4, false },
            { Round - 1, Round - 1, true },
            { Round - 1, Round + 3, false },
            { 10, (7 * Round) + 10, true },
            { 9, (7 * Round) + 10, false },
            { (1L << 31) + 9, 10, true },
            { (1L << 31) + 10, 10, false },
            { 10, Round - (1L << 31) + 11, true },
            { 10, Round - (1L << 31) + 10, false },
        };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_row_is_compared_within_half_a_round(long xid, long xmin, bool isAtOrAfter) =>
        Xid.IsAtOrAfter(xid, xmin).ShouldBe(isAtOrAfter);

    [Fact]
    public async Task PostgreSQL_says_the_same_of_every_pair()
    {
        foreach (var row in Pairs)
        {
            var (xid, xmin) = ((long)row[0], (long)row[1]);
            await using var command = TestCluster.Admin.CreateCommand(
                "SELECT ((@xid::text::bigint - @xmin) & 4294967295) < 2147483648"
            );
            command.Parameters.AddWithValue("xid", $"{xid}");
            command.Parameters.AddWithValue("xmin", xmin);

            (await command.ExecuteScalarAsync()).ShouldBe(row[2], $"{xid} {xmin}");
        }
    }

    [Theory]
    [InlineData("ReadChanges", "((c.xmin::text::bigint - @xmin) & 4294967295) < 2147483648")]
    [InlineData("PruneFolded", "((xid - @xmin) & 4294967295) >= 2147483648")]
    [InlineData("ReadRecordSince", "mana_ai.sweep_xmin')::bigint) & 4294967295) < 2147483648")]
    public void Every_statement_that_compares_does_it_so(string statement, string comparison) =>
        ManaAi.Actors.Database.Sql.Get(statement).ShouldContain(comparison);
}
