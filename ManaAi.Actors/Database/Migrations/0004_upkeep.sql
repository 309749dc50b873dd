-- What ticks did, for operators: those that found something or failed. An idle tick leaves no row.
create table mana_ai.ticks (
    tick_id      bigint      generated always as identity primary key,
    node         text        collate "C" not null,
    -- By the database's clock.
    ended_at     timestamptz not null,
    took_ms      bigint      not null,
    -- Changes folded, occurrences opened, and occurrences open and claimable when it was over.
    rows_folded  bigint      not null,
    opened       bigint      not null,
    claimable    bigint      not null,
    -- What kept it from working; empty where nothing did.
    errors       text[]      not null
);
create index ticks_by_time on mana_ai.ticks (ended_at);
