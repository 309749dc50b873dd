-- name: MissionsPage
-- In key order. What is not asked for is null, and the planner, which sees the values, leaves it out.
with page as (
    select m.user_id, m.mission_id, m.state, m.next_run_at, m.agent_id, m.deleted, m.obstacle, m.running_until
      from mana_ai.missions m
     where (@user::text is null or m.user_id = @user)
       and (@agent::text is null or m.agent_id = @agent)
       and (@state::text is null or m.state = @state)
       and m.deleted = @is_deleted
       and (@after_user::text is null or (m.user_id, m.mission_id) > (@after_user, @after_mission))
     order by m.user_id, m.mission_id
     limit @rows_max
)
select p.*, l.verdict, l.reason, l.closed_at, o.run_id, o.lease_until >= now()
  from page p
  left join lateral (select r.verdict, r.reason, r.closed_at from mana_ai.runs r
                      where (r.user_id, r.mission_id) = (p.user_id, p.mission_id) and r.verdict is not null
                      order by r.due_at desc limit 1) l on true
  left join mana_ai.runs o on (o.user_id, o.mission_id) = (p.user_id, p.mission_id) and o.verdict is null
 order by p.user_id, p.mission_id

-- name: DueMissionsPage
-- Those that wait longest first.
with page as (
    select m.user_id, m.mission_id, m.state, m.next_run_at, m.agent_id, m.deleted, m.obstacle, m.running_until
      from mana_ai.missions m
     where m.state = 'active' and not m.deleted and m.obstacle is null and m.next_run_at <= now()
       and (@user::text is null or m.user_id = @user)
       and (@agent::text is null or m.agent_id = @agent)
       and (not @is_failing
            or (select r.verdict from mana_ai.runs r
                 where (r.user_id, r.mission_id) = (m.user_id, m.mission_id) and r.verdict in ('planned', 'empty', 'failed')
                 order by r.due_at desc limit 1) = 'failed')
       and (@after_due::timestamptz is null
            or (m.next_run_at, m.user_id, m.mission_id) > (@after_due, @after_user::text, @after_mission::text))
     order by m.next_run_at, m.user_id, m.mission_id
     limit @rows_max
)
select p.*, l.verdict, l.reason, l.closed_at, o.run_id, o.lease_until >= now()
  from page p
  left join lateral (select r.verdict, r.reason, r.closed_at from mana_ai.runs r
                      where (r.user_id, r.mission_id) = (p.user_id, p.mission_id) and r.verdict is not null
                      order by r.due_at desc limit 1) l on true
  left join mana_ai.runs o on (o.user_id, o.mission_id) = (p.user_id, p.mission_id) and o.verdict is null
 order by p.next_run_at, p.user_id, p.mission_id

-- name: FailingMissionsPage
-- Missions whose last run that planned anything failed. From the failed runs, which are few, and not from all missions.
with page as (
    select m.user_id, m.mission_id, m.state, m.next_run_at, m.agent_id, m.deleted, m.obstacle, m.running_until
      from (select distinct f.user_id, f.mission_id
              from mana_ai.runs f
             where f.verdict = 'failed'
               and (@user::text is null or f.user_id = @user)
               and (@after_user::text is null or (f.user_id, f.mission_id) > (@after_user, @after_mission))
             order by f.user_id, f.mission_id
            offset 0) failed
     cross join lateral (select n.* from mana_ai.missions n
                          where (n.user_id, n.mission_id) = (failed.user_id, failed.mission_id) offset 0) m
     where (@agent::text is null or m.agent_id = @agent)
       and (@state::text is null or m.state = @state)
       and m.deleted = @is_deleted
       and (select r.verdict from mana_ai.runs r
             where (r.user_id, r.mission_id) = (m.user_id, m.mission_id) and r.verdict in ('planned', 'empty', 'failed')
             order by r.due_at desc limit 1) = 'failed'
     order by failed.user_id, failed.mission_id
     limit @rows_max
)
select p.*, l.verdict, l.reason, l.closed_at, o.run_id, o.lease_until >= now()
  from page p
  left join lateral (select r.verdict, r.reason, r.closed_at from mana_ai.runs r
                      where (r.user_id, r.mission_id) = (p.user_id, p.mission_id) and r.verdict is not null
                      order by r.due_at desc limit 1) l on true
  left join mana_ai.runs o on (o.user_id, o.mission_id) = (p.user_id, p.mission_id) and o.verdict is null
 order by p.user_id, p.mission_id

-- name: RunsPage
-- The newest first.
select r.run_id, r.due_at, r.kind, r.verdict, r.reason, r.detail, r.attempts, r.calls, r.missed, r.waits_for, r.last_error,
       r.claimable_at, r.owner, r.claimed_at, r.closed_at, r.prompt_tokens, r.completion_tokens, r.iteration_id, r.agent_id,
       r.model, r.calls_ms, r.periods, r.opened_at, r.lease_until, r.retry_of, r.user_id, r.mission_id
  from mana_ai.runs r
 where (@before::bigint is null or r.run_id < @before)
   and (@user::text is null or r.user_id = @user)
   and (@mission::text is null or r.mission_id = @mission)
   and (not @is_open or r.verdict is null)
   and (@verdict::text is null or r.verdict = @verdict)
   and (@reason::text is null or r.reason = @reason)
 order by r.run_id desc
 limit @rows_max

-- name: FindRun
select r.run_id, r.due_at, r.kind, r.verdict, r.reason, r.detail, r.attempts, r.calls, r.missed, r.waits_for, r.last_error,
       r.claimable_at, r.owner, r.claimed_at, r.closed_at, r.prompt_tokens, r.completion_tokens, r.iteration_id, r.agent_id,
       r.model, r.calls_ms, r.periods, r.opened_at, r.lease_until, r.retry_of, r.user_id, r.mission_id
  from mana_ai.runs r
 where r.run_id = @run

-- name: EventsOfRun
-- The last of them, oldest first.
select * from (
    select event_id, at, kind, user_id, mission_id, run_id, due_at, epoch, node, detail
      from mana_ai.events where run_id = @run order by event_id desc limit @rows_max) lately
 order by event_id

-- name: EventsPage
-- The newest first.
select event_id, at, kind, user_id, mission_id, run_id, due_at, epoch, node, detail
  from mana_ai.events
 where (@before::bigint is null or event_id < @before)
   and (@user::text is null or user_id = @user)
   and (@mission::text is null or mission_id = @mission)
 order by event_id desc
 limit @rows_max

-- name: EventsAfter
-- What is new, and of the numbers that were left out so far those that have come: a transaction takes its number before
-- others can see it.
(select event_id, at, kind, user_id, mission_id, run_id, due_at, epoch, node, detail
   from mana_ai.events where event_id > @after order by event_id limit @rows_max)
 union all
select event_id, at, kind, user_id, mission_id, run_id, due_at, epoch, node, detail
  from mana_ai.events where event_id = any(@ids)
 order by event_id

-- name: BeginEvents
-- Where somebody begins, and which numbers just before it may still come.
select l.id, array(select n from generate_series(greatest(l.id - 1000, 1), l.id - 1) n
                    where not exists (select from mana_ai.events e where e.event_id = n))
  from (select coalesce(@last::bigint, (select max(event_id) from mana_ai.events), 0) as id) l

-- name: ReadWriters
-- All of one record in the order of the fold, with who wrote each row.
select c.user_id, c.table_name, c.record_id, c.created_at, c.id, c.op, c.data, c./*stamps*/, c.schema_version,
       jsonb_typeof(c.actor) as actor_type, c.xmin::text::bigint as xid, c.client_id, c.actor ->> 'kind'/*extra*/
  from public.sync_changes c
 where c.app_id = 'ai' and c.table_name = 'aiMissions' and c.record_id = @record and c.user_id = @user
   and c.created_at is not null
 order by c.created_at, c.id
 limit @rows_max
