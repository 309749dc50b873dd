using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Runs;

/// <summary>What is written back together is written as if each had come alone, and none suffers for another.</summary>
public sealed class WriteTogetherTests : BenchTests
{
    private readonly List<DeviceMission> _missions = [];

    [Fact]
    public async Task Several_go_in_one_transaction_each_as_its_own_user()
    {
        var node = Bench.Node();
        var claims = await ClaimAsync(node, "user-1", "user-1", "user-2", "user-3");

        var ends = await node.WriteTogetherAsync([
            .. claims.Select(claim => (claim, (Verdict)LedgerBench.Planned)),
        ]);

        ends.ShouldAllBe(end => end!.Result == WriteBackResult.Written);
        (await TransactionsAsync()).ShouldBe(1);
        var rows = await Database.OwnChangesAsync();
        rows.Select(row => (row.Id, row.UserId, row.RecordId))
            .ShouldBe(
                claims.Select(claim =>
                    (claim.Occurrence.ChangeId, claim.Mission.UserId.Value, claim.Mission.MissionId.Value)
                ),
                ignoreOrder: true
            );
        foreach (var claim in claims)
        {
            rows.Single(row => row.Id == claim.Occurrence.ChangeId)
                .Iterations.ShouldHaveSingleItem()
                .GetProperty("id")
                .GetString()
                .ShouldBe(claim.Occurrence.IterationId.ToString());
            (await Database.RunAsync(claim.RunId)).Verdict.ShouldBe("planned");
        }

        await ShouldBeFoldedOnceAsync(node);
        (
            await Database.ReadAsync<long>("select count(*) from mana_ai.users where ready_at is not null")
        ).ShouldBe(0, "nobody has an open run any more");
    }

    [Fact]
    public async Task Each_ends_as_it_would_have_alone()
    {
        var node = Bench.Node();
        var claims = await ClaimAsync(node, "planned", "failed", "skipped", "superseded", "lost", "edited");
        await Bench.EditAsync(MissionOf("superseded"), "state", "\"paused\"");
        await Bench.EditAsync(MissionOf("edited"), "title", "\"Edited\"");
        await Database.ExecuteAsync(
            $"update mana_ai.runs set epoch = epoch + 1 where run_id = {claims[4].RunId}"
        );
        Verdict[] verdicts =
        [
            LedgerBench.Planned,
            Verdicts.UnreadableMission(),
            new Verdict.Skipped("budget", "spent"),
            LedgerBench.Planned,
            LedgerBench.Planned,
            LedgerBench.Planned,
        ];

        var ends = await node.WriteTogetherAsync([.. claims.Zip(verdicts)]);

        ends.Select(end => end!.Result)
            .ShouldBe([
                WriteBackResult.Written,
                WriteBackResult.Written,
                WriteBackResult.Written,
                WriteBackResult.Superseded,
                WriteBackResult.ClaimLost,
                WriteBackResult.Written,
            ]);
        var words = new List<string?>();
        foreach (var claim in claims)
        {
            words.Add((await Database.RunAsync(claim.RunId)).Verdict);
        }

        words.ShouldBe(["planned", "failed", "skipped", "superseded", null, "planned"]);
        var rows = await Database.OwnChangesAsync();
        rows.Select(row => row.RecordId)
            .ShouldBe(["of planned", "of failed", "of skipped", "of edited"], ignoreOrder: true);
        rows.Single(row => row.RecordId == "of skipped")
            .Data.EnumerateObject()
            .Select(field => field.Name)
            .ShouldBe(["nextRunAt"]);
        (await Database.MissionAsync(MissionOf("edited")))
            .Record!.Value.GetProperty("title")
            .GetString()
            .ShouldBe("Edited");
        // What was not written is folded by the next tick.
        (await node.FoldAsync()).Rows.ShouldBe(1);
        await ShouldBeFoldedOnceAsync(node);
    }

    [Theory]
    [InlineData("users")]
    [InlineData("missions")]
    [InlineData("runs")]
    public async Task What_somebody_else_has_locked_is_left_and_not_waited_for(string table)
    {
        var node = Bench.Node();
        var claims = await ClaimAsync(node, "held", "free", "free too");
        await using (var other = await Bench.Sync.BeginAsync(CancellationToken.None))
        {
            await using var hold = other.Command(
                $"select from mana_ai.{table} where user_id = 'held' for update"
            );
            await hold.ExecuteNonQueryAsync();

            var ends = await node.WriteTogetherAsync([
                .. claims.Select(claim => (claim, (Verdict)LedgerBench.Planned)),
            ]);

            ends.Select(end => end?.Result)
                .ShouldBe([null, WriteBackResult.Written, WriteBackResult.Written]);
            (await Database.RunAsync(claims[0].RunId)).Verdict.ShouldBeNull();
        }

        (await node.WriteAsync(claims[0])).ShouldBe(WriteBackResult.Written);
        await ShouldBeFoldedOnceAsync(node);
    }

    [Fact]
    public async Task Who_waits_for_a_lock_holds_up_nobody_else()
    {
        var node = Bench.Node();
        var claims = await ClaimAsync(node, "held", "free");
        var writer = node.WriterOf(1);
        Task<WriteBackResult> held;
        await using (var other = await Bench.Sync.BeginAsync(CancellationToken.None))
        {
            await using var hold = other.Command(
                $"select from mana_ai.runs where run_id = {claims[0].RunId} for update"
            );
            await hold.ExecuteNonQueryAsync();
            held = WriteAsync(writer, claims[0]);
            await Database.WaitForLockAsync();

            (await WriteAsync(writer, claims[1])).ShouldBe(WriteBackResult.Written);
            held.IsCompleted.ShouldBeFalse();
        }

        (await held).ShouldBe(WriteBackResult.Written);
        await ShouldBeFoldedOnceAsync(node);
    }

    /// <summary>A row behind what was folded, for which the record is read from nothing.</summary>
    [Fact]
    public async Task Whose_record_must_be_read_anew_is_left()
    {
        var node = Bench.Node();
        var (late, other) = (await InsertDueAsync("late"), await InsertDueAsync("other"));
        var stamp = await Bench.StampAsync();
        await using var behind = await Database.BeginAsDeviceAsync(late.UserId);
        await behind.InsertAsync(late.ToEdit(Database.Generation, "title", "\"late\"", stamp));
        await Bench.EditAsync(late, "title", "\"in time\"", stamp);
        await node.TickAsync();
        var claims = (await node.ClaimAsync()).OrderBy(claim => claim.Mission.UserId.Value).ToArray();
        await behind.CommitAsync();

        var ends = await node.WriteTogetherAsync(
            (claims[0], LedgerBench.Planned),
            (claims[1], LedgerBench.Planned)
        );

        ends.Select(end => end?.Result).ShouldBe([null, WriteBackResult.Written]);
        (await node.WriteAsync(claims[0])).ShouldBe(WriteBackResult.Written);
        (await Database.MissionAsync(late))
            .Record!.Value.GetProperty("title")
            .GetString()
            .ShouldBe("in time");
        (await Database.OwnChangesAsync()).Select(row => row.UserId).ShouldBe([other.UserId, late.UserId]);
        await ShouldBeFoldedOnceAsync(node);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whose_row_is_ahead_of_the_clock_takes_no_other_with_it(bool isFolded)
    {
        var node = Bench.Node();
        var claims = await ClaimAsync(node, "ahead", "in time");
        var ahead = await Bench.NowAsync() + TimeSpan.FromHours(1);
        await Database.InsertChangeAsync(
            MissionOf("ahead")
                .ToEdit(Database.Generation, "title", "\"ahead\"", await Bench.StampAsync()) with
            {
                CreatedAt = ahead,
            }
        );
        if (isFolded)
        {
            await node.FoldAsync();
        }

        var ends = await node.WriteTogetherAsync(
            (claims[0], LedgerBench.Planned),
            (claims[1], LedgerBench.Planned)
        );

        ends.Select(end => end?.Result).ShouldBe([null, WriteBackResult.Written]);
        (await Database.OwnChangesAsync())
            .ShouldHaveSingleItem()
            .CreatedAt.ShouldBeLessThan(ahead - TimeSpan.FromMinutes(30));
        (await node.WriteAsync(claims[0])).ShouldBe(WriteBackResult.Written);
        await ShouldBeFoldedOnceAsync(node);
    }

    [Fact]
    public async Task Who_comes_while_another_is_on_its_way_goes_with_the_others()
    {
        var node = Bench.Node();
        var claims = await ClaimAsync(node, "first", "a", "b", "c", "d", "e");

        var results = await WriteBehindFirstAsync(node, claims);

        results.ShouldAllBe(result => result == WriteBackResult.Written);
        (await TransactionsAsync()).ShouldBe(3, "the first alone, four together, and the one that is left");
        await ShouldBeFoldedOnceAsync(node);
    }

    [Fact]
    public async Task A_large_mission_goes_alone()
    {
        var node = Bench.Node();
        foreach (var user in (string[])["first", "a", "b"])
        {
            await InsertDueAsync(user);
        }

        await Bench.EditAsync(MissionOf("b"), "concept", $"\"{new string('x', 70_000)}\"");
        await node.TickAsync();

        var results = await WriteBehindFirstAsync(node, [.. (await node.ClaimAsync()).OrderBy(Place)]);

        results.ShouldAllBe(result => result == WriteBackResult.Written);
        (await TransactionsAsync()).ShouldBe(3);

        static int Place(Claim claim) => Array.IndexOf(["first", "a", "b"], claim.Mission.UserId.Value);
    }

    [Fact]
    public async Task What_the_log_refuses_is_told_to_whom_it_is_of_and_the_others_are_written()
    {
        var node = Bench.Node();
        var claims = await ClaimAsync(node, "first", "sound", "refused", "taken", "sound too");
        await Database.RefuseRowsOfAsync("of refused");
        await Database.InsertChangeAsync(
            new DeviceChange("squatter", "{}") { Id = claims[3].Occurrence.ChangeId, UserId = "somebody" }
        );

        var tasks = new Task<WriteBackResult>[claims.Count];
        await HoldFirstAsync(node, claims, writing => writing.CopyTo(tasks, 0));

        var refusal = await Should.ThrowAsync<PostgresException>(tasks[2]);
        refusal.SqlState.ShouldBe(PostgresErrorCodes.CheckViolation);
        foreach (var place in (int[])[0, 1, 3, 4])
        {
            (await tasks[place]).ShouldBe(WriteBackResult.Written);
        }

        (await Database.OwnChangesAsync())
            .Select(row => row.RecordId)
            .ShouldBe(["of first", "of sound", "of sound too"], ignoreOrder: true);
        (await Database.RunAsync(claims[2].RunId)).Verdict.ShouldBeNull();
        (await Database.RunAsync(claims[3].RunId)).Reason.ShouldBe("collision");
    }

    private DeviceMission MissionOf(string user) => _missions.First(mission => mission.UserId == user);

    private async Task<DeviceMission> InsertDueAsync(string user)
    {
        var others = _missions.Count(known => known.UserId == user);
        var id =
            others == 0 ? $"of {user}" : string.Create(CultureInfo.InvariantCulture, $"of {user}, {others}");
        var mission = await Bench.InsertDueAsync(id, one => one with { UserId = user });
        _missions.Add(mission);
        return mission;
    }

    /// <returns>The claims of one due mission of each, in this order.</returns>
    private async Task<IReadOnlyList<Claim>> ClaimAsync(BenchNode node, params IReadOnlyList<string> users)
    {
        var missions = new List<DeviceMission>();
        foreach (var user in users)
        {
            missions.Add(await InsertDueAsync(user));
        }

        await node.TickAsync();
        var claims = new List<Claim>();
        while (await node.ClaimAsync() is { Count: > 0 } some)
        {
            claims.AddRange(some);
        }

        return
        [
            .. missions.Select(mission =>
                claims.Single(claim =>
                    (claim.Mission.UserId.Value, claim.Mission.MissionId.Value)
                    == (mission.UserId, mission.Id)
                )
            ),
        ];
    }

    private async Task<WriteBackResult[]> WriteBehindFirstAsync(BenchNode node, IReadOnlyList<Claim> claims)
    {
        var all = Task.FromResult<WriteBackResult[]>([]);
        await HoldFirstAsync(node, claims, writing => all = Task.WhenAll(writing));
        return await all;
    }

    /// <summary>Begins to write them while the first one cannot go on, and lets it end.</summary>
    private async Task HoldFirstAsync(
        BenchNode node,
        IReadOnlyList<Claim> claims,
        Action<Task<WriteBackResult>[]> begun
    )
    {
        var writer = node.WriterOf(1);
        await using var connection = await Database.Superuser.OpenConnectionAsync();
        await using var blocker = await connection.BeginTransactionAsync();
        await using var block = new NpgsqlCommand(
            "lock table mana_ai.folded_changes in access exclusive mode",
            connection,
            blocker
        );
        await block.ExecuteNonQueryAsync();
        begun([.. claims.Select(claim => WriteAsync(writer, claim))]);
        await Database.WaitForLockAsync();
        await blocker.CommitAsync();
    }

    private Task<WriteBackResult> WriteAsync(IterationWriter writer, Claim claim) =>
        writer.WriteAsync(Bench.Access, claim, agent: null, LedgerBench.Planned, CancellationToken.None);

    /// <returns>How many wrote our rows.</returns>
    private Task<long> TransactionsAsync() =>
        Database.ReadAsync<long>(
            "select count(distinct xmin::text) from public.sync_changes where client_id = 'mana-ai-runner'"
        );

    private async Task ShouldBeFoldedOnceAsync(BenchNode node)
    {
        (await node.FoldAsync()).Rows.ShouldBe(0);
        (await node.SweepAsync()).Rows.ShouldBe(0);
        foreach (var mission in _missions)
        {
            await Bench.ShouldBeFoldedAsync(mission);
        }
    }
}
