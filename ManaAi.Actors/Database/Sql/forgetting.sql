-- name: ForgetOpenRuns
-- Closed, and fenced off from whoever holds them. What was reserved counts as spent.
with open as (
    select run_id, reserved_tokens from mana_ai.runs where user_id = @user and verdict is null order by run_id for update
),
closed as (
    update mana_ai.runs r
       set verdict = 'superseded', closed_at = clock_timestamp(), lease_until = null, waits_for = null, epoch = r.epoch + 1,
           reserved_tokens = 0
      from open
     where r.run_id = open.run_id
    returning r.*, open.reserved_tokens as lost_tokens
),
lost as (
    insert into mana_ai.token_usage (run_id, user_id, mission_id, agent_id, model, prompt_tokens, completion_tokens,
                                     is_estimate)
    select run_id, user_id, mission_id, agent_id, model, lost_tokens, 0, true from closed where lost_tokens > 0
)
select count(*) from closed

-- name: ForgetTextOfRuns
-- The rows stay: they keep an occurrence from being planned once more, should its mission come back.
with cleaned as (
    update mana_ai.runs set answers = '[]', last_error = null, last_refusal = null, detail = null
     where user_id = @user
       and (answers <> '[]' or last_error is not null or last_refusal is not null or detail is not null)
)
select count(*) from mana_ai.runs where user_id = @user

-- name: ForgetUsersMissions
with gone as (delete from mana_ai.missions where user_id = @user returning 1) select count(*) from gone

-- name: ForgetUsersAgents
with gone as (delete from mana_ai.agents where user_id = @user returning 1) select count(*) from gone

-- name: ForgetUsersEvents
with gone as (delete from mana_ai.events where user_id = @user returning 1) select count(*) from gone

-- name: ForgetUsersPauses
with gone as (delete from mana_ai.pauses where user_id = @user returning 1) select count(*) from gone

-- name: ForgetUsersTurn
with gone as (delete from mana_ai.users where user_id = @user returning 1) select count(*) from gone

-- name: ForgetUsersBudgets
with gone as (
    delete from mana_ai.budgets
     where scope = 'user ' || @user or starts_with(scope, 'agent ' || @user || '/')
        or starts_with(scope, 'mission ' || @user || '/')
    returning 1
)
select count(*) from gone

-- name: CountUsage
select count(*) from mana_ai.token_usage where user_id = @user

-- name: CountLogRows
select count(*) from public.sync_changes
 where user_id = @user and app_id = 'ai' and table_name in ('aiMissions', 'agents')

-- name: MarkForgotten
insert into mana_ai.forgotten_users (user_id) values (@user)
    on conflict (user_id) do update set forgotten_at = clock_timestamp()

-- name: UnmarkForgotten
with gone as (delete from mana_ai.forgotten_users where user_id = @user returning 1) select count(*) from gone

-- name: FindForgotten
select forgotten_at from mana_ai.forgotten_users where user_id = @user

-- name: CountForgotten
select count(*) from mana_ai.forgotten_users

-- name: RecordsOfUser
select distinct table_name, record_id from public.sync_changes
 where user_id = @user and app_id = 'ai' and table_name in ('aiMissions', 'agents') and record_id <> ''
   and octet_length(record_id) <= @id_bytes_max and created_at is not null
