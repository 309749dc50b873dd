-- name: PulseRuns
-- Open runs by what becomes of them, from partial indexes alone: they cost what is open, whatever the ledger's length.
-- A run can be claimed as ClaimableRuns says; pauses are few, so they are joined and not asked for each run.
select now(),
       count(*) filter (where r.lease_until >= now()),
       count(*) filter (where c.is_claimable),
       count(*),
       min(greatest(r.claimable_at, r.due_at, r.lease_until)) filter (where c.is_claimable)
  from mana_ai.runs r
  left join mana_ai.missions m using (user_id, mission_id)
 cross join lateral (
       select coalesce((r.lease_until is null or r.lease_until < now()) and r.claimable_at <= now()
                       and (r.kind = 'manual' or m.next_run_at = r.due_at)
                       and m.state = 'active' and not m.deleted and m.obstacle is null
                       and coalesce(m.running_until, '-infinity') <= now()
                       and not exists (select from mana_ai.pauses p
                                        where p.user_id in ('', r.user_id) and p.mission_id in ('', r.mission_id)
                                          and (p.until is null or p.until > now())), false) as is_claimable) c
 where r.verdict is null

-- name: PulseMinutes
-- How many runs ended in each minute of the last hour, and how.
select date_trunc('minute', closed_at), verdict, count(*)
  from mana_ai.runs
 where verdict is not null and closed_at >= date_trunc('minute', now()) - interval '59 minutes'
 group by 1, 2
 order by 1, 2

-- name: PulseCursor
select c.read_at, c.swept_at,
       (select count(*) from mana_ai.pauses p where p.until is null or p.until > now())
  from mana_ai.cursor c

-- name: FailureCauses
-- By an index that only failures stand in; the last detail of each by one that has them by reason.
select f.reason, f.runs, f.missions, f.last_at, l.detail
  from (select r.reason, count(*) as runs, count(distinct (r.user_id, r.mission_id)) as missions,
               max(r.closed_at) as last_at
          from mana_ai.runs r
         where r.verdict = 'failed' and r.closed_at >= statement_timestamp() - @window::interval
         group by r.reason) f
  left join lateral (select n.detail from mana_ai.runs n
                      where n.reason = f.reason and n.verdict = 'failed' order by n.run_id desc limit 1) l on true
 order by f.runs desc, f.reason

-- name: LastEventsOfRuns
-- What happened last to each of these runs: by an index, one row each.
select e.event_id, e.at, e.kind, e.user_id, e.mission_id, e.run_id, e.due_at, e.epoch, e.node, e.detail
  from unnest(@runs::bigint[]) as asked (run_id)
 cross join lateral (select * from mana_ai.events n where n.run_id = asked.run_id order by n.event_id desc limit 1) e

-- name: LogCursor
-- How far the reading stands behind. The oldest transaction that is open now has the id of xmin, where that is below xmax;
-- below a stored xmax it was open then already.
select clock_timestamp(), c.read_at, c.swept_at, c.generation,
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
       pg_snapshot_xmax(c.snapshot)::text::bigint, pg_snapshot_xmax(c.sweep_snapshot)::text::bigint,
       (select count(*) from mana_ai.folded_changes)
  from mana_ai.cursor c

-- name: LateRows
-- By day of UTC, over all nodes.
select date_trunc('day', t.ended_at, 'UTC'), sum(t.late_rows)::bigint, sum(t.rows_folded)::bigint,
       count(*) filter (where cardinality(t.errors) > 0)
  from mana_ai.ticks t
 where t.ended_at >= date_trunc('day', statement_timestamp(), 'UTC') - interval '6 days'
 group by 1
 order by 1

-- name: FutureRows
-- Rows that say they were written in the time to come: whoever stored them has a wrong clock.
select c.user_id, c.record_id, c.table_name, c.client_id, c.created_at, c.created_at - clock_timestamp()
  from public.sync_changes c
 where c.app_id = 'ai' and c.table_name in ('aiMissions', 'agents')
   and c.created_at > @after
 order by c.created_at desc
 limit @rows_max

-- name: ObstaclesOfMissions
select obstacle, count(*) from mana_ai.missions where obstacle is not null and not deleted group by obstacle order by 2 desc, 1

-- name: WritingTransactions
-- Those that have written, the oldest first: rows that they insert stay unseen until they end. When a session began is
-- told to members of pg_read_all_stats only; how many transactions have begun since is told to everyone.
select a.pid::text, a.usename::text, a.xact_start, age(a.backend_xid)
  from pg_stat_activity a
 where a.datname = current_database() and a.backend_xid is not null and a.pid <> pg_backend_pid()
 union all
select 'prepared', p.owner::text, p.prepared, age(p.transaction)
  from pg_prepared_xacts p
 where p.database = current_database()
 order by 4 desc
 limit @rows_max
