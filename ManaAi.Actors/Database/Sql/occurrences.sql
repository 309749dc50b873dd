-- name: IsAnythingToDo
-- What an idle tick asks instead of all that follows; how long ago the log was read; and the breaker: 0 closed, 1 half
-- open, 2 open. Where nothing is left to claim no claim would tell that it has closed.
select exists (select from mana_ai.runs where verdict is null)
       or exists (select from mana_ai.missions m
                   where m.state = 'active' and not m.deleted and m.obstacle is null and m.next_run_at <= now())
       or exists (select from mana_ai.missions where needs_schedule),
       (select extract(epoch from clock_timestamp() - read_at)::float8 from mana_ai.cursor),
       (select coalesce(max(case when not is_open then 0 when open_until > clock_timestamp() then 2 else 1 end), 0)::bigint
          from mana_ai.llm_breakers)

-- name: SupersedeStale
-- An open, unclaimed run whose mission is no longer due at that instant. A newer nextRunAt is the usual cause.
-- Rows that a node is about to claim or close are skipped: the next tick sees them again. The epoch grows, so that no
-- older claim can close the run should it be opened again. A call that died with its claim counts as spent.
-- Here and below OFFSET 0 has each row looked up by its key alone, whatever is known of the tables (KeyedPlans).
with stale as (
    select r.run_id, r.reserved_tokens
      from mana_ai.runs r
      left join lateral (select * from mana_ai.missions f
                          where (f.user_id, f.mission_id) = (r.user_id, r.mission_id) offset 0) m on true
     where r.verdict is null and (r.lease_until is null or r.lease_until < now())
       and ((r.kind = 'manual' or m.next_run_at = r.due_at)
            and m.state = 'active' and not m.deleted and m.obstacle is null) is not true
     order by r.run_id
       for update of r skip locked
),
closed as (
    update mana_ai.runs r
       set verdict = 'superseded', closed_at = now(), lease_until = null, waits_for = null, epoch = r.epoch + 1,
           reserved_tokens = 0
      from stale
     where r.run_id = stale.run_id
    returning r.*, stale.reserved_tokens as lost_tokens
),
lost as (
    insert into mana_ai.token_usage (run_id, user_id, mission_id, agent_id, model, prompt_tokens, completion_tokens,
                                     is_estimate)
    select run_id, user_id, mission_id, agent_id, model, lost_tokens, 0, true from closed where lost_tokens > 0
)
select user_id, mission_id, due_at, epoch from closed

-- name: ReopenSuperseded
-- The mission qualifies again at the same instant: the run goes on with the attempts it has.
with superseded as materialized (
    select r.run_id
      from mana_ai.missions m
     cross join lateral (select * from mana_ai.runs o
                          where (o.user_id, o.mission_id, o.due_at) = (m.user_id, m.mission_id, m.next_run_at) offset 0) r
     where m.state = 'active' and not m.deleted and m.obstacle is null and m.next_run_at <= now()
       and r.verdict = 'superseded'
       and not exists (select from mana_ai.runs o
                        where (o.user_id, o.mission_id) = (m.user_id, m.mission_id) and o.verdict is null offset 0)
),
again as (
    select run_id
      from mana_ai.runs
     where run_id = any(array(select run_id from superseded)) and verdict = 'superseded'
     order by run_id
       for update skip locked
)
update mana_ai.runs r
   set verdict = null, closed_at = null, reason = null, detail = null, owner = null, has_plan = false,
       claimable_at = now(), epoch = r.epoch + 1, opened_by = @opened_by
  from again
 where r.run_id = again.run_id

-- name: OpenDue
-- At most one run of a mission is under way: a newer due_at waits for a claimed older one. Two conditions and not one with
-- an "or", which would look at every run that the mission ever had.
-- A herd may be spread: each mission's share of the spread is always the same, and moves its start, not its due_at.
with opened as (
insert into mana_ai.runs (user_id, mission_id, due_at, opened_by, priority, claimable_at)
select m.user_id, m.mission_id, m.next_run_at, @opened_by,
       case when m.next_run_at < now() - @late_after::interval then 2 else 1 end,
       greatest(now(), m.next_run_at
                       + @spread::interval * ((hashtext(m.user_id || '/' || m.mission_id)::bigint & 65535) / 65536.0))
  from mana_ai.missions m
 where m.state = 'active' and not m.deleted and m.obstacle is null and m.next_run_at <= now()
   and not exists (select from mana_ai.runs r
                    where (r.user_id, r.mission_id) = (m.user_id, m.mission_id) and r.verdict is null offset 0)
   and not exists (select from mana_ai.runs r
                    where (r.user_id, r.mission_id, r.due_at) = (m.user_id, m.mission_id, m.next_run_at) offset 0)
 order by m.next_run_at
 limit @runs_max
    on conflict do nothing
returning due_at
)
select count(*), count(*) filter (where due_at < now() - @missed_after::interval), min(due_at) from opened

-- name: FindUnscheduled
-- Cron missions that have no nextRunAt: no device evaluates cron. Those whose row the log refused go last.
select user_id, mission_id from mana_ai.missions
 where needs_schedule
 order by (user_id, mission_id) in (select * from unnest(@users, @records)), user_id, mission_id
 limit @missions_max

-- name: FindClosedDue
-- Due at an instant that already has its verdict: a device wrote an old nextRunAt back. Not planned again. Those whose
-- row the log refused go last.
select r.run_id, r.user_id, r.mission_id, r.due_at, r.epoch, clock_timestamp()
  from mana_ai.missions m
 cross join lateral (select * from mana_ai.runs c
                      where (c.user_id, c.mission_id, c.due_at) = (m.user_id, m.mission_id, m.next_run_at) offset 0) r
 where m.state = 'active' and not m.deleted and m.obstacle is null and m.next_run_at <= now()
   and r.verdict is not null and r.verdict <> 'superseded'
   and coalesce(m.running_until, '-infinity') <= now()
 order by (m.user_id, m.mission_id) in (select * from unnest(@users, @records)), m.next_run_at
 limit @runs_max

-- name: QueueUsers
-- Whoever has open runs gets a turn, but not for those that an operator has paused: with each tick all paused users would
-- come up before the others again. Users in key order: two nodes ticking at once never wait in a circle. Of a herd the
-- users of its first runs are left alone later, since planners are at work on those.
insert into mana_ai.users (user_id, ready_at, turn_at)
select r.user_id, min(greatest(r.claimable_at, r.lease_until,
                               (select max(coalesce(p.until, 'infinity')) from mana_ai.pauses p
                                 where p.user_id = r.user_id and p.mission_id in ('', r.mission_id)
                                   and (p.until is null or p.until > now())))), now()
  from mana_ai.runs r
 where r.verdict is null and r.run_id > @after
 group by r.user_id
 order by r.user_id
    on conflict (user_id) do update
   set ready_at = excluded.ready_at
 where users.ready_at is null or users.ready_at > excluded.ready_at

-- name: ClaimableRuns
-- What a manual tick waits for. A run beyond its user's cap counts: it will have its turn. Beside each, how long its user
-- has waited: since it could be claimed, or since his last turn. Null where he is being served, or nobody is to be. Who is
-- served is asked with NOT IN, which reads the leases once: joined, they would be read for each run of a herd, and with
-- them all the dead entries that a long transaction keeps.
select r.run_id,
       case when r.user_id not in (select l.user_id from mana_ai.runs l
                                    where l.verdict is null and l.lease_until >= now())
                 and not exists (select from mana_ai.pauses where user_id = '' and (until is null or until > now()))
            then extract(epoch from clock_timestamp()
                                    - greatest(r.claimable_at, (select u.turn_at from mana_ai.users u
                                                                 where u.user_id = r.user_id)))::float8 end
  from mana_ai.runs r
 cross join lateral (select * from mana_ai.missions f
                      where (f.user_id, f.mission_id) = (r.user_id, r.mission_id) offset 0) m
 where r.verdict is null and r.claimable_at <= now() and (r.lease_until is null or r.lease_until < now())
   and (r.kind = 'manual' or m.next_run_at = r.due_at)
   and m.state = 'active' and not m.deleted and m.obstacle is null and coalesce(m.running_until, '-infinity') <= now()
   and coalesce(mana_ai.paused_until(r.user_id, r.mission_id), '-infinity') <= now()

-- name: SettledRuns
-- Of these runs: how many this node has under way, how many it may still claim, and what became of the others here. One
-- that no claim would take, since its mission is no longer due, waits for the tick that closes it.
select count(*) filter (where r.verdict is null and r.lease_until >= now() and r.owner = @node),
       count(*) filter (where r.verdict is null and (r.lease_until is null or r.lease_until < now())
                          and r.claimable_at <= now() and (r.kind = 'manual' or m.next_run_at = r.due_at)
                          and m.state = 'active' and not m.deleted and m.obstacle is null
                          and coalesce(m.running_until, '-infinity') <= now()
                          and coalesce(mana_ai.paused_until(r.user_id, r.mission_id), '-infinity') <= now()),
       count(*) filter (where r.has_plan and r.owner = @node),
       count(*) filter (where r.verdict in ('planned', 'empty') and r.owner = @node),
       count(*) filter (where r.reason = 'unusable-plan' and r.owner = @node)
  from mana_ai.runs r
  left join lateral (select * from mana_ai.missions f
                      where (f.user_id, f.mission_id) = (r.user_id, r.mission_id) offset 0) m on true
 where r.run_id = any(@runs)

-- name: SumVerdicts
select coalesce(verdict, 'open'), reason, count(*) from mana_ai.runs group by verdict, reason order by 1, 2
