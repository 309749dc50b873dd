-- name: Usage
-- One pass for all views of it: a row belongs to the set whose columns are not grouped away. Of each set the dearest; of
-- what has no agent only the total of its user is asked for. The set of all has a row even where nothing was used.
select s.grouped, s.day, s.user_id, s.agent_id, s.model, s.prompt_tokens, s.completion_tokens, s.calls, s.estimated
  from (select g.*, row_number() over (partition by g.grouped
                                       order by g.prompt_tokens + g.completion_tokens desc, g.day, g.user_id, g.agent_id,
                                                g.model) as place
          from (select grouping(d.day, u.user_id, u.agent_id, u.model) as grouped, d.day, u.user_id, u.agent_id, u.model,
                       coalesce(sum(u.prompt_tokens), 0)::bigint as prompt_tokens,
                       coalesce(sum(u.completion_tokens), 0)::bigint as completion_tokens,
                       count(*) as calls,
                       coalesce(sum(u.prompt_tokens + u.completion_tokens) filter (where u.is_estimate), 0)::bigint as estimated
                  from mana_ai.token_usage u
                 cross join lateral (select date_trunc('day', u.used_at, 'UTC') as day) d
                 where u.used_at >= @from and u.used_at < @to
                 group by grouping sets ((), (d.day), (u.user_id), (u.user_id, u.agent_id), (u.model))) g
         where g.grouped <> 9 or g.agent_id is not null) s
 where s.place <= @rows_max
 order by s.grouped, s.place

-- name: UsageOfDay
select coalesce(sum(prompt_tokens + completion_tokens), 0)::bigint,
       (select coalesce(sum(reserved_tokens), 0) from mana_ai.runs where verdict is null and lease_until is not null)::bigint
  from mana_ai.token_usage where used_at > statement_timestamp() - interval '1 day'
