-- name: NoteTick
insert into mana_ai.ticks (node, ended_at, took_ms, rows_folded, late_rows, opened, claimable, errors)
values (@node, clock_timestamp(), @took_ms, @rows, @late_rows, @opened, @claimable, @errors)

-- name: TryPrune
-- One node at a time, for one batch: it ends with the transaction, also through a pooler.
select pg_try_advisory_xact_lock(@key)

-- name: PruneRuns
-- By the clock of the statement and not of the moment, or all that is kept would be looked at; here and below.
-- Not the run that keeps a mission from being planned again at the instant it still stands at.
with old as (
    select r.run_id from mana_ai.runs r
     where r.verdict is not null and r.closed_at < statement_timestamp() - @keep::interval
       and not exists (select from mana_ai.missions m
                        where (m.user_id, m.mission_id, m.next_run_at) = (r.user_id, r.mission_id, r.due_at))
     order by r.closed_at
     limit @rows_max
       for update of r skip locked
)
delete from mana_ai.runs r using old where r.run_id = old.run_id

-- name: PruneUsage
with old as (
    select usage_id from mana_ai.token_usage
     where used_at < statement_timestamp() - @keep::interval
     order by used_at
     limit @rows_max
       for update skip locked
)
delete from mana_ai.token_usage u using old where u.usage_id = old.usage_id

-- name: PruneEvents
with old as (
    select event_id from mana_ai.events
     where at < statement_timestamp() - @keep::interval
     order by at
     limit @rows_max
       for update skip locked
)
delete from mana_ai.events e using old where e.event_id = old.event_id

-- name: PruneTicks
with old as (
    select tick_id from mana_ai.ticks
     where ended_at < statement_timestamp() - @keep::interval
     order by ended_at
     limit @rows_max
       for update skip locked
)
delete from mana_ai.ticks t using old where t.tick_id = old.tick_id
