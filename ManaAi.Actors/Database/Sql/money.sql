-- name: OpenBudgets
insert into mana_ai.budgets (scope) select unnest(@scopes::text[]) on conflict do nothing

-- name: LockBudgets
-- Whoever admits a call under a budget does so alone: what he reads in the next statement holds until he has reserved.
select scope from mana_ai.budgets where scope = any(@scopes) order by scope for update

-- name: ServiceSpending
-- By the clock of the statement and not of the moment, which no index can be asked for; here and below.
select (select coalesce(sum(prompt_tokens + completion_tokens), 0) from mana_ai.token_usage
         where used_at > statement_timestamp() - interval '1 day')::bigint,
       (select coalesce(sum(reserved_tokens), 0) from mana_ai.runs
         where verdict is null and lease_until is not null and run_id <> @run)::bigint

-- name: UserSpending
select (select coalesce(sum(prompt_tokens + completion_tokens), 0) from mana_ai.token_usage
         where user_id = @user and used_at > statement_timestamp() - interval '1 day')::bigint,
       (select coalesce(sum(reserved_tokens), 0) from mana_ai.runs
         where user_id = @user and verdict is null and lease_until is not null and run_id <> @run)::bigint

-- name: AgentSpending
select (select coalesce(sum(prompt_tokens + completion_tokens), 0) from mana_ai.token_usage
         where user_id = @user and agent_id = @agent and used_at > statement_timestamp() - interval '1 day')::bigint,
       (select coalesce(sum(reserved_tokens), 0) from mana_ai.runs
         where user_id = @user and agent_id = @agent and verdict is null and lease_until is not null
           and run_id <> @run)::bigint

-- name: MissionSpending
select (select coalesce(sum(prompt_tokens + completion_tokens), 0) from mana_ai.token_usage
         where user_id = @user and mission_id = @mission and used_at > statement_timestamp() - interval '1 day')::bigint,
       (select coalesce(sum(reserved_tokens), 0) from mana_ai.runs
         where user_id = @user and mission_id = @mission and verdict is null and lease_until is not null
           and run_id <> @run)::bigint

-- name: CountCall
-- Before each call. No row: the claim is gone, or the occurrence has had all its calls.
-- Wherever a run is named by its id, closed_at says whether it is open, and not verdict: for that there are indexes of all
-- open runs, which the planner believes to be as empty as at their last vacuum, and would scan from end to end.
update mana_ai.runs
   set calls = calls + 1, model = @model, prompt_version = @prompt_version, tools_hash = @tools_hash,
       reserved_tokens = @estimate, last_refusal = coalesce(@refusal, last_refusal)
 where run_id = @run and epoch = @epoch and owner = @node and closed_at is null and calls < @calls_max
returning calls

-- name: KeepAnswer
-- As soon as it arrives, so that a crash after it never pays twice; what was reserved is settled with it. By its place
-- in the row, so that it can be said again when nobody knows whether it was heard.
with kept as (
    update mana_ai.runs
       set answers = answers || @answer, prompt_tokens = prompt_tokens + @prompt_tokens,
           completion_tokens = completion_tokens + @completion_tokens, reserved_tokens = 0,
           calls_ms = calls_ms + @calls_ms
     where run_id = @run and epoch = @epoch and owner = @node and closed_at is null
       and jsonb_array_length(answers) = @place
    returning run_id, user_id, mission_id, agent_id, model
),
used as (
    insert into mana_ai.token_usage (run_id, user_id, mission_id, agent_id, model, prompt_tokens, completion_tokens,
                                     is_estimate)
    select run_id, user_id, mission_id, agent_id, model, @prompt_tokens, @completion_tokens, @is_estimate from kept
)
select run_id from kept
 union all
select run_id from mana_ai.runs
 where run_id = @run and epoch = @epoch and owner = @node and closed_at is null and jsonb_array_length(answers) > @place

-- name: CountCalls
-- The same as CountCall for several runs.
update mana_ai.runs r
   set calls = r.calls + 1, model = a.model, prompt_version = a.prompt_version, tools_hash = a.tools_hash,
       reserved_tokens = a.estimate, last_refusal = coalesce(a.refusal, r.last_refusal)
  from unnest(@runs::bigint[], @epochs::bigint[], @models::text[], @prompt_versions::text[], @tools_hashes::text[],
              @calls_maxes::int[], @estimates::bigint[], @refusals::text[])
       as a (run, epoch, model, prompt_version, tools_hash, calls_max, estimate, refusal)
 where r.run_id = a.run and r.epoch = a.epoch and r.owner = @node and r.closed_at is null and r.calls < a.calls_max
returning r.run_id, r.epoch

-- name: KeepAnswers
-- The same as KeepAnswer for several runs; an answer that is kept already has no row.
with kept as (
    update mana_ai.runs r
       set answers = r.answers || a.answer, prompt_tokens = r.prompt_tokens + a.prompt_tokens,
           completion_tokens = r.completion_tokens + a.completion_tokens, reserved_tokens = 0,
           calls_ms = r.calls_ms + a.call_ms
      from unnest(@runs::bigint[], @epochs::bigint[], @places::int[], @answers::jsonb[], @prompt_tokens::bigint[],
                  @completion_tokens::bigint[], @are_estimates::bool[], @calls_ms::bigint[])
           as a (run, epoch, place, answer, prompt_tokens, completion_tokens, is_estimate, call_ms)
     where r.run_id = a.run and r.epoch = a.epoch and r.owner = @node and r.closed_at is null
       and jsonb_array_length(r.answers) = a.place
    returning r.run_id, r.epoch, r.user_id, r.mission_id, r.agent_id, r.model,
              a.prompt_tokens, a.completion_tokens, a.is_estimate
),
used as (
    insert into mana_ai.token_usage (run_id, user_id, mission_id, agent_id, model, prompt_tokens, completion_tokens,
                                     is_estimate)
    select run_id, user_id, mission_id, agent_id, model, prompt_tokens, completion_tokens, is_estimate from kept
)
select run_id, epoch from kept

-- name: WakeBudgetWaiters
-- A reservation was settled: who waited for it may ask again. The user is locked before his runs, as everywhere.
with locked as materialized (
    select user_id from mana_ai.users where user_id = @user for update
),
woken as (
    update mana_ai.runs set claimable_at = clock_timestamp()
     where user_id in (select user_id from locked) and verdict is null and waits_for = 'budget' and lease_until is null
       and claimable_at > clock_timestamp()
    returning user_id
)
update mana_ai.users set ready_at = clock_timestamp() where user_id in (select user_id from woken)
