-- name: FindMission
select record, field_times, state, next_run_at, obstacle, running_until, deleted, clock_timestamp(),
       mana_ai.is_cadence_newer(record, field_times, (select generation = 1 from mana_ai.cursor))
  from mana_ai.missions
 where user_id = @user and mission_id = @mission

-- name: RunsOfMission
-- The newest first.
select run_id, due_at, kind, verdict, reason, detail, attempts, calls, missed, waits_for, last_error, claimable_at,
       owner, claimed_at, closed_at, prompt_tokens, completion_tokens, iteration_id, agent_id,
       model, calls_ms, periods, opened_at, lease_until, retry_of
  from mana_ai.runs
 where user_id = @user and mission_id = @mission
 order by due_at desc, run_id desc
 limit @runs_max

-- name: FindAgent
-- As the claim reads it.
select record from mana_ai.agents
 where user_id = @user and agent_id = @agent and not deleted
