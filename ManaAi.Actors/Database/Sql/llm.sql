-- name: LockBreakers
-- Two nodes must not both let a probe through: who holds these rows decides, and the next statement reads what is true
-- then.
select cause from mana_ai.llm_breakers where is_open order by cause for update

-- name: ReadGate
-- What keeps claims away from a model now. A probe is under way while its claim lives: one that died is replaced.
select b.cause, extract(epoch from b.open_until - clock_timestamp())::float8, b.opened_at, b.detail, b.trips,
       exists (select from mana_ai.runs r
                where r.run_id = b.probe_run and r.epoch = b.probe_epoch and r.closed_at is null
                  and r.lease_until >= clock_timestamp())
  from mana_ai.llm_breakers b
 where b.is_open
 union all
select 'rate-limit', extract(epoch from l.held_until - clock_timestamp())::float8, l.since, l.model, 0, false
  from mana_ai.llm_rate_limits l
 where l.model = @model or @model::text is null
 union all
select 'paused', extract(epoch from coalesce(p.until, clock_timestamp() + interval '1 day') - clock_timestamp())::float8,
       p.paused_at, p.reason, 0, false
  from mana_ai.pauses p
 where p.user_id = '' and (p.until is null or p.until > clock_timestamp())
 order by 1

-- name: SetProbe
-- What was just claimed: by this transaction, under the lock of these users.
update mana_ai.llm_breakers b
   set probe_run = r.run_id, probe_epoch = r.epoch
  from mana_ai.runs r
 where b.is_open and r.user_id = any(@users) and r.owner = @node and r.verdict is null and r.lease_until is not null
   and r.claimed_at >= now()

-- name: NoteCalls
insert into mana_ai.llm_calls (node, bucket, answered, failed)
values (@node, date_bin('5 seconds', clock_timestamp(), '2000-01-01'), @answered, @failed)
    on conflict (bucket, node) do update
   set answered = llm_calls.answered + excluded.answered, failed = llm_calls.failed + excluded.failed

-- name: PruneCalls
delete from mana_ai.llm_calls where bucket < clock_timestamp() - interval '10 minutes'

-- name: OpenBreaker
-- Half of at least so many calls of the last minute failed.
update mana_ai.llm_breakers b
   set is_open = true, opened_at = clock_timestamp(), open_until = clock_timestamp() + @open_for::interval, trips = 1,
       probe_run = null, probe_epoch = null, detail = @detail
  from (select sum(answered + failed) as calls, sum(failed) as failed
          from mana_ai.llm_calls where bucket > clock_timestamp() - interval '1 minute') lately
 where b.cause = 'failures' and not b.is_open and lately.calls >= @calls_min and lately.failed * 2 >= lately.calls
returning lately.failed::bigint, lately.calls::bigint

-- name: ReopenBreaker
-- The probe failed: the next one waits twice as long, up to a bound.
update mana_ai.llm_breakers
   set open_until = clock_timestamp() + least(@open_for::interval * power(2, least(trips, 20)), @open_max), trips = trips + 1,
       probe_run = null, probe_epoch = null, detail = @detail
 where cause = 'failures' and is_open and probe_run = @run and probe_epoch = @epoch
returning trips

-- name: HoldAuthorization
-- mana-llm refuses the key. The row that is returned says whether that is new.
update mana_ai.llm_breakers b
   set is_open = true, opened_at = case when b.is_open then b.opened_at else clock_timestamp() end,
       open_until = clock_timestamp() + @hold::interval, trips = b.trips + 1, probe_run = null, probe_epoch = null,
       detail = @detail
  from (select cause, is_open from mana_ai.llm_breakers where cause = 'authorization' for update) before
 where b.cause = before.cause
returning not before.is_open

-- name: DelayAuthorization
-- The probe found no mana-llm at all, so nothing is known about the key yet.
update mana_ai.llm_breakers
   set open_until = clock_timestamp() + @hold::interval, probe_run = null, probe_epoch = null
 where cause = 'authorization' and is_open and probe_run = @run and probe_epoch = @epoch

-- name: CloseBreakers
-- mana-llm answered the probe. What failed before does not count against it any more.
with locked as materialized (
    -- In the order of their causes, as claims lock them.
    select cause from mana_ai.llm_breakers
     where is_open and probe_run = @run and probe_epoch = @epoch and cause = any(@causes)
     order by cause
       for update
),
closed as (
    update mana_ai.llm_breakers
       set is_open = false, trips = 0, probe_run = null, probe_epoch = null, open_until = null, detail = null
     where cause in (select cause from locked)
    returning cause
), forgotten as (
    delete from mana_ai.llm_calls where exists (select from closed where cause = 'failures')
)
select cause from closed order by cause

-- name: HoldModel
-- The longest wait that was asked for holds.
insert into mana_ai.llm_rate_limits as l (model, held_until, since)
values (@model, clock_timestamp() + @wait::interval, clock_timestamp())
    on conflict (model) do update set held_until = greatest(l.held_until, excluded.held_until)
returning xmax = 0

-- name: ReleaseModel
delete from mana_ai.llm_rate_limits where model = @model and held_until <= clock_timestamp() returning model

-- name: FindWaitedOut
-- Runs that have waited for a model for longer than they may are claimed while it is held: to be told as failed.
select distinct r.user_id
  from mana_ai.runs r, mana_ai.llm_rate_limits l
 where l.model = @model and r.verdict is null and (r.lease_until is null or r.lease_until < now())
   and coalesce(r.rate_limited_since, greatest(l.since, r.opened_at)) < now() - @wait_max::interval
 limit @slots
