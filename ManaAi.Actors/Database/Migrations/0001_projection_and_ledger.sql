-- Texts that are keys compare bytewise (collate "C"): locks are taken in key order, and one order serves all.

-- Where the reading of the change log stands. One row; its lock lets one node fold at a time.
create table mana_ai.cursor (
    singleton           boolean     primary key default true check (singleton),
    -- Which cluster and which table the positions below belong to; where they differ, all is folded anew.
    system_identifier   text,
    database_oid        bigint,
    table_oid           bigint,
    generation          int,
    -- The database's clock and snapshot at the last read, and at the last sweep.
    read_at             timestamptz,
    snapshot            pg_snapshot,
    swept_at            timestamptz,
    sweep_snapshot      pg_snapshot,
    check ((snapshot is null) = (read_at is null)),
    check ((sweep_snapshot is null) = (swept_at is null)),
    check ((snapshot is null) = (sweep_snapshot is null))
);
insert into mana_ai.cursor default values;

-- The rows folded since the last sweep's snapshot: what a read must not fold again.
create table mana_ai.folded_changes (
    change_id   uuid   primary key,
    user_id     text   collate "C" not null,
    table_name  text   collate "C" not null,
    record_id   text   collate "C" not null,
    -- The row's 32-bit transaction id.
    xid         bigint not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,
        autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 500);
create index folded_changes_record on mana_ai.folded_changes (record_id, user_id, table_name);

create table mana_ai.missions (
    user_id        text        collate "C" not null,
    mission_id     text        collate "C" not null,
    -- The record as the device shows it, and the stored time of each field; null where nothing is left.
    record         jsonb,
    field_times    jsonb,
    state          text,
    next_run_at    timestamptz,
    agent_id       text        collate "C",
    deleted        boolean     not null,
    -- Why it is never due here: incomplete, ciphertext, newer-schema, unreadable-next-run-at.
    obstacle       text,
    -- Until when a device is taken to be running it.
    running_until  timestamptz,
    -- A cron mission that no device schedules, and that has no nextRunAt yet.
    needs_schedule boolean     not null default false,
    -- The created_at of the row that wrote the iterations that stand here.
    iterations_at  timestamptz,
    -- The highest schema_version seen that this service does not understand.
    newer_schema   int,
    -- The last change in (created_at, id) order that was seen; one behind it makes the record fold again.
    position_at    timestamptz not null,
    position_id    uuid        not null,
    primary key (user_id, mission_id),
    check ((record is null) = (field_times is null))
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
create index missions_due on mana_ai.missions (next_run_at)
    where state = 'active' and not deleted and obstacle is null and next_run_at is not null;
create index missions_unscheduled on mana_ai.missions (user_id, mission_id) where needs_schedule;
create index missions_obstacle on mana_ai.missions (obstacle) where obstacle is not null and not deleted;

create table mana_ai.agents (
    user_id                  text        collate "C" not null,
    agent_id                 text        collate "C" not null,
    record                   jsonb,
    field_times              jsonb,
    name                     text,
    state                    text,
    max_concurrent_missions  int,
    -- null: no limit.
    max_tokens_per_day       bigint,
    deleted                  boolean     not null,
    newer_schema             int,
    position_at              timestamptz not null,
    position_id              uuid        not null,
    primary key (user_id, agent_id),
    check ((record is null) = (field_times is null))
);

-- Users whose missions wait, and whose turn it is: claims lock these rows, so turns and caps hold over all nodes.
create table mana_ai.users (
    user_id   text        collate "C" primary key,
    -- When a claim may next find something; null where nothing is open. Never later than the truth.
    ready_at  timestamptz,
    -- When the user last had a turn, or came to wait for the first.
    turn_at   timestamptz not null
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 200);
create index users_ready on mana_ai.users (ready_at) where ready_at is not null;

-- The run ledger: one row for each occurrence.
create table mana_ai.runs (
    run_id             bigint      generated always as identity primary key,
    user_id            text        collate "C" not null,
    mission_id         text        collate "C" not null,
    due_at             timestamptz not null,
    kind               text        not null default 'scheduled' check (kind in ('scheduled', 'manual')),
    -- Order within a user: 0 run now, 1 on time, 2 late.
    priority           smallint    not null default 1,
    opened_at          timestamptz not null default now(),
    -- Not to be claimed before; why it waits, where it does.
    claimable_at       timestamptz not null default now(),
    waits_for          text,
    -- Since when mana-llm answers 429 for it; null where it does not.
    rate_limited_since timestamptz,
    -- The claim. The epoch only grows and fences off older claims; owner stays after the run is closed.
    owner              text,
    epoch              bigint      not null default 0,
    claimed_at         timestamptz,
    lease_until        timestamptz,
    -- Counted at the claim, before the work; calls before each call.
    attempts           int         not null default 0,
    calls              int         not null default 0,
    -- The answers as they arrived, so that a crash after one never pays twice.
    answers            jsonb       not null default '[]',
    last_error         text,
    -- What was asked, and what it cost.
    model              text,
    prompt_version     text,
    tools_hash         text,
    prompt_tokens      bigint      not null default 0,
    completion_tokens  bigint      not null default 0,
    -- The end.
    verdict            text        check (verdict in ('planned', 'empty', 'failed', 'skipped', 'superseded')),
    reason             text,
    detail             text,
    has_plan           boolean     not null default false,
    iteration_id       uuid,
    -- How many occurrences had passed since the one that was made up for.
    missed             int         not null default 0,
    closed_at          timestamptz,
    unique (user_id, mission_id, due_at),
    check ((closed_at is null) = (verdict is null)),
    check (verdict is null or lease_until is null),
    check ((verdict in ('failed', 'skipped')) <= (reason is not null)),
    check ((verdict in ('planned', 'empty', 'failed')) <= (iteration_id is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
-- At most one run of a mission is under way.
create unique index runs_open on mana_ai.runs (user_id, mission_id) where verdict is null;
-- A user's open runs in the order of their turns, and those that a node holds: both small, whatever the ledger's length.
create index runs_waiting on mana_ai.runs (user_id, priority, due_at) where verdict is null;
create index runs_leased on mana_ai.runs (user_id) where verdict is null and lease_until is not null;
create index runs_closed on mana_ai.runs (closed_at) where verdict is not null;
