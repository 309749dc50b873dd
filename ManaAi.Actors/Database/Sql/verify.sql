-- name: VerifyChanges
-- All of one kind of record, each in the order of the fold; users who are forgotten aside. A row is pending that the feed has still to fold: at or
-- after the last sweep's xmin, within its window, and not among the folded ids. CASE, so that most rows never ask.
select c.user_id, c.table_name, c.record_id, c.created_at, c.id, c.op, c.data, c./*stamps*/, c.schema_version,
       jsonb_typeof(c.actor) as actor_type, c.xmin::text::bigint as xid,
       c.client_id = 'mana-ai-runner' as is_own,
       case when ((c.xmin::text::bigint - @xmin) & 4294967295) < 2147483648 and c.created_at >= @since
            then not exists (select from mana_ai.folded_changes f where f.change_id = c.id) else false end as is_pending
  from public.sync_changes c
 where c.app_id = 'ai' and c.table_name = @table and c.created_at is not null and c.record_id <> ''
   and octet_length(c.record_id) <= @id_bytes_max
   and not exists (select from mana_ai.forgotten_users f where f.user_id = c.user_id)
 order by c.user_id collate "C", c.record_id collate "C", c.created_at, c.id

-- name: VerifyRecord
-- The same of one record, for the few that need a second look.
select c.user_id, c.table_name, c.record_id, c.created_at, c.id, c.op, c.data, c./*stamps*/, c.schema_version,
       jsonb_typeof(c.actor) as actor_type, c.xmin::text::bigint as xid,
       c.client_id = 'mana-ai-runner' as is_own,
       case when ((c.xmin::text::bigint - @xmin) & 4294967295) < 2147483648 and c.created_at >= @since
            then not exists (select from mana_ai.folded_changes f where f.change_id = c.id) else false end as is_pending
  from public.sync_changes c
 where c.app_id = 'ai' and c.table_name = @table and c.record_id = @record and c.user_id = @user
   and c.created_at is not null
 order by c.created_at, c.id

-- name: VerifyMissions
select m.user_id, m.mission_id, m.record, m.field_times, m.position_at, m.position_id, m.newer_schema, m.iterations_at,
       m.state, m.next_run_at, m.agent_id, m.deleted, m.obstacle, m.running_until, m.needs_schedule
  from mana_ai.missions m
 order by m.user_id, m.mission_id

-- name: VerifyAgents
select a.user_id, a.agent_id, a.record, a.field_times, a.position_at, a.position_id, a.newer_schema, null::timestamptz,
       a.name, a.state, a.max_concurrent_missions, a.max_tokens_per_day, a.deleted
  from mana_ai.agents a
 order by a.user_id, a.agent_id

-- name: VerifyRuns
select r.user_id, r.mission_id, r.run_id, r.due_at, r.verdict, r.iteration_id, r.closed_at, r.lease_until is not null
  from mana_ai.runs r
 where not exists (select from mana_ai.forgotten_users f where f.user_id = r.user_id)
 order by r.user_id, r.mission_id, r.run_id

-- name: FindChange
select c.user_id, c.app_id, c.table_name, c.record_id from public.sync_changes c where c.id = @id

-- name: DueWithoutRun
-- Due for long, since before the last tick looked, and nothing of it open. What has its verdict is moved on by a tick, where
-- schedules are moved at all; what was superseded and is due again is opened again.
select m.user_id, m.mission_id, m.next_run_at, r.run_id, coalesce(r.verdict, 'superseded') = 'superseded' as is_owed
  from mana_ai.missions m
  left join mana_ai.runs r on (r.user_id, r.mission_id, r.due_at) = (m.user_id, m.mission_id, m.next_run_at)
 where m.state = 'active' and not m.deleted and m.obstacle is null and m.next_run_at is not null
   and greatest(m.next_run_at, m.position_at, m.running_until)
       < least(clock_timestamp() - @stale_after::interval, (select c.read_at from mana_ai.cursor c))
   and not exists (select from mana_ai.runs o
                    where (o.user_id, o.mission_id) = (m.user_id, m.mission_id) and o.verdict is null)
 order by m.user_id, m.mission_id

-- name: HasLedger
select to_regclass('mana_ai.cursor') is not null and to_regclass('mana_ai.runs') is not null
