-- name: LockUser
select 1 from mana_ai.users where user_id = @user for update

-- name: LockUsersOfMissions
-- In the order of their keys, as everywhere.
select user_id from mana_ai.users where user_id = any(@users) order by user_id for update

-- name: LockMissionsOfRuns
select m.user_id, m.mission_id, m.record, m.field_times, m.position_at, m.position_id, m.newer_schema, m.iterations_at
  from mana_ai.missions m
 where (m.user_id, m.mission_id) in (select * from unnest(@users, @records))
 order by m.user_id, m.mission_id
   for update

-- name: LockRuns
-- Those that are still open under their epoch and owner, by their places in the arrays.
select mine.place, r.verdict is null and r.epoch = mine.epoch and r.owner = @node
  from unnest(@runs, @epochs) with ordinality as mine (run_id, epoch, place)
  join mana_ai.runs r using (run_id)
 order by r.run_id
   for update of r

-- name: FoldedOfRecords
-- One statement for all of it: a sweep that came in between would prune ids that the older xmin still asks for.
-- How far back the log may show something new is as far back as a sweep looks, also where the clock was set back since
-- the last one.
select set_config('mana_ai.sweep_xmin', coalesce(pg_snapshot_xmin(c.sweep_snapshot)::text, '3'), true),
       array(select f.change_id
               from unnest(@users, @records) as u (user_id, record_id)
              cross join lateral (select * from mana_ai.folded_changes k
                                   where (k.record_id, k.user_id) = (u.record_id, u.user_id)
                                     and k.table_name = 'aiMissions' offset 0) f),
       set_config('mana_ai.sweep_since',
                  (least(coalesce(c.swept_at, '-infinity'), clock_timestamp()) - @window::interval)::text, true)
  from mana_ai.cursor c

-- name: ActAsUser
-- Binds what follows to the rows of one user, for the row-level policy.
select set_config('app.current_user_id', @user, true)

-- name: DatabaseClock
select clock_timestamp()

-- name: TakeWrittenAt
-- Taken once, for the rows and for the projection's positions; never behind what the records have folded.
select set_config('mana_ai.written_at',
                  greatest(clock_timestamp(), @position_at + interval '1 microsecond')::text, true)

-- name: SaveWrittenMissions
update mana_ai.missions m
   set record = w.record::jsonb, field_times = w.field_times::jsonb, state = w.state, next_run_at = w.next_run_at,
       agent_id = w.agent_id, deleted = w.deleted, obstacle = w.obstacle, running_until = w.running_until,
       needs_schedule = w.needs_schedule,
       iterations_at = case when w.writes_iterations then current_setting('mana_ai.written_at')::timestamptz
                            else w.iterations_at end,
       newer_schema = w.newer_schema, position_at = current_setting('mana_ai.written_at')::timestamptz,
       position_id = w.position_id
  from unnest(@users, @records, @jsons, @times, @states, @next_run_ats, @agents, @deleteds, @obstacles,
              @running_untils, @needs_schedules, @write_iterations, @iterations_ats, @newer_schemas, @position_ids)
    as w (user_id, mission_id, record, field_times, state, next_run_at, agent_id, deleted, obstacle,
          running_until, needs_schedule, writes_iterations, iterations_at, newer_schema, position_id)
 where m.user_id = w.user_id and m.mission_id = w.mission_id

-- name: RecordOwnChanges
insert into mana_ai.folded_changes (change_id, user_id, table_name, record_id, xid)
select u.change_id, u.user_id, 'aiMissions', u.record_id, pg_current_xact_id()::text::bigint & 4294967295
  from unnest(@ids, @users, @records) as u (change_id, user_id, record_id)
    on conflict (change_id) do nothing
