-- name: Usage
-- One pass for all views of it: a row belongs to the set whose columns are not grouped away.
select grouping(d.day, u.user_id, u.agent_id, u.model), d.day, u.user_id, u.agent_id, u.model,
       sum(u.prompt_tokens)::bigint, sum(u.completion_tokens)::bigint, count(*),
       coalesce(sum(u.prompt_tokens + u.completion_tokens) filter (where u.is_estimate), 0)::bigint
  from mana_ai.token_usage u
 cross join lateral (select date_trunc('day', u.used_at, 'UTC') as day) d
 where u.used_at >= @from and u.used_at < @to
 group by grouping sets ((), (d.day), (u.user_id), (u.user_id, u.agent_id), (u.model))
 order by 1, sum(u.prompt_tokens + u.completion_tokens) desc, 2, 3, 4, 5

-- name: UsageOfDay
select coalesce(sum(prompt_tokens + completion_tokens), 0)::bigint,
       (select coalesce(sum(reserved_tokens), 0) from mana_ai.runs where verdict is null and lease_until is not null)::bigint
  from mana_ai.token_usage where used_at > clock_timestamp() - interval '1 day'
