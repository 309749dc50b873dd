-- name: LockUsers
-- Whose turn it is: those who waited longest. A user that another node is serving is skipped, so turns and caps are
-- exact: everything about a user's runs is decided under this lock.
select user_id from mana_ai.users where ready_at <= now() order by turn_at limit @slots for update skip locked

-- name: ClaimRuns
-- A statement of its own after the lock, so that it counts what is true now. A CTE and not a subquery: the planner may
-- run a LIMITed subquery once per outer row and so claim more than was asked for. now() is the database's clock; nodes
-- need not agree on the time. The attempt is counted here, before the work, so that one that kills the process counts.
-- An agent belongs to one user, so that user's lock makes its cap exact too; a cap below one counts as one, or nothing
-- would ever come of its missions. Where a row of a newer schema came for an agent, it stands as it was understood before:
-- no agent would be no limit. A call that was under way when its claim died may have been paid for: what was reserved for
-- it counts as spent.
with held as (
    select user_id, agent_id, count(*) as runs from mana_ai.runs
     where verdict is null and lease_until >= now() and user_id = any(@users)
     group by user_id, agent_id
),
due as (
    select r.*, turns.turn
      from unnest(@users) with ordinality as turns (user_id, turn)
     cross join lateral (
           select w.run_id, w.priority, w.due_at, w.lease_until is not null as was_held, w.reserved_tokens,
                  w.claimed_at is null as is_first,
                  a.agent_id,
                  case when a.agent_id is not null and coalesce(a.state, 'active') = 'active'
                       then greatest(a.max_concurrent_missions, 1) - (select coalesce(sum(h.runs), 0) from held h
                                                          where (h.user_id, h.agent_id) = (w.user_id, a.agent_id))
                       end as agent_room
             from mana_ai.runs w
             join mana_ai.missions m using (user_id, mission_id)
             left join mana_ai.agents a on (a.user_id, a.agent_id) = (m.user_id, m.agent_id) and not a.deleted
            where w.user_id = turns.user_id and w.verdict is null and w.claimable_at <= now()
              and (w.lease_until is null or w.lease_until < now())
              and (w.kind = 'manual' or m.next_run_at = w.due_at)
              and m.state = 'active' and not m.deleted and m.obstacle is null
              and coalesce(m.running_until, '-infinity') <= now()
              and coalesce(mana_ai.paused_until(w.user_id, w.mission_id), '-infinity') <= now()
              and (a.agent_id is null or coalesce(a.state, 'active') <> 'active'
                   or greatest(a.max_concurrent_missions, 1) > (select coalesce(sum(h.runs), 0) from held h
                                                    where (h.user_id, h.agent_id) = (w.user_id, a.agent_id)))
              and (@waited_for::interval is null
                   or coalesce(w.rate_limited_since,
                               (select greatest(l.since, w.opened_at) from mana_ai.llm_rate_limits l
                                 where l.model = @model)) < now() - @waited_for)
            order by w.priority, w.due_at
            limit greatest(0, @per_user - (select coalesce(sum(h.runs), 0) from held h
                                            where h.user_id = turns.user_id))
              for update of w skip locked) r
),
taken as (
    select * from (
           select *, row_number() over (partition by turn order by priority, due_at) as rank
             from (select *, row_number() over (partition by turn, agent_id order by priority, due_at) as agent_rank
                     from due) by_agent
            where agent_room is null or agent_rank <= agent_room) ranked
     order by rank, turn
     limit @slots
),
claimed as (
    update mana_ai.runs r
       set owner = @node, claimed_at = clock_timestamp(), lease_until = clock_timestamp() + @lease,
           epoch = r.epoch + 1, attempts = least(r.attempts + 1, @attempts_max + 1), waits_for = null,
           agent_id = taken.agent_id, reserved_tokens = 0
      from taken
     where r.run_id = taken.run_id
    returning r.*, taken.was_held, taken.is_first, taken.reserved_tokens as lost_tokens
),
lost as (
    insert into mana_ai.token_usage (run_id, user_id, mission_id, agent_id, model, prompt_tokens, completion_tokens,
                                     is_estimate)
    select run_id, user_id, mission_id, agent_id, model, lost_tokens, 0, true from claimed where lost_tokens > 0
)
select c.run_id, c.user_id, c.mission_id, c.due_at, c.epoch, c.attempts, c.calls, c.answers, c.claimed_at, c.was_held,
       coalesce(c.rate_limited_since, (select greatest(l.since, c.opened_at) from mana_ai.llm_rate_limits l
                                        where l.model = @model)),
       m.record, a.record, c.agent_id, a.max_tokens_per_day, c.kind, c.opened_by,
       mana_ai.is_cadence_newer(m.record, m.field_times, (select generation = 1 from mana_ai.cursor)), c.is_first,
       c.priority = 0
  from claimed c
  join mana_ai.missions m using (user_id, mission_id)
  left join mana_ai.agents a on (a.user_id, a.agent_id) = (c.user_id, c.agent_id)

-- name: LockTheseUsers
select user_id from mana_ai.users where user_id = any(@users) order by turn_at for update skip locked

-- name: PassTurns
-- Who was served by this transaction goes to the end of the queue. Not by "exists", for which the planner may read the
-- leases of all users, dead ones too.
-- When each of these users may next find something. Early is harmless, late is not: a user at the cap, or whose
-- agents are, is looked at again when a run of his is closed or a lease of his runs out. Who has thousands of open runs
-- nearly always has one that is ready now, and the first one found ends the search; only without one are all looked at.
update mana_ai.users u
   set (turn_at, ready_at) = (
select case when held.claimed_at >= now() then clock_timestamp() else u.turn_at end,
       case
           when held.runs >= @per_user then held.until
           when exists (select from mana_ai.runs r
                          join mana_ai.missions m using (user_id, mission_id)
                         where r.user_id = u.user_id and r.verdict is null and r.claimable_at <= now()
                           and (r.lease_until is null or r.lease_until < now())
                           and (r.kind = 'manual' or m.next_run_at = r.due_at)
                           and m.state = 'active' and not m.deleted and m.obstacle is null
                           and coalesce(m.running_until, '-infinity') <= now()
                           and coalesce(mana_ai.paused_until(r.user_id, r.mission_id), '-infinity') <= now()
                           and (m.agent_id is null
                                or m.agent_id <> all (array(select h.agent_id from mana_ai.runs h
                                                             where h.user_id = u.user_id and h.agent_id is not null
                                                               and h.verdict is null and h.lease_until >= now()))))
           then clock_timestamp()
           else (select min(greatest(r.claimable_at, coalesce(r.lease_until, r.claimable_at),
                                     coalesce(m.running_until, r.claimable_at),
                                     coalesce(mana_ai.paused_until(r.user_id, r.mission_id), r.claimable_at),
                                     case when capped.runs >= greatest(a.max_concurrent_missions, 1) then capped.until
                                          else r.claimable_at end))
                   from mana_ai.runs r
                   join mana_ai.missions m using (user_id, mission_id)
                   left join mana_ai.agents a on (a.user_id, a.agent_id) = (m.user_id, m.agent_id) and not a.deleted
                                             and coalesce(a.state, 'active') = 'active'
                   left join (select h.agent_id, count(*) as runs, min(h.lease_until) as until
                                from mana_ai.runs h
                               where h.user_id = u.user_id and h.verdict is null and h.lease_until >= now()
                               group by h.agent_id) capped on capped.agent_id = a.agent_id
                  where r.user_id = u.user_id and r.verdict is null
                    and (r.kind = 'manual' or m.next_run_at = r.due_at)
                    and m.state = 'active' and not m.deleted and m.obstacle is null)
       end
  from (select count(*) filter (where r.lease_until >= now()) as runs,
               min(r.lease_until) filter (where r.lease_until >= now()) as until,
               max(r.claimed_at) as claimed_at
          from mana_ai.runs r
         where r.user_id = u.user_id and r.verdict is null and r.lease_until is not null) held)
 where u.user_id = any(@users)
returning coalesce(ready_at > clock_timestamp(), true)

-- name: NextReady
select extract(epoch from min(ready_at) - clock_timestamp())::float8 from mana_ai.users where ready_at < 'infinity'

-- name: RenewLeases
-- The epoch in the WHERE: a claim that was taken over is not renewed, and its absence says so; nor is one that was just
-- given back.
update mana_ai.runs r
   set lease_until = clock_timestamp() + @lease
  from unnest(@runs, @epochs) as mine (run_id, epoch)
 where r.run_id = mine.run_id and r.epoch = mine.epoch and r.owner = @node and r.closed_at is null
   and r.lease_until is not null
returning r.run_id

-- name: LockUserOfRun
-- Before the run, as everywhere; and a statement of its own, so that what follows sees what was true when the lock was got.
select user_id from mana_ai.users
 where user_id = (select r.user_id from mana_ai.runs r where r.run_id = @run)
   for update

-- name: ReleaseRun
-- The attempt failed, or waits: free again, not before the wait is over. What did not cost an attempt gives it back:
-- 429 may be answered more often than an occurrence has calls. Answers that led nowhere are not kept for the next
-- attempt; rounds of calls are, it goes on after them. A run less under the cap: another of the same user's may have
-- its turn.
with released as (
    update mana_ai.runs
       set lease_until = null, claimable_at = clock_timestamp() + @wait, waits_for = @waits_for,
           last_error = @last_error, reserved_tokens = 0, calls_ms = calls_ms + @calls_ms,
           answers = case when @keeps_answers then answers else '[]' end,
           attempts = case when @costs_attempt then attempts else greatest(attempts - 1, 0) end,
           calls = greatest(calls - @calls_given_back, 0),
           rate_limited_since = case when @waits_for = 'rate-limit'
                                     then coalesce(rate_limited_since, clock_timestamp()) end
     where run_id = @run and epoch = @epoch and owner = @node and closed_at is null
    returning run_id, user_id, claimable_at
)
update mana_ai.users u
   set ready_at = case when exists (select from mana_ai.runs r
                                     where r.user_id = u.user_id and r.verdict is null and r.run_id <> released.run_id)
                       then clock_timestamp() else released.claimable_at end
  from released
 where u.user_id = released.user_id
returning u.user_id

-- name: HandBack
-- A node that stops frees what it holds and gives the attempts back: its own shutdown ended them, not their work.
-- A call that was under way may be paid for all the same: what was reserved for it counts as spent. All users are locked
-- before the first run, in the order of their keys.
with locked as materialized (
    select u.user_id from mana_ai.users u
     where u.user_id = any(array(select r.user_id from mana_ai.runs r
                                  where r.owner = @node and r.verdict is null and r.lease_until is not null))
     order by u.user_id
       for update
),
held as (
    select run_id, reserved_tokens from mana_ai.runs
     where owner = @node and verdict is null and lease_until is not null and (select count(*) from locked) > 0
     order by run_id
       for update
),
freed as (
    update mana_ai.runs r
       set lease_until = null, claimable_at = now(), attempts = greatest(attempts - 1, 0), epoch = epoch + 1,
           reserved_tokens = 0
      from held
     where r.run_id = held.run_id
    returning r.*, held.reserved_tokens as lost_tokens
),
lost as (
    insert into mana_ai.token_usage (run_id, user_id, mission_id, agent_id, model, prompt_tokens, completion_tokens,
                                     is_estimate)
    select run_id, user_id, mission_id, agent_id, model, lost_tokens, 0, true from freed where lost_tokens > 0
)
update mana_ai.users u set ready_at = now() from (select distinct user_id from freed) f where u.user_id = f.user_id

-- name: CloseRuns
update mana_ai.runs r
   set verdict = c.verdict, reason = c.reason, detail = c.detail, has_plan = c.has_plan, iteration_id = c.iteration_id,
       missed = c.missed, periods = c.periods, closed_at = clock_timestamp(), lease_until = null, waits_for = null,
       reserved_tokens = 0
  from unnest(@runs, @epochs, @verdicts, @reasons, @details, @have_plans, @iteration_ids, @misseds, @periods)
    as c (run_id, epoch, verdict, reason, detail, has_plan, iteration_id, missed, periods)
 where r.run_id = c.run_id and r.epoch = c.epoch and r.owner = @node and r.closed_at is null

-- name: CountFailures
-- In a row, since the last plan and the last edit.
select count(*) from mana_ai.runs
 where (user_id, mission_id) = (@user, @mission) and verdict = 'failed'
   and closed_at > greatest(@edited_at, (select max(closed_at) from mana_ai.runs
                                          where (user_id, mission_id) = (@user, @mission)
                                            and verdict in ('planned', 'empty')))

-- name: WakeUsers
-- A run less: another of the same user's may have its turn. A user without one must not come up when the lease of this
-- one would have run out: a thousand of those are a thousand turns in which nobody is served.
update mana_ai.users u
   set ready_at = case when exists (select from mana_ai.runs r where r.user_id = u.user_id and r.verdict is null offset 0)
                       then clock_timestamp() end
 where u.user_id = any(@users)
