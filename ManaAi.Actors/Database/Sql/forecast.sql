-- name: BeginForecast
-- What counts ahead writes nothing: the database itself refuses it from here on.
select set_config('transaction_read_only', 'on', true)

-- name: ForecastHistory
-- Reruns of a claim count from the last one: that is what a planner was busy with.
select count(*) filter (where prompt_tokens + completion_tokens > 0),
       coalesce(sum(prompt_tokens + completion_tokens), 0)::bigint,
       count(*) filter (where verdict in ('planned', 'empty') and claimed_at is not null),
       coalesce(extract(epoch from sum(closed_at - claimed_at) filter (where verdict in ('planned', 'empty'))), 0)::float8,
       (select read_at from mana_ai.cursor),
       (select generation from mana_ai.cursor)
  from mana_ai.runs
 where verdict is not null and closed_at > now() - @history::interval

-- name: ForecastMissions
-- Only what a schedule depends on leaves the record, which can be large. The cost of a run comes from the nearest
-- history: the mission's own, else that of its agent's missions, else of its user's. The share of the spread
-- is that of OpenDue. In the order of the primary key's first column, so that the reader keeps one user at a time.
with used as materialized (
    select user_id, mission_id, count(*) as runs, sum(prompt_tokens + completion_tokens) as tokens
      from mana_ai.runs
     where verdict is not null and closed_at > now() - @history::interval and prompt_tokens + completion_tokens > 0
     group by user_id, mission_id
),
used_by_agent as materialized (
    select m.user_id, m.agent_id, sum(u.runs) as runs, sum(u.tokens) as tokens
      from used u
      join mana_ai.missions m using (user_id, mission_id)
     where m.agent_id is not null
     group by m.user_id, m.agent_id
),
used_by_user as materialized (
    select user_id, sum(runs) as runs, sum(tokens) as tokens from used group by user_id
),
paused as materialized (
    select user_id, mission_id, until from mana_ai.pauses where until is null or until > now()
)
select m.user_id, m.record -> 'cadence', m.record ->> 'timeZone', m.next_run_at,
       mana_ai.is_cadence_newer(m.record, m.field_times, @is_generation_one),
       coalesce(run.verdict <> 'superseded', false), run.verdict is null and run.claimed_at is not null,
       coalesce(run.verdict is null and run.priority = 0, false),
       greatest(case when whole.user_id is not null then coalesce(whole.until, 'infinity') end,
                case when users.user_id is not null then coalesce(users.until, 'infinity') end,
                case when own.user_id is not null then coalesce(own.until, 'infinity') end),
       ((hashtext(m.user_id || '/' || m.mission_id)::bigint & 65535) / 65536.0)::float8,
       a.agent_id, a.state, a.max_tokens_per_day,
       u.runs, u.tokens::float8, ua.runs::bigint, ua.tokens::float8, uu.runs::bigint, uu.tokens::float8
  from mana_ai.missions m
  left join lateral (select * from mana_ai.runs r
                      where (r.user_id, r.mission_id, r.due_at) = (m.user_id, m.mission_id, m.next_run_at)
                        and m.next_run_at <= @begin offset 0) run on true
  left join mana_ai.agents a on (a.user_id, a.agent_id) = (m.user_id, m.agent_id) and not a.deleted
  left join used u on (u.user_id, u.mission_id) = (m.user_id, m.mission_id)
  left join used_by_agent ua on (ua.user_id, ua.agent_id) = (m.user_id, m.agent_id)
  left join used_by_user uu on uu.user_id = m.user_id
  left join paused whole on whole.user_id = ''
  left join paused users on users.user_id = m.user_id and users.mission_id = ''
  left join paused own on (own.user_id, own.mission_id) = (m.user_id, m.mission_id)
 where m.state = 'active' and not m.deleted and m.obstacle is null and (m.next_run_at is not null or m.needs_schedule)
 order by m.user_id
