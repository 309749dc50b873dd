-- name: LockOrQueueUser
-- Before anything else of the user: the order of locks. He is due a look at once.
insert into mana_ai.users (user_id, ready_at, turn_at) values (@user, clock_timestamp(), clock_timestamp())
    on conflict (user_id) do update set ready_at = clock_timestamp()

-- name: FindRunnable
select m.state, m.deleted, m.obstacle,
       (select r.run_id from mana_ai.runs r
         where (r.user_id, r.mission_id) = (m.user_id, m.mission_id) and r.verdict is null)
  from mana_ai.missions m
 where m.user_id = @user and m.mission_id = @mission

-- name: HurryRun
-- It is open already: a second request is the same run.
update mana_ai.runs
   set priority = 0, claimable_at = least(claimable_at, clock_timestamp())
 where run_id = @run and closed_at is null

-- name: OpenManual
insert into mana_ai.runs (user_id, mission_id, due_at, kind, priority, retry_of)
values (@user, @mission, clock_timestamp(), 'manual', 0, @retry_of)
    on conflict do nothing
returning run_id

-- name: FindRunToRepeat
select user_id, mission_id, verdict from mana_ai.runs where run_id = @run

-- name: CancelRun
-- Whoever holds it finds another epoch, and ends his call with the next renewal. What was reserved counts as spent.
with held as (
    select run_id, reserved_tokens from mana_ai.runs where run_id = @run and closed_at is null for update
),
cancelled as (
    update mana_ai.runs r
       set verdict = 'skipped', reason = 'cancelled', detail = @detail, closed_at = clock_timestamp(),
           lease_until = null, waits_for = null, epoch = r.epoch + 1, reserved_tokens = 0
      from held
     where r.run_id = held.run_id
    returning r.*, held.reserved_tokens as lost_tokens
),
lost as (
    insert into mana_ai.token_usage (run_id, user_id, mission_id, agent_id, model, prompt_tokens, completion_tokens,
                                     is_estimate)
    select run_id, user_id, mission_id, agent_id, model, lost_tokens, 0, true from cancelled where lost_tokens > 0
)
select user_id, mission_id, due_at, epoch from cancelled

-- name: Pause
-- Who asks later why nothing ran finds it in the history, also when it is over.
with told as (
    insert into mana_ai.events (kind, user_id, mission_id, detail)
    values ('paused', @user, @mission,
            concat_ws(', until ', @reason::text,
                      to_char(@until::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
)
insert into mana_ai.pauses (user_id, mission_id, reason, until) values (@user, @mission, @reason, @until)
    on conflict (user_id, mission_id) do update
   set reason = excluded.reason, until = excluded.until, paused_at = clock_timestamp()

-- name: PauseMany
-- Missions that were just listed: one that is gone meanwhile is paused in vain.
insert into mana_ai.pauses (user_id, mission_id, reason, until)
select u, m, @reason, @until from unnest(@users, @records) as many (u, m)
    on conflict (user_id, mission_id) do update
   set reason = excluded.reason, until = excluded.until, paused_at = clock_timestamp()

-- name: ResumeMany
with ended as (
    delete from mana_ai.pauses p using unnest(@users, @records) as many (u, m)
     where (p.user_id, p.mission_id) = (many.u, many.m)
    returning p.user_id
),
locked as materialized (
    -- In the order of their keys, as everywhere.
    select user_id from mana_ai.users
     where user_id in (select e.user_id from ended e)
        or (ready_at > clock_timestamp() and exists (select from ended e where e.user_id = ''))
     order by user_id
       for update
),
woken as (
    update mana_ai.users set ready_at = clock_timestamp()
     where user_id in (select user_id from locked)
)
select count(*) from ended

-- name: Resume
with ended as (
    delete from mana_ai.pauses where user_id = @user and mission_id = @mission returning reason
),
told as (
    insert into mana_ai.events (kind, user_id, mission_id) select 'resumed', @user, @mission from ended
)
select reason from ended

-- name: WakeAfterResume
-- Whoever waited for it may have his turn at once. Users in the order of their keys, as everywhere; a user who is named
-- also where he seems to be awake, since a claim that has not ended yet may be putting him to sleep.
with locked as materialized (
    select user_id from mana_ai.users
     where user_id = @user or (@user = '' and ready_at > clock_timestamp())
     order by user_id
       for update
)
update mana_ai.users set ready_at = clock_timestamp()
 where user_id in (select user_id from locked)

-- name: Pauses
select user_id, mission_id, reason, paused_at, until from mana_ai.pauses
 where until is null or until > clock_timestamp()
 order by user_id, mission_id

-- name: HasMission
select exists (select from mana_ai.missions where user_id = @user and (mission_id = @mission or @mission = ''))
