-- name: LockMissions
-- In key order, as everywhere, so that two transactions never wait for each other in a circle. All are locked, but a
-- record is sent only where those locked before it have not reached the bound. Their sizes are those as stored, which are
-- known without a look into the records, while octet_length(record::text) would read each of them twice; where one is
-- compressed, its text is taken to be four times as long, and whoever reads them counts what it is in truth. The window
-- has no order but that of the locks.
with locked as materialized (
  select m.user_id, m.mission_id, m.record, m.field_times, m.position_at, m.position_id, m.newer_schema, m.iterations_at,
         coalesce(pg_column_size(m.record) * case when pg_column_compression(m.record) is null then 1 else 4 end, 0)
         + coalesce(pg_column_size(m.field_times), 0) as bytes
    from mana_ai.missions m
   where (m.user_id, m.mission_id) in (select * from unnest(@users, @records))
   order by m.user_id, m.mission_id
     for update
)
select l.user_id, l.mission_id, case when l.is_sent then l.record end, case when l.is_sent then l.field_times end,
       l.position_at, l.position_id, l.newer_schema, l.iterations_at, l.is_sent
  from (select o.*,
               coalesce(sum(o.bytes) over (rows between unbounded preceding and 1 preceding), 0) < @bytes_max as is_sent
          from locked o) l

-- name: LockAgents
-- As LockMissions.
with locked as materialized (
  select a.user_id, a.agent_id, a.record, a.field_times, a.position_at, a.position_id, a.newer_schema,
         coalesce(pg_column_size(a.record) * case when pg_column_compression(a.record) is null then 1 else 4 end, 0)
         + coalesce(pg_column_size(a.field_times), 0) as bytes
    from mana_ai.agents a
   where (a.user_id, a.agent_id) in (select * from unnest(@users, @records))
   order by a.user_id, a.agent_id
     for update
)
select l.user_id, l.agent_id, case when l.is_sent then l.record end, case when l.is_sent then l.field_times end,
       l.position_at, l.position_id, l.newer_schema, null::timestamptz, l.is_sent
  from (select o.*,
               coalesce(sum(o.bytes) over (rows between unbounded preceding and 1 preceding), 0) < @bytes_max as is_sent
          from locked o) l

-- name: SaveMissions
-- What is read of users who are forgotten goes no further.
insert into mana_ai.missions (user_id, mission_id, record, field_times, state, next_run_at, agent_id, deleted, obstacle,
                              running_until, needs_schedule, iterations_at, newer_schema, position_at,
                              position_id)
select u.user_id, u.mission_id, u.record::jsonb, u.field_times::jsonb, u.state, u.next_run_at, u.agent_id, u.deleted,
       u.obstacle, u.running_until, u.needs_schedule, u.iterations_at, u.newer_schema, u.position_at, u.position_id
  from unnest(@users, @records, @jsons, @times, @states, @next_run_ats, @agents, @deleteds, @obstacles,
              @running_untils, @needs_schedules, @iterations_ats, @newer_schemas, @position_ats, @position_ids)
    as u (user_id, mission_id, record, field_times, state, next_run_at, agent_id, deleted, obstacle,
          running_until, needs_schedule, iterations_at, newer_schema, position_at, position_id)
 where not exists (select from mana_ai.forgotten_users f where f.user_id = u.user_id)
    on conflict (user_id, mission_id) do update
   set record = excluded.record, field_times = excluded.field_times, state = excluded.state,
       next_run_at = excluded.next_run_at, agent_id = excluded.agent_id, deleted = excluded.deleted,
       obstacle = excluded.obstacle, running_until = excluded.running_until,
       needs_schedule = excluded.needs_schedule, iterations_at = excluded.iterations_at,
       newer_schema = excluded.newer_schema, position_at = excluded.position_at, position_id = excluded.position_id

-- name: SaveAgents
insert into mana_ai.agents (user_id, agent_id, record, field_times, name, state, max_concurrent_missions,
                            max_tokens_per_day, deleted, newer_schema, position_at, position_id)
select u.user_id, u.agent_id, u.record::jsonb, u.field_times::jsonb, u.name, u.state, u.max_concurrent,
       u.max_tokens, u.deleted, u.newer_schema, u.position_at, u.position_id
  from unnest(@users, @records, @jsons, @times, @names, @states, @max_concurrents, @max_tokens, @deleteds,
              @newer_schemas, @position_ats, @position_ids)
    as u (user_id, agent_id, record, field_times, name, state, max_concurrent, max_tokens, deleted, newer_schema,
          position_at, position_id)
 where not exists (select from mana_ai.forgotten_users f where f.user_id = u.user_id)
    on conflict (user_id, agent_id) do update
   set record = excluded.record, field_times = excluded.field_times, name = excluded.name, state = excluded.state,
       max_concurrent_missions = excluded.max_concurrent_missions,
       max_tokens_per_day = excluded.max_tokens_per_day, deleted = excluded.deleted,
       newer_schema = excluded.newer_schema, position_at = excluded.position_at, position_id = excluded.position_id

-- name: ForgetMissions
delete from mana_ai.missions

-- name: ForgetAgents
delete from mana_ai.agents

-- name: CopyMissions
copy mana_ai.missions (user_id, mission_id, record, field_times, state, next_run_at, agent_id, deleted, obstacle,
                       running_until, needs_schedule, iterations_at, newer_schema, position_at, position_id)
from stdin (format binary)

-- name: CountCiphertext
select count(*) from mana_ai.missions where obstacle = 'ciphertext' and not deleted

-- name: TickGauges
-- The last is how many occurrences wait because their agent has as many under way as it may.
select (select count(*) from mana_ai.runs where verdict is null),
       (select coalesce(sum(reserved_tokens), 0) from mana_ai.runs where verdict is null and lease_until is not null)::bigint,
       (select count(*)
          from (select h.user_id, h.agent_id, count(*) as runs from mana_ai.runs h
                 where h.verdict is null and h.lease_until >= now() and h.agent_id is not null
                 group by h.user_id, h.agent_id) held
         cross join lateral (select * from mana_ai.agents g
                              where (g.user_id, g.agent_id) = (held.user_id, held.agent_id) offset 0) a
         cross join lateral (select * from mana_ai.missions f
                              where (f.user_id, f.agent_id) = (held.user_id, held.agent_id) and not f.deleted offset 0) m
         cross join lateral (select * from mana_ai.runs o
                              where (o.user_id, o.mission_id) = (m.user_id, m.mission_id) and o.verdict is null offset 0) r
         where held.runs >= greatest(a.max_concurrent_missions, 1) and coalesce(a.state, 'active') = 'active'
           and not a.deleted and r.claimable_at <= now() and r.lease_until is null)

-- name: ForgetMission
delete from mana_ai.missions where user_id = @user and mission_id = @record

-- name: ForgetAgent
delete from mana_ai.agents where user_id = @user and agent_id = @record
