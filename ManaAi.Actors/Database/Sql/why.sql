-- name: WhyMission
-- The agent counts as the claim counts it.
select m.record, m.state, m.next_run_at, m.obstacle, m.running_until, m.deleted, m.needs_schedule, m.newer_schema,
       a.agent_id, a.state, greatest(a.max_concurrent_missions, 1), a.max_tokens_per_day,
       (select count(*) from mana_ai.runs h
         where h.user_id = m.user_id and h.verdict is null and h.lease_until >= now()),
       (select count(*) from mana_ai.runs h
         where h.user_id = m.user_id and h.agent_id = a.agent_id and h.verdict is null and h.lease_until >= now()),
       now(), mana_ai.is_cadence_newer(m.record, m.field_times, (select generation = 1 from mana_ai.cursor))
  from mana_ai.missions m
  left join mana_ai.agents a on (a.user_id, a.agent_id) = (m.user_id, m.agent_id) and not a.deleted
 where m.user_id = @user and m.mission_id = @mission

-- name: WhyRuns
-- The open one, that of nextRunAt, the last that was closed, and the last that was planned at all.
select r.run_id, r.due_at, r.kind, r.verdict, r.reason, r.detail, r.attempts, r.calls, r.missed, r.waits_for, r.last_error,
       r.claimable_at, r.owner, r.claimed_at, r.closed_at, r.prompt_tokens, r.completion_tokens, r.iteration_id, r.agent_id,
       r.model, r.calls_ms, r.periods, r.opened_at, r.lease_until, r.retry_of, r.rate_limited_since, r.priority = 0
  from mana_ai.runs r
 where r.user_id = @user and r.mission_id = @mission
   and (r.verdict is null
        or r.due_at = @next_run_at::timestamptz
        or r.run_id = (select l.run_id from mana_ai.runs l
                        where l.user_id = @user and l.mission_id = @mission and l.verdict is not null
                        order by l.closed_at desc, l.run_id desc limit 1)
        or r.run_id = (select l.run_id from mana_ai.runs l
                        where l.user_id = @user and l.mission_id = @mission and l.verdict in ('planned', 'empty', 'failed')
                        order by l.closed_at desc, l.run_id desc limit 1))

-- name: WhyPauses
select user_id, mission_id, reason, paused_at, until from mana_ai.pauses
 where user_id in ('', @user) and mission_id in ('', @mission) and (until is null or until > clock_timestamp())
 order by user_id, mission_id
