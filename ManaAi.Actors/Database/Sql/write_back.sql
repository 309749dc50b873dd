-- name: LockUser
select 1 from mana_ai.users where user_id = @user for update

-- name: LockMission
select m.user_id, m.mission_id, m.record, m.field_times, m.position_at, m.position_id, m.newer_schema, m.iterations_at
  from mana_ai.missions m
 where m.user_id = @user and m.mission_id = @record
   for update

-- name: FoldedOfRecord
-- One statement for both: a sweep that came in between would prune ids that the older xmin still asks for.
-- How far back the log may show something new is as far back as a sweep looks, also where the clock was set back since
-- the last one.
select set_config('mana_ai.sweep_xmin', coalesce(pg_snapshot_xmin(c.sweep_snapshot)::text, '3'), true),
       array(select f.change_id from mana_ai.folded_changes f
              where f.record_id = @record and f.user_id = @user and f.table_name = 'aiMissions'),
       set_config('mana_ai.sweep_since',
                  (least(coalesce(c.swept_at, '-infinity'), clock_timestamp()) - @window::interval)::text, true)
  from mana_ai.cursor c

-- name: ActAsUser
-- Binds what follows to the rows of one user, for the row-level policy.
select set_config('app.current_user_id', @user, true)

-- name: DatabaseClock
select clock_timestamp()

-- name: TakeWrittenAt
-- Taken once, for the row and for the projection's position; never behind what the record has folded.
select set_config('mana_ai.written_at',
                  greatest(clock_timestamp(), @position_at + interval '1 microsecond')::text, true)

-- name: SaveWrittenMission
update mana_ai.missions
   set record = @json::jsonb, field_times = @times::jsonb, state = @state, next_run_at = @next_run_at,
       agent_id = @agent, deleted = @deleted, obstacle = @obstacle, running_until = @running_until,
       needs_schedule = @needs_schedule,
       iterations_at = case when @writes_iterations then current_setting('mana_ai.written_at')::timestamptz
                            else @iterations_at end,
       newer_schema = @newer_schema, position_at = current_setting('mana_ai.written_at')::timestamptz,
       position_id = @position_id
 where user_id = @user and mission_id = @record

-- name: RecordOwnChange
insert into mana_ai.folded_changes (change_id, user_id, table_name, record_id, xid)
values (@id, @user, 'aiMissions', @record, pg_current_xact_id()::text::bigint & 4294967295)
    on conflict (change_id) do nothing
