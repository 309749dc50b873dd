using ManaAi.Actors.Database;
using ManaAi.Actors.Diagnosis;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Diagnosis;

/// <summary>The schema is compared with what the migrations make: whatever is missing, other or too much is told.</summary>
public sealed class SchemaCheckTests : IAsyncLifetime
{
    private FeedBench _bench = null!;

    public async Task InitializeAsync() => _bench = await FeedBench.CreateAsync();

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    /// <summary>What is done to it, how that is undone, what is told, and what to do.</summary>
    private static readonly (string Fault, string Cure, string Sentence, string Remedy)[] Faults =
    [
        (
            "drop index mana_ai.runs_open",
            "create unique index runs_open on mana_ai.runs (user_id, mission_id) where verdict is null",
            "The index mana_ai.runs_open is missing.",
            "run as role mana_ai_owner: CREATE UNIQUE INDEX runs_open ON mana_ai.runs USING btree (user_id, mission_id) "
                + "WHERE (verdict IS NULL)"
        ),
        (
            "drop index mana_ai.runs_open; create index runs_open on mana_ai.runs (user_id, mission_id) where verdict is null",
            "drop index mana_ai.runs_open; create unique index runs_open on mana_ai.runs (user_id, mission_id) where verdict is null",
            "The index mana_ai.runs_open is not as the migrations make it. It is: CREATE INDEX runs_open",
            "put it back"
        ),
        (
            "alter table mana_ai.runs drop column last_refusal",
            "alter table mana_ai.runs add column last_refusal text",
            "The column mana_ai.runs.last_refusal is missing.",
            "ALTER TABLE mana_ai.runs ADD COLUMN last_refusal text"
        ),
        (
            "alter table mana_ai.runs alter column calls type bigint",
            "alter table mana_ai.runs alter column calls type int",
            "The column mana_ai.runs.calls is not as the migrations make it. It is: bigint not null default 0; it should be: integer",
            "put it back"
        ),
        (
            "alter table mana_ai.runs alter column attempts drop not null",
            "alter table mana_ai.runs alter column attempts set not null",
            "The column mana_ai.runs.attempts is not",
            "put it back"
        ),
        (
            "alter table mana_ai.runs drop constraint runs_verdict_check",
            "alter table mana_ai.runs add constraint runs_verdict_check check (verdict in ('planned', 'empty', 'failed', "
                + "'skipped', 'superseded'))",
            "The constraint mana_ai.runs.runs_verdict_check is missing.",
            "ALTER TABLE mana_ai.runs ADD CONSTRAINT runs_verdict_check CHECK"
        ),
        (
            "alter table mana_ai.runs disable trigger tell_run",
            "alter table mana_ai.runs enable trigger tell_run",
            "The trigger mana_ai.runs.tell_run is not as the migrations make it.",
            "put it back"
        ),
        (
            "alter function mana_ai.paused_until(text, text) volatile",
            "alter function mana_ai.paused_until(text, text) stable",
            "The function mana_ai.paused_until(text, text) is not as the migrations make it.",
            "put it back"
        ),
        (
            "alter table mana_ai.runs set (fillfactor = 100)",
            "alter table mana_ai.runs set (fillfactor = 70)",
            "The table mana_ai.runs is not as the migrations make it.",
            "put it back"
        ),
        (
            "create table mana_ai.notes (note text)",
            "drop table mana_ai.notes",
            "The table mana_ai.notes is none of the migrations' making.",
            "take it out"
        ),
        (
            "revoke update on mana_ai.runs from mana_ai_reader",
            "grant update on mana_ai.runs to mana_ai_reader",
            "This login may not UPDATE on mana_ai.runs.",
            "roles.sql"
        ),
        (
            "grant select on mana_ai.missions to public",
            "revoke select on mana_ai.missions from public",
            "Everyone, or mana_ai_user, has rights on mana_ai.missions",
            "roles.sql"
        ),
        (
            "alter table mana_ai.ticks owner to postgres; grant all on mana_ai.ticks to mana_ai_reader",
            "alter table mana_ai.ticks owner to mana_ai_owner",
            "mana_ai.ticks belongs to postgres and not to mana_ai_owner",
            "roles.sql"
        ),
        (
            "update mana_ai.migrations set name = '0009_newer.sql' where name like '0004%'",
            "update mana_ai.migrations set name = '0004_upkeep.sql' where name = '0009_newer.sql'",
            "The migration 0004_upkeep.sql is missing.",
            "mana-ai migrate"
        ),
        (
            "insert into mana_ai.migrations (name, checksum) values ('0099_newer.sql', 'x')",
            "delete from mana_ai.migrations where name = '0099_newer.sql'",
            "The migration 0099_newer.sql is not known to this version",
            "newer version's `mana-ai doctor`"
        ),
        (
            "update mana_ai.migrations set checksum = reverse(checksum) where name like '0004%'",
            "update mana_ai.migrations set checksum = reverse(checksum) where name like '0004%'",
            "The migration 0004_upkeep.sql was applied with other content",
            "run the version that made it"
        ),
        (
            $"revoke temporary on database current from public",
            $"grant temporary on database current to public",
            "It was not compared with the migrations, since this login may not make temporary tables.",
            "GRANT TEMPORARY"
        ),
    ];

    [Fact]
    public async Task Each_fault_is_found_and_said_with_its_remedy_and_nothing_else()
    {
        foreach (var (fault, cure, sentence, remedy) in Faults)
        {
            await ExecuteAsync(fault);
            var symptoms = await LookAsync();
            symptoms.ShouldAllBe(one => one.Check == Checks.Schema && one.Health > Health.Unknown);
            var told = symptoms.FirstOrDefault(one =>
                one.Sentence.StartsWith(sentence, StringComparison.Ordinal)
            );
            told.ShouldNotBeNull($"{fault}: {string.Join('\n', symptoms)}");
            told.Remedy!.ShouldContain(remedy);
            await ExecuteAsync(cure);

            // What the next fault finds is its own.
            var after = await LookAsync();
            after.ShouldHaveSingleItem().Health.ShouldBe(Health.Well, $"{cure}: {string.Join('\n', after)}");
        }
    }

    [Fact]
    public async Task Without_a_schema_it_says_how_to_make_one()
    {
        await ExecuteAsync("drop schema mana_ai cascade");

        var symptom = (await LookAsync()).ShouldHaveSingleItem();

        (symptom.Health, symptom.Remedy!.Contains("mana-ai migrate", StringComparison.Ordinal)).ShouldBe(
            (Health.Fault, true)
        );
    }

    [Fact]
    public async Task The_look_leaves_nothing_behind_and_the_triggers_function_is_not_the_migrations()
    {
        await _bench.Rows.RunRolesAsync("wakeup_trigger=1");
        var before = await CatalogueAsync();

        (await LookAsync()).ShouldHaveSingleItem().Health.ShouldBe(Health.Well);

        (await CatalogueAsync()).ShouldBe(before);
    }

    private Task<IReadOnlyList<Symptom>> LookAsync() =>
        SchemaCheck.RunAsync(_bench.Sync, CancellationToken.None);

    private Task ExecuteAsync(string sql) =>
        _bench.Rows.ExecuteAsync(
            sql.Replace(" database current ", $" database {_bench.Rows.Name} ", StringComparison.Ordinal)
        );

    /// <summary>Without what is temporary: psql's session may still be at its end, and take that away.</summary>
    private Task<long> CatalogueAsync() =>
        _bench.Rows.ReadAsync<long>(
            """
            select (select count(*) from pg_class where relpersistence <> 't') + (select count(*) from pg_proc)
            """
        );
}
